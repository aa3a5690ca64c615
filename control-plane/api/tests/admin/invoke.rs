//! Test calls where there is no node: what is refused before one is asked, and
//! that none is there.

use serde_json::json;

use crate::harness::Admin;

fn owned((status, code, message): (u16, &str, String)) -> (u16, String, String) {
    (status, code.to_owned(), message)
}

#[tokio::test]
async fn calls_are_checked_before_a_node_is_asked() {
    let admin = Admin::start().await;
    let (api, root) = admin.api().await;
    let method =
        |resource: &str, verb: &str| format!("/restapis/{api}/resources/{resource}/methods/{verb}");
    let get = method(&root, "GET");
    let not_found = |what: &str| {
        owned((404, "NotFoundException", format!("Invalid {what} identifier specified")))
    };
    let refused = async |path: &str| owned(admin.send("POST", path, json!({})).await.fault());
    assert_eq!(refused(&get).await, not_found("Method"));
    assert_eq!(refused(&method(&root, "FETCH")).await, not_found("Method"));
    assert_eq!(refused(&method("none", "GET")).await, not_found("Resource"));
    admin
        .send("PUT", &method(&root, "ANY"), json!({"authorizationType": "NONE"}))
        .await
        .expect(201);
    let missing = "No integration defined for method".to_owned();
    // A verb of a resource with ANY is that method's.
    assert_eq!(refused(&get).await, owned((400, "BadRequestException", missing)));
    let integration = format!("{}/integration", method(&root, "ANY"));
    admin.send("PUT", &integration, json!({"type": "MOCK"})).await.expect(201);
    let call = async |input| owned(admin.send("POST", &get, input).await.fault());
    let unknown = call(json!({"clientCertificateId": "none"})).await;
    assert_eq!(unknown, not_found("Client Certificate"));
    for (input, code, message) in [
        (
            json!({"headers": {"a b": "c"}}),
            "BadRequestException",
            "Invalid header name specified: a b",
        ),
        (
            json!({"headers": {"a": "c\n"}}),
            "BadRequestException",
            "Invalid value specified for header: a",
        ),
        (json!({"stageVariables": []}), "SerializationException", "Start of list found"),
        (
            json!({"multiValueHeaders": {"a": "b"}}),
            "SerializationException",
            "Expected list or null",
        ),
        (json!({"pathWithQueryString": 7}), "SerializationException", "can not be converted"),
    ] {
        let (status, kind, text) = call(input).await;
        assert_eq!((status, &*kind), (400, code), "{text}");
        assert!(text.contains(message), "{text}");
    }
    let (status, code, message) = call(json!({"pathWithQueryString": "/?a=b"})).await;
    assert_eq!((status, &*code), (503, "ServiceUnavailableException"));
    assert!(message.contains("no data-plane node is connected"), "{message}");
}
