//! What tools read of functions.

use gw_functions::AliasTarget;
use serde_json::{Value, json};

use crate::support::{Served, refusal, tiny};

async fn served() -> Served {
    let mut function = tiny("f");
    let code = function.versions["$LATEST"].clone();
    for version in ["1", "2"] {
        function.versions.insert(version.into(), code.clone());
    }
    function.description = "a function".into();
    function.reserved_concurrency = Some(4);
    function.environment.insert("K".into(), "v".into());
    let live = AliasTarget { version: "1".into(), weights: [("2".into(), 0.5)].into() };
    function.aliases.insert("live".into(), live);
    function.aliases.insert("*".into(), AliasTarget { version: "2".into(), weights: [].into() });
    Served::of([function, tiny("g")]).await
}

async fn json_of(served: &Served, path: &str) -> Value {
    served.get(path).await.ok().json()
}

#[tokio::test]
async fn functions_are_described_as_they_are() {
    let served = served().await;
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:f";
    let whole = json_of(&served, "/2015-03-31/functions/f").await;
    let configuration = &whole["Configuration"];
    assert_eq!(configuration["FunctionArn"], arn);
    assert_eq!(configuration["Version"], "$LATEST");
    assert_eq!(configuration["Runtime"], "provided.al2023");
    assert_eq!(configuration["Timeout"], 60);
    assert_eq!(configuration["MemorySize"], 128);
    assert_eq!(configuration["Description"], "a function");
    assert_eq!(configuration["State"], "Active");
    assert_eq!(configuration["Environment"], json!({ "Variables": { "K": "v" } }));
    assert_eq!(whole["Concurrency"], json!({ "ReservedConcurrentExecutions": 4 }));
    assert!(whole["Code"]["Location"].as_str().unwrap().starts_with("file:///"));
    let path = "/2015-03-31/functions/f/configuration?Qualifier=1";
    let version = json_of(&served, path).await;
    assert_eq!(
        (&version["Version"], &version["FunctionArn"]),
        (&json!("1"), &json!(format!("{arn}:1")))
    );
    let concurrency = json_of(&served, "/2019-09-30/functions/f/concurrency").await;
    assert_eq!(concurrency, json!({ "ReservedConcurrentExecutions": 4 }));
    assert_eq!(json_of(&served, "/2019-09-30/functions/g/concurrency").await, json!({}));
    served.functions.stop().await;
}

#[tokio::test]
async fn lists_have_pages() {
    let served = served().await;
    let names = |list: &Value, member: &str, key: &str| {
        let all = list[member].as_array().unwrap();
        all.iter().map(|each| each[key].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let all = json_of(&served, "/2015-03-31/functions/").await;
    assert_eq!(names(&all, "Functions", "FunctionName"), ["f", "g"]);
    assert_eq!(all.get("NextMarker"), None);
    let first = json_of(&served, "/2015-03-31/functions?MaxItems=1").await;
    assert_eq!(names(&first, "Functions", "FunctionName"), ["f"]);
    let marker = first["NextMarker"].as_str().unwrap();
    let path = format!("/2015-03-31/functions?MaxItems=1&Marker={marker}");
    let second = json_of(&served, &path).await;
    assert_eq!(names(&second, "Functions", "FunctionName"), ["g"]);
    let every = json_of(&served, "/2015-03-31/functions?FunctionVersion=ALL").await;
    assert_eq!(names(&every, "Functions", "Version").len(), 4);
    let versions = json_of(&served, "/2015-03-31/functions/f/versions").await;
    assert_eq!(names(&versions, "Versions", "Version"), ["$LATEST", "1", "2"]);
    let aliases = json_of(&served, "/2015-03-31/functions/f/aliases").await;
    assert_eq!(names(&aliases, "Aliases", "Name"), ["live"]);
    let weights = json!({ "AdditionalVersionWeights": { "2": 0.5 } });
    assert_eq!(aliases["Aliases"][0]["RoutingConfig"], weights);
    let none = json_of(&served, "/2015-03-31/functions/f/aliases?FunctionVersion=%24LATEST").await;
    assert_eq!(none, json!({ "Aliases": [] }));
    let alias = json_of(&served, "/2015-03-31/functions/f/aliases/live").await;
    assert_eq!(alias["FunctionVersion"], "1");
    served.functions.stop().await;
}

#[tokio::test]
async fn an_alias_with_weights_runs_both_versions() {
    let served = served().await;
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..40 {
        let answer = served.answer("f:live", &json!({})).await.ok();
        seen.insert(answer.header("x-amz-executed-version").unwrap().to_owned());
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["1", "2"]);
    let any = served.answer("f:any-stage", &json!({})).await.ok();
    assert_eq!(any.header("x-amz-executed-version"), Some("2"), "the alias for all others");
    served.functions.stop().await;
}

#[tokio::test]
async fn what_is_not_there_is_refused() {
    let served = served().await;
    let cases = [
        ("/2015-03-31/functions/nope", 404, "ResourceNotFoundException"),
        ("/2015-03-31/functions/nope/configuration", 404, "ResourceNotFoundException"),
        ("/2015-03-31/functions/g?Qualifier=live", 404, "ResourceNotFoundException"),
        ("/2015-03-31/functions/g/aliases/live", 404, "ResourceNotFoundException"),
        ("/2015-03-31/functions/a%20b", 400, "ValidationException"),
        ("/2015-03-31/functions?MaxItems=0", 400, "ValidationException"),
        ("/2015-03-31/functions?Marker=x", 400, "InvalidParameterValueException"),
        ("/2015-03-31/functions?FunctionVersion=NONE", 400, "ValidationException"),
        ("/2015-03-31/functions/f/policy", 404, "UnknownOperationException"),
        ("/", 404, "UnknownOperationException"),
    ];
    for (path, status, kind) in cases {
        let (found, name, _) = refusal(&served.get(path).await);
        assert_eq!((found, name.as_str()), (status, kind), "{path}");
    }
    served.functions.stop().await;
}
