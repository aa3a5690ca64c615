//! API keys and usage plans: bodies, patches and files.
#![allow(clippy::unwrap_used, reason = "tests")]

use gw_model::{ApiKey, PlanStage, PlanThrottle, Quota, QuotaPeriod, UsagePlan};
use gw_wire::{
    FaultKind, FromBody as _,
    aws::{ApiKeyFile, CreateApiKey, CreateUsagePlan, CreateUsagePlanKey},
    patch::{Op, PatchOperation, patch_api_key, patch_usage_plan},
};
use proptest::prelude::*;

const A: Op = Op::Add;
const R: Op = Op::Replace;
const D: Op = Op::Remove;

type Given<'a> = (Op, &'a str, Option<&'a str>);

fn operations(given: &[Given<'_>]) -> Vec<PatchOperation> {
    given.iter().map(|(op, path, value)| PatchOperation::new(*op, path, *value)).collect()
}

#[test]
fn bodies_of_keys() {
    let input = CreateApiKey::parse(
        br#"{"name":"","enabled":true,"generateDistinctId":false,"customerId":"c","unknown":1,
            "stageKeys":[{"restApiId":"a","stageName":"b"},{"restApiId":"a","stageName":"b"}]}"#,
    )
    .unwrap();
    let declared = input.declared();
    assert_eq!((declared.name, declared.enabled), (None, true));
    assert_eq!((declared.stage_keys, declared.customer_id), (vec!["a/b".into()], Some("c".into())));
    assert!(!CreateApiKey::parse(b"{}").unwrap().declared().enabled);
    for (body, message) in [
        (r#"{"name":1}"#, "TruncatingBigNumber can not be converted to an String"),
        (r#"{"enabled":"true"}"#, "class java.lang.String can not be converted to an Boolean"),
        (r#"{"stageKeys":{}}"#, "Expected list or null"),
        (r#"{"stageKeys":[1]}"#, "Start of structure or map expected"),
        (r#"{"tags":{"a":1}}"#, "can not be converted to an String"),
        ("[]", "Expected a JSON object"),
    ] {
        let fault = CreateApiKey::parse(body.as_bytes()).unwrap_err();
        assert_eq!(fault.kind, FaultKind::Serialization, "{body}");
        assert!(fault.message.contains(message), "{body}: {}", fault.message);
    }
}

#[test]
fn bodies_of_plans() {
    let input = CreateUsagePlan::parse(
        br#"{"name":"p","description":"","apiStages":[
              {"apiId":"a","stage":"s","throttle":{"/pets/GET":{"rateLimit":2.5}}}],
            "throttle":{"burstLimit":5,"rateLimit":1},
            "quota":{"limit":10,"period":"WEEK","offset":3}}"#,
    )
    .unwrap();
    let rate = PlanThrottle { burst_limit: 0, rate_limit: 2.5 };
    let stage = PlanStage {
        api: "a".into(),
        stage: "s".into(),
        throttle: [("/pets/GET".to_owned(), rate)].into(),
    };
    let expected = UsagePlan {
        name: "p".to_owned(),
        description: None,
        api_stages: vec![stage],
        throttle: Some(PlanThrottle { burst_limit: 5, rate_limit: 1.0 }),
        quota: Some(Quota { limit: 10, offset: 3, period: QuotaPeriod::Week }),
        product_code: None,
    };
    assert_eq!(input.plan, expected);
    use FaultKind::{BadRequest, Serialization, Validation};
    for (body, kind, message) in [
        ("{}", Validation, "Value null at 'createUsagePlanInput.name'"),
        (
            r#"{"name":"p","quota":{"limit":1,"period":"YEAR"}}"#,
            Validation,
            "Value 'YEAR' at 'createUsagePlanInput.quota.period' failed to satisfy constraint: \
             Member must satisfy enum value set: [WEEK, DAY, MONTH]",
        ),
        (r#"{"name":"p","quota":{"limit":1}}"#, Validation, "createUsagePlanInput.quota.period"),
        (r#"{"name":"p","apiStages":[{"apiId":"a"}]}"#, BadRequest, "Invalid API Stage specified"),
        (r#"{"name":"p","apiStages":[{"apiId":"","stage":"s"}]}"#, BadRequest, "Invalid API Stage"),
        (r#"{"name":"p","throttle":{"burstLimit":"1"}}"#, Serialization, "java.lang.String"),
        (r#"{"name":"p","throttle":{"burstLimit":99999999999}}"#, BadRequest, "burstLimit"),
        (r#"{"name":"p","throttle":[]}"#, Serialization, "Start of structure or map expected"),
        (r#"{"name":"p","apiStages":"a:s"}"#, Serialization, "Expected list or null"),
    ] {
        let fault = CreateUsagePlan::parse(body.as_bytes()).unwrap_err();
        assert_eq!(fault.kind, kind, "{body}: {}", fault.message);
        assert!(fault.message.contains(message), "{body}: {}", fault.message);
    }

    let fault = CreateUsagePlanKey::parse(b"{}").unwrap_err();
    assert!(fault.message.starts_with("2 validation errors detected"), "{}", fault.message);
    let other = CreateUsagePlanKey::parse(br#"{"keyId":"k","keyType":"X"}"#).unwrap();
    let message = "Invalid key type specified: X. Must be one of: [API_KEY]";
    assert_eq!(other.check().unwrap_err().message, message);
}

#[test]
fn patches_of_keys() {
    let mut key = ApiKey::default();
    let given = operations(&[
        (R, "/name", Some("n")),
        (R, "/description", Some("d")),
        (R, "/customerId", Some("c")),
        (R, "/enabled", Some("true")),
        (A, "/labels", Some("l")),
        (A, "/labels", Some("l")),
        (A, "/stages", Some("api/stage")),
        (A, "/stages", Some("api/other")),
        (D, "/stages", Some("api/stage")),
    ]);
    patch_api_key(&mut key, &given).unwrap();
    let expected = ApiKey {
        name: Some("n".to_owned()),
        description: Some("d".to_owned()),
        enabled: true,
        customer_id: Some("c".to_owned()),
        stage_keys: vec!["api/other".to_owned()],
        labels: vec!["l".to_owned()],
    };
    assert_eq!(key, expected);
    patch_api_key(&mut key, &operations(&[(R, "/enabled", Some("yes")), (R, "/name", None)]))
        .unwrap();
    assert_eq!((key.enabled, key.name.clone()), (false, None));

    let long = "x".repeat(1025);
    for (given, kind, message) in [
        (
            (R, "/value", Some("x")),
            FaultKind::BadRequest,
            "Invalid patch path  '/value' specified for op 'replace'. Must be one of: \
             [/customerId, /description, /enabled, /name]",
        ),
        (
            (A, "/name", Some("x")),
            FaultKind::BadRequest,
            "Invalid patch path  '/name' specified for op 'add'. Please choose supported operations",
        ),
        (
            (R, "/name", Some(long.as_str())),
            FaultKind::BadRequest,
            "Invalid API Key name, can be at most 1024 characters.",
        ),
        ((D, "/labels", Some("none")), FaultKind::NotFound, "Invalid label specified: none"),
        ((D, "/stages", Some("a/b")), FaultKind::NotFound, "Invalid stage specified: a/b"),
        (
            (A, "/stages", Some("a")),
            FaultKind::BadRequest,
            "Invalid stage specified: a. It must be {restApiId}/{stageName}",
        ),
        ((A, "/labels", None), FaultKind::BadRequest, "Invalid null or empty label specified"),
    ] {
        let fault = patch_api_key(&mut key.clone(), &operations(&[given])).unwrap_err();
        assert_eq!((fault.kind, fault.message.as_str()), (kind, message), "{given:?}");
    }
}

fn plan() -> UsagePlan {
    let stage = PlanStage { api: "a".into(), stage: "s".into(), throttle: Default::default() };
    UsagePlan { name: "p".to_owned(), api_stages: vec![stage], ..UsagePlan::default() }
}

#[test]
fn patches_of_plans() {
    let mut patched = plan();
    let given = operations(&[
        (R, "/name", Some("q")),
        (R, "/description", Some("d")),
        (A, "/productCode", Some("c")),
        (A, "/apiStages", Some("b:t")),
        (D, "/apiStages", Some("a:s")),
        (A, "/quota/limit", Some("10")),
        (R, "/quota/offset", Some("2")),
        (R, "/quota/period", Some("MONTH")),
        (A, "/throttle/burstLimit", Some("5")),
        (R, "/throttle/rateLimit", Some("2.5")),
        (A, "/apiStages/b:t/throttle", Some(r#"{"/x/GET":{"burstLimit":1,"rateLimit":1}}"#)),
        (R, "/apiStages/b:t/throttle/~1pets~1{id}/GET/rateLimit", Some("3")),
        (R, "/apiStages/b:t/throttle//pets/{id}/GET/burstLimit", Some("4")),
        (A, "/apiStages/b:t/throttle/pets/POST/rateLimit", Some("1")),
        (D, "/apiStages/b:t/throttle/~1pets/POST", None),
        (D, "/apiStages/b:t/throttle/~1x/GET", None),
        (A, "/apiStages/b:t/throttle/*/*/rateLimit", Some("7")),
    ]);
    patch_usage_plan(&mut patched, &given).unwrap();
    let rates = [
        ("/*/*".to_owned(), PlanThrottle { burst_limit: 0, rate_limit: 7.0 }),
        ("/pets/{id}/GET".to_owned(), PlanThrottle { burst_limit: 4, rate_limit: 3.0 }),
    ];
    let expected = UsagePlan {
        name: "q".to_owned(),
        description: Some("d".to_owned()),
        api_stages: vec![PlanStage { api: "b".into(), stage: "t".into(), throttle: rates.into() }],
        throttle: Some(PlanThrottle { burst_limit: 5, rate_limit: 2.5 }),
        quota: Some(Quota { limit: 10, offset: 2, period: QuotaPeriod::Month }),
        product_code: Some("c".to_owned()),
    };
    assert_eq!(patched, expected);
    let gone = operations(&[
        (D, "/quota", None),
        (D, "/throttle", None),
        (D, "/productCode", None),
        (D, "/apiStages/b:t/throttle", None),
        (R, "/description", None),
        (A, "/apiStages", Some("a:s")),
        (D, "/apiStages", Some("b:t")),
        (R, "/name", Some("p")),
    ]);
    patch_usage_plan(&mut patched, &gone).unwrap();
    assert_eq!(patched, plan());
}

#[test]
fn refused_patches_of_plans() {
    use FaultKind::{BadRequest, Conflict, NotFound};
    let stage = "Invalid API Stage specified";
    for (given, kind, message) in [
        (
            // Recorded from AWS.
            (D, "/apiStages/a:s", None),
            BadRequest,
            "Invalid patch path  '/apiStages/a:s' specified for op 'remove'. Must be one of: \
             [/apiStages, /quota, /throttle, /productCode, \
             /apiStages/<apidId:stageName>/throttle/<resourcePath>/<httpMethod>, \
             /apiStages/<apidId:stageName>/throttle]",
        ),
        ((D, "/apiStages", None), BadRequest, stage),
        ((D, "/apiStages", Some("a:other")), BadRequest, stage),
        ((A, "/apiStages", Some("a")), BadRequest, stage),
        ((A, "/apiStages", Some(":s")), BadRequest, stage),
        ((A, "/apiStages", Some("a:s:x")), BadRequest, stage),
        (
            (A, "/apiStages", Some("a:s")),
            Conflict,
            "API Stage a:s is already associated with this Usage Plan",
        ),
        (
            (A, "/quota/limit", Some("5")),
            BadRequest,
            "Invalid Usage Plan quota specified. It must have a limit and a period",
        ),
        (
            (R, "/quota/limit", Some("many")),
            BadRequest,
            "Invalid value 'many' specified for path '/quota/limit'. Must be a number",
        ),
        (
            (R, "/quota/period", Some("YEAR")),
            BadRequest,
            "Invalid value 'YEAR' specified for path '/quota/period'. Must be one of: \
             [WEEK, DAY, MONTH]",
        ),
        ((R, "/name", None), BadRequest, "Usage Plan name must be non-empty"),
        (
            (R, "/throttle/rateLimit", Some("-1")),
            BadRequest,
            "Usage Plan throttle rate limit must not be negative",
        ),
        (
            (R, "/throttle/rateLimit", Some("NaN")),
            BadRequest,
            "Usage Plan throttle rate limit must not be negative",
        ),
        (
            (R, "/apiStages/a:s/throttle", Some("[]")),
            BadRequest,
            "Invalid throttle specified: []. It must be a JSON map",
        ),
        (
            (R, "/apiStages/a:s/throttle", Some(r#"{},"x":1"#)),
            BadRequest,
            "Invalid throttle specified: {},\"x\":1. It must be a JSON map",
        ),
        (
            (R, "/apiStages/a:s/throttle/pets/FETCH/rateLimit", Some("1")),
            BadRequest,
            "Invalid throttle key specified: /pets/FETCH. It must be a resource path and a \
             method, such as /pets/GET",
        ),
        ((D, "/apiStages/a:s/throttle/~1x/GET", None), NotFound, "Invalid throttle key specified"),
        ((D, "/apiStages/b:t/throttle", None), BadRequest, stage),
    ] {
        let mut untouched = plan();
        let fault = patch_usage_plan(&mut untouched, &operations(&[given])).unwrap_err();
        assert_eq!((fault.kind, fault.message.as_str()), (kind, message), "{given:?}");
    }
    for (op, path) in [
        (R, "/apiStages"),
        (R, "/nothing"),
        (A, "/name"),
        (D, "/name"),
        (R, "/quota"),
        (R, "/apiStages/a:s/throttle/rateLimit"),
        (R, "/apiStages/a:s/other"),
        (Op::Move, "/name"),
        (Op::Copy, "/apiStages/a:s/throttle"),
    ] {
        let fault = patch_usage_plan(&mut plan(), &operations(&[(op, path, Some("x"))]));
        let start = format!("Invalid patch path  '{path}' specified for op '{op}'. ");
        let message = fault.unwrap_err().message;
        assert!(message.starts_with(&start), "{message}");
    }
}

#[test]
fn files_of_keys() {
    let file = "\u{feff}Name,key,description,Enabled,usageplanIds,other\r\n\
                One,aaaaaaaaaaaaaaaaaaaa,An imported key,TRUE,c7y23b,x\r\n\
                \r\n\
                \"Two, \"\"quoted\"\"\",bbbbbbbbbbbbbbbbbbbb,\"two\nlines\",false,\"c7y23b, glvrsr\"\n\
                Three,cccccccccccccccccccc,,,'x,y',\n\
                Four,dddddddddddddddddddd,,maybe\n\
                It's,eeeeeeeeeeeeeeeeeeee";
    let file = ApiKeyFile::parse(file.as_bytes()).unwrap();
    let plans = |ids: &[&str]| Some(ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>());
    let found: Vec<_> = file
        .keys
        .iter()
        .map(|key| {
            let definition = &key.definition;
            let texts = (definition.name.as_deref(), definition.description.as_deref());
            (key.line, texts, definition.enabled, key.plans.clone())
        })
        .collect();
    let expected = [
        (2, (Some("One"), Some("An imported key")), true, plans(&["c7y23b"])),
        (4, (Some("Two, \"quoted\""), Some("two\nlines")), false, plans(&["c7y23b", "glvrsr"])),
        (6, (Some("Three"), None), true, plans(&["x", "y"])),
        (8, (Some("It's"), None), true, plans(&[])),
    ];
    assert_eq!(found, expected);
    assert_eq!(file.keys[1].value, "bbbbbbbbbbbbbbbbbbbb");
    assert_eq!(file.warnings, ["Line 7: Invalid value for Enabled specified: maybe"]);

    let short = ApiKeyFile::parse(b"Key,name\napikey1234abcdefghij0123456789,MyFirstApiKey\n");
    let short = short.unwrap();
    assert_eq!((short.keys.len(), short.keys[0].plans.clone()), (1, None));
    assert!(short.keys[0].definition.enabled);

    for (file, message) in [
        ("", "it is empty"),
        ("\n\n", "it is empty"),
        ("name,description\na,b", "the columns Name and Key are required"),
        ("name,key,KEY\na,b,c", "the column KEY appears more than once"),
        ("name,key\n\"a,b", "a quoted text on line 2 does not end"),
    ] {
        let fault = ApiKeyFile::parse(file.as_bytes()).unwrap_err();
        assert_eq!(fault.message, format!("Invalid API Key file: {message}"));
    }
    assert!(ApiKeyFile::parse(b"name,key\n\xff").is_err());
}

proptest! {
    #[test]
    fn no_file_is_too_odd(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = ApiKeyFile::parse(&bytes);
        let _ = ApiKeyFile::parse(&[b"name,key,usageplanids\n", &*bytes].concat());
    }

    #[test]
    fn no_patch_is_too_odd(
        op in 0_usize..6,
        path in "(/(apiStages|throttle|quota|a:s|~1x|GET|rateLimit|limit|)){0,6}",
        value in proptest::option::of("[a-z0-9:{}\"/.-]{0,12}"),
    ) {
        let given = [PatchOperation::new(Op::ALL[op], &path, value.as_deref())];
        let mut patched = plan();
        if patch_usage_plan(&mut patched, &given).is_ok() {
            prop_assert!(patched.check().is_ok());
        }
        let _ = patch_api_key(&mut ApiKey::default(), &given);
    }
}
