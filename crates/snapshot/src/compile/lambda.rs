//! AWS_PROXY integrations: Lambda functions. The author's mappings and
//! templates have no say over the event; a few headers of the call have.

use http::{HeaderName, header};

use super::Compiler;
use crate::{AwsAddress, AwsCall, AwsUri, Integration, Lambda, Source, api::Headers};

/// What `Invoke` reads: how it is called, whether it tells the end of the
/// function's log, and what it hands to the function beside the event.
const OF_INVOKE: [&str; 3] = ["x-amz-invocation-type", "x-amz-log-type", "x-amz-client-context"];

/// Headers whose mapping AWS refuses when a request comes.
const FORBIDDEN: [&str; 4] =
    ["x-amzn-trace-id", "x-amzn-apigateway-api-id", "keep-alive", "proxy-connection"];

impl Compiler<'_> {
    /// Lambda functions, called with the proxy event.
    pub(super) fn lambda(
        &mut self,
        declared: &gw_model::Integration,
        _place: &str,
    ) -> Result<Integration, Vec<String>> {
        let mut reasons = Vec::new();
        if declared.http_method.as_deref() != Some("POST") {
            let verb = declared.http_method.as_deref().unwrap_or("none");
            reasons.push(format!(
                "functions are called with POST, and the integration's verb is {verb}"
            ));
        }
        let is_streamed = declared.asks_to_stream();
        let address = address(declared, is_streamed, &mut reasons);
        let headers = headers(declared, &mut reasons);
        match address {
            Some(address) if reasons.is_empty() => Ok(Integration::Lambda(Box::new(Lambda {
                address,
                timeout_ms: declared.timeout_ms.max(1),
                is_streamed,
                headers,
            }))),
            _ => Err(reasons),
        }
    }
}

fn address(
    declared: &gw_model::Integration,
    is_streamed: bool,
    reasons: &mut Vec<String>,
) -> Option<AwsAddress> {
    let Some(uri) = declared.uri.as_deref().filter(|uri| !uri.is_empty()) else {
        reasons.push("the integration has no URI".to_owned());
        return None;
    };
    let address = match AwsAddress::compile(uri, declared.credentials.as_deref()) {
        Ok(address) => address,
        Err(errors) => {
            reasons.extend(errors.iter().map(ToString::to_string));
            return None;
        }
    };
    let streams = match &address {
        AwsAddress::Fixed(target) => streams(&target.uri),
        // Stage variables stand in the function's ARN; all around it is told.
        AwsAddress::Variable { uri, .. } if uri.contains(":lambda:path/") => {
            Ok(uri.ends_with("/response-streaming-invocations"))
        }
        AwsAddress::Variable { uri, .. } => Err(not_lambda(uri.contains("firehose"))),
    };
    match (streams, is_streamed) {
        (Ok(false), true) => reasons.push(
            "responseTransferMode STREAM needs the URI of response-streaming-invocations"
                .to_owned(),
        ),
        (Ok(true), false) => reasons.push(
            "the URI of response-streaming-invocations needs responseTransferMode STREAM"
                .to_owned(),
        ),
        (Err(reason), _) => reasons.push(reason),
        _ => return Some(address),
    }
    None
}

/// Whether the URI's function streams its answer.
fn streams(uri: &AwsUri) -> Result<bool, String> {
    match &uri.call {
        AwsCall::Lambda(target) => Ok(target.is_streaming),
        _ => Err(not_lambda(uri.service.name == "firehose")),
    }
}

fn not_lambda(is_firehose: bool) -> String {
    let what = if is_firehose {
        "AWS_PROXY integrations with Firehose are not in this build; type AWS can call it"
    } else {
        "AWS_PROXY integrations call Lambda functions only"
    };
    what.to_owned()
}

fn headers(declared: &gw_model::Integration, reasons: &mut Vec<String>) -> Headers {
    let mut headers = Vec::new();
    for (target, expression) in &declared.request_parameters {
        let Some(name) = target.strip_prefix("integration.request.header.") else { continue };
        let Ok(name) = name.parse::<HeaderName>() else { continue };
        if is_forbidden(&name) {
            reasons.push(format!("header {name} cannot be mapped"));
        } else if OF_INVOKE.contains(&name.as_str()) {
            match Source::request(expression) {
                Ok(source) => headers.push((name, source)),
                Err(reason) => reasons.push(reason),
            }
        }
    }
    headers.into()
}

fn is_forbidden(name: &HeaderName) -> bool {
    FORBIDDEN.contains(&name.as_str())
        || matches!(
            *name,
            header::AUTHORIZATION
                | header::CONNECTION
                | header::CONTENT_LENGTH
                | header::EXPECT
                | header::PROXY_AUTHENTICATE
                | header::TE
                | header::TRANSFER_ENCODING
        )
}
