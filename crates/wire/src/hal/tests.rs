//! Against answers as AWS's reference prints them.

use super::*;

#[test]
fn who_is_answered_in_hal() {
    for (accept, hal) in [
        (&[][..], true),
        (&["application/json"], false),
        (&["application/hal+json"], true),
        (&["*/*"], false),
        (&["application/hal+json, application/json"], false),
        (&["application/json;q=0.5, application/hal+json"], true),
        (&["application/json", "application/hal+json;q=0.9"], false),
        (&["Application/HAL+JSON; charset=utf-8"], true),
        (&["text/html, */*;q=0.8"], false),
        (&["application/yaml"], false),
        (&["application/hal+json;q=0"], false),
        (&[""], true),
    ] {
        assert_eq!(is_asked_for(accept.iter().copied()), hal, "{accept:?}");
    }
}

#[test]
fn a_certificate_as_aws_prints_it() {
    let plain = json!({
        "clientCertificateId": "9ao60f", "description": "my-second-client-cert",
        "pemEncodedCertificate": "x", "createdDate": 1_466_029_993, "expirationDate": 1_497_565_993,
    });
    let expected = json!({
        "_links": {
            "curies": {
                "href": "https://docs.aws.amazon.com/apigateway/latest/developerguide/restapi-clientcertificate-{rel}.html",
                "name": "clientcertificate",
                "templated": true
            },
            "self": {"href": "/clientcertificates/9ao60f"},
            "clientcertificate:delete": {"href": "/clientcertificates/9ao60f"},
            "clientcertificate:update": {"href": "/clientcertificates/9ao60f"}
        },
        "clientCertificateId": "9ao60f",
        "createdDate": "2016-06-15T22:33:13Z",
        "description": "my-second-client-cert",
        "expirationDate": "2017-06-15T22:33:13Z",
        "pemEncodedCertificate": "x"
    });
    let of = |method, path| render(method, path, &plain).unwrap();
    assert_eq!(of("POST", "/clientcertificates"), expected);
    // In this very order.
    assert_eq!(of("GET", "/clientcertificates/9ao60f").to_string(), expected.to_string());
}

#[test]
fn lists_embed_one_as_itself_and_more_as_an_array() {
    let item = |id: &str| json!({"id": id, "name": "n", "enabled": true});
    let one = render("GET", "/apikeys?limit=1", &json!({"item": [item("a")], "position": "p"}));
    let one = one.unwrap();
    assert_eq!(one["_links"]["self"]["href"], "/apikeys?limit=1");
    assert_eq!(one["_links"]["next"]["href"], "/apikeys?limit=1&position=p");
    assert_eq!(one["_links"]["item"]["href"], "/apikeys/a");
    assert_eq!(one["_links"]["apikey:by-key"]["templated"], true);
    assert_eq!(one["_embedded"]["item"]["id"], "a");
    assert_eq!(one["_embedded"]["item"]["_links"]["apikey:delete"]["href"], "/apikeys/a");
    assert!(one["_embedded"]["item"]["_links"].get("curies").is_none());
    let two = render("GET", "/apikeys", &json!({"item": [item("a"), item("b")]})).unwrap();
    assert_eq!(two["_embedded"]["item"].as_array().unwrap().len(), 2);
    assert_eq!(two["_links"]["item"][1]["href"], "/apikeys/b");
    let none = render("GET", "/apikeys", &json!({"item": []})).unwrap();
    assert!(none.get("_embedded").is_none() && none["_links"].get("item").is_none());
}

#[test]
fn an_api_links_to_its_parts() {
    let plain = json!({"id": "fugvjdxtri", "name": "n", "rootResourceId": "3kzxbg5sa2"});
    let api = render("POST", "/restapis", &plain).unwrap();
    let links = &api["_links"];
    assert_eq!(links["self"]["href"], "/restapis/fugvjdxtri");
    assert_eq!(links["resource:create"]["href"], "/restapis/fugvjdxtri/resources/3kzxbg5sa2");
    assert_eq!(
        links["restapi:resources"],
        json!({"href": "/restapis/fugvjdxtri/resources{?limit,embed}", "templated": true})
    );
    assert!(links["curies"].as_array().unwrap().iter().any(|curie| curie["name"] == "stage"));
}

