//! Functions behind methods, and where they are.

use std::{net::SocketAddr, sync::Arc};

use gw_model::{Integration, IntegrationType, Method};
use gw_pipeline::{AwsSettings, Config, Roles};
use gw_snapshot::CompiledStage;
use http::Response;
use http_body_util::Full;
use serde_json::Value;

use super::{Gateway, Log, backend};

/// The function of most tests.
pub const ARN: &str = "arn:aws:lambda:us-east-1:000000000000:function:hello";

/// A method in front of a function.
pub fn function(arn: &str) -> Method {
    let mut integration = Integration::of_kind(IntegrationType::AwsProxy);
    integration.uri = Some(format!(
        "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations"
    ));
    integration.http_method = Some("POST".to_owned());
    Method { integration: Some(integration), ..Method::default() }
}

/// A gateway whose functions are at `address`.
pub async fn gateway(address: SocketAddr, stages: Vec<CompiledStage>) -> Gateway {
    let vars = [("AWS_ENDPOINT_URL_LAMBDA".to_owned(), format!("http://{address}"))];
    let aws = Arc::new(AwsSettings::from_vars(&vars, Roles::default()).unwrap());
    Gateway::with_config(stages, Config { aws, ..Config::default() }).await
}

/// A Lambda that answers every call alike.
pub async fn lambda(answer: &'static str) -> (SocketAddr, Log) {
    backend(move |_| Response::new(Full::from(answer))).await
}

/// Compares key by key, so that a failure names the keys.
pub fn same(event: &Value, wanted: &Value, what: &str) {
    let mut found = Vec::new();
    differ("", event, wanted, &mut found);
    assert!(found.is_empty(), "{what}:\n{}", found.join("\n"));
}

fn differ(at: &str, got: &Value, wanted: &Value, found: &mut Vec<String>) {
    let (Value::Object(left), Value::Object(right)) = (got, wanted) else {
        if got != wanted {
            found.push(format!("{at}: {got}, wanted {wanted}"));
        }
        return;
    };
    for (key, wanted) in right {
        match left.get(key) {
            Some(got) => differ(&format!("{at}.{key}"), got, wanted, found),
            None => found.push(format!("{at}.{key} is missing")),
        }
    }
    let more = left.keys().filter(|key| !right.contains_key(*key));
    found.extend(more.map(|key| format!("{at}.{key} is too much")));
}

/// Objects are merged, all else is replaced.
pub fn merge(into: &mut Value, changes: Value) {
    match (into, changes) {
        (Value::Object(into), Value::Object(changes)) => {
            for (key, value) in changes {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, changes) => *into = changes,
    }
}
