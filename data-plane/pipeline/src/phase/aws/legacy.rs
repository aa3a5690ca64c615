//! Services that integrations call by parameters although their SDKs speak
//! JSON, such as SSM. AWS itself takes the parameters; what stands at a
//! configured endpoint mostly knows the SDKs' JSON alone.

use bytes::Bytes;
use gw_snapshot::{AwsCall, AwsProtocol, AwsTarget, MappedRequest};
use http::{HeaderMap, HeaderValue, header};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use super::request::{Sent, TARGET, fill};
use crate::{ctx::RequestCtx, fetch::Fetched, offload::SMALL, rescue::Refusal};

/// The parameters as a JSON body. `None` if a place of the address has no
/// value. The mapped body is not sent, as at AWS.
pub(super) fn request(target: &AwsTarget, mapped: &MappedRequest) -> Option<Sent> {
    let (AwsCall::Action { name, parameters }, AwsProtocol::Legacy { target, content_type, .. }) =
        (&target.uri.call, target.uri.service.protocol)
    else {
        return None;
    };
    let mut pairs = Vec::new();
    for (name, value) in parameters {
        let value = fill(value, true, mapped)?;
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        pairs.push((decoded(name), decoded(&value)));
    }
    pairs.extend(mapped.query.iter().cloned());
    let mut headers = HeaderMap::new();
    for (name, value) in &mapped.headers {
        headers.append(name, value.clone());
    }
    headers.insert(TARGET, HeaderValue::from_str(&format!("{target}.{name}")).ok()?);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    let body = Bytes::from(members(pairs).to_string());
    Some(Sent { path: "/".to_owned(), headers, body, wants_json: false })
}

/// Parameters as members: `Names.member.1` and so on are a list, and `true` and
/// `false` are no texts.
fn members(pairs: Vec<(String, String)>) -> Value {
    let mut members = Map::new();
    for (name, text) in pairs {
        let value = match text.as_str() {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => Value::String(text),
        };
        match name.split_once(".member.") {
            Some((list, number)) if number.parse::<u16>().is_ok() => {
                let list = members.entry(list).or_insert_with(|| json!([]));
                if let Value::Array(values) = list {
                    values.push(value);
                }
            }
            _ if name == "Version" => {}
            _ => drop(members.insert(name, value)),
        }
    }
    Value::Object(members)
}

/// The answer in the form that parameters are answered in:
/// `{"GetParameterResponse":{"GetParameterResult":...,"ResponseMetadata":...}}`.
pub(super) async fn answer(
    ctx: &RequestCtx<'_>,
    target: &AwsTarget,
    fetched: Fetched,
) -> Result<Fetched, Refusal> {
    let AwsCall::Action { name, .. } = &target.uri.call else { return Ok(fetched) };
    if fetched.body.len() <= SMALL {
        return Ok(wrapped(name, fetched));
    }
    let name = name.clone();
    ctx.core.offload(move || wrapped(&name, fetched)).await
}

fn wrapped(name: &str, mut fetched: Fetched) -> Fetched {
    let Ok(body) = serde_json::from_slice::<Value>(&fetched.body) else { return fetched };
    let id = fetched.headers.get("x-amzn-requestid").and_then(|id| id.to_str().ok());
    let id = id.unwrap_or_default();
    let wrapped = if fetched.status.is_success() {
        json!({format!("{name}Response"): {
            format!("{name}Result"): body,
            "ResponseMetadata": {"RequestId": id},
        }})
    } else {
        let code = body.get("__type").and_then(Value::as_str).unwrap_or("InternalFailure");
        let code = code.rsplit('#').next().unwrap_or(code);
        let message = body.get("message").or_else(|| body.get("Message"));
        let kind = if fetched.status.is_client_error() { "Sender" } else { "Receiver" };
        let error = json!({"Code": code, "Message": message, "Type": kind});
        json!({"Error": error, "RequestId": id})
    };
    fetched.body = wrapped.to_string().into();
    fetched.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    fetched.headers.remove(header::CONTENT_LENGTH);
    fetched
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_as_members() {
        let pairs = [
            ("Name", "/a"),
            ("WithDecryption", "true"),
            ("Names.member.1", "x"),
            ("Names.member.2", "y"),
            ("Version", "2014-11-06"),
            ("a.member.b", "z"),
        ];
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let expected =
            json!({"Name": "/a", "WithDecryption": true, "Names": ["x", "y"], "a.member.b": "z"});
        assert_eq!(members(pairs), expected);
    }
}