#[test]
fn resources_embed_their_methods_and_those_their_integrations() {
    let plain = json!({
        "id": "abc123", "path": "/pets", "parentId": "root",
        "resourceMethods": {
            "GET": {
                "httpMethod": "GET", "authorizationType": "NONE",
                "methodResponses": {"200": {"statusCode": "200"}},
                "methodIntegration": {
                    "type": "MOCK", "integrationResponses": {"200": {"statusCode": "200"}}
                }
            },
            "PUT": {}
        }
    });
    let own = "/restapis/a/resources/abc123";
    let hal = render("GET", &format!("{own}?embed=methods"), &plain).unwrap();
    let names: Vec<_> = hal["_links"]["resource:methods"].as_array().unwrap().iter().collect();
    assert_eq!(
        names[1],
        &json!({"href": format!("{own}/methods/PUT"), "name": "PUT", "title": "PUT"})
    );
    // Only what was asked for whole is embedded.
    let method = &hal["_embedded"]["resource:methods"];
    assert_eq!(method["httpMethod"], "GET");
    assert_eq!(method["_links"]["self"]["title"], "GET");
    assert_eq!(
        method["_links"]["method:integration"]["href"],
        format!("{own}/methods/GET/integration")
    );
    let integration = &method["_embedded"]["method:integration"];
    assert_eq!(integration["type"], "MOCK");
    assert_eq!(
        integration["_links"]["integration:responses"]["href"],
        format!("{own}/methods/GET/integration/responses/200")
    );
    assert_eq!(method["_embedded"]["method:responses"]["statusCode"], "200");
    let curies: Vec<_> =
        hal["_links"]["curies"].as_array().unwrap().iter().map(|c| c["name"].clone()).collect();
    assert_eq!(
        curies,
        ["integration", "integrationresponse", "method", "methodresponse", "resource"]
    );
}

#[test]
fn a_creation_names_itself_and_a_child_is_not_its_parent() {
    let made = json!({"id": "child1", "parentId": "root12", "path": "/a", "pathPart": "a"});
    let hal = render("POST", "/restapis/x/resources/root12", &made).unwrap();
    assert_eq!(hal["_links"]["self"]["href"], "/restapis/x/resources/child1");
    let domain = json!({"domainName": "*.example.com"});
    let hal = render("POST", "/domainnames", &domain).unwrap();
    assert_eq!(hal["_links"]["self"]["href"], "/domainnames/*.example.com");
    let deployment = json!({"id": "d", "createdDate": 0});
    let hal = render("GET", "/restapis/x/deployments/d", &deployment).unwrap();
    assert_eq!(hal["_links"]["deployment:stages"]["href"], "/restapis/x/stages{?deployment_id}");
    assert_eq!(hal["createdDate"], "1970-01-01T00:00:00Z");
}

#[test]
fn what_has_no_other_form() {
    let test = json!({"status": 200, "log": "..."});
    assert_eq!(render("POST", "/restapis/x/resources/r/methods/GET", &test), None);
    assert_eq!(render("GET", "/gatewright/v1/fleet", &json!({"nodes": []})), None);
    assert_eq!(render("GET", "/restapis/x/stages/s/exports/oas30", &json!({"openapi": "3"})), None);
    assert_eq!(render("GET", "/nothing", &json!({"item": []})), None);
    assert_eq!(render("GET", "/account", &json!([])), None);
}

mod chance {
    use proptest::prelude::*;

    use super::*;

    /// JSON with members that the table knows, at places where it does not
    /// expect them.
    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[ -~äß/%?]{0,6}".prop_map(Value::from),
        ];
        let name = prop_oneof![
            Just("item".to_owned()),
            Just("id".to_owned()),
            Just("position".to_owned()),
            Just("httpMethod".to_owned()),
            Just("rootResourceId".to_owned()),
            Just("createdDate".to_owned()),
            Just("resourceMethods".to_owned()),
            Just("methodIntegration".to_owned()),
            Just("methodResponses".to_owned()),
            Just("integrationResponses".to_owned()),
            "[a-zA-Z/$]{0,5}",
        ];
        leaf.prop_recursive(5, 40, 6, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((name.clone(), inner), 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn no_answer_is_too_odd(
            kind in 0..KINDS.len(),
            list in any::<bool>(),
            method in prop_oneof![Just("GET"), Just("POST"), Just("PUT"), Just("PATCH")],
            query in "(\\?[a-z=&%]{0,8})?",
            body in json(),
        ) {
            let path = KINDS[kind].path.replace('*', "x%2Fy");
            let end = if list { path.rfind('/').unwrap_or(path.len()) } else { path.len() };
            let target = format!("{}{query}", &path[..end]);
            if let Some(hal) = render(method, &target, &body) {
                prop_assert!(hal["_links"]["self"]["href"].is_string());
                for (name, value) in body.as_object().unwrap() {
                    let kept = hal.get(name).is_some()
                        || name == "item"
                        || KINDS.iter().any(|k| k.embeds.iter().any(|e| e.member == name));
                    prop_assert!(kept, "{name}: {value} is lost");
                }
            }
        }
    }
}
