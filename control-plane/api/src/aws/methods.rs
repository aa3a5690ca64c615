//! Methods and the responses that they declare.

use axum::extract::Path;
use bytes::Bytes;
use gw_app::{MethodView, TestInvokeInput};
use gw_wire::{
    aws::{
        LogLines, Method, MethodResponse, PutMethod, PutMethodResponse, TestInvokeMethod,
        TestInvokeResult,
    },
    patch::{patch_method, patch_method_response},
};

use super::paths::{OfMethod, OfResponse};
use crate::{
    extract::{Answer, Call, Input, Params, created, edited, keep, no_content, ok, patches},
    own::convert,
};

fn answer(view: &MethodView) -> Method {
    Method::new(view.verb, &view.method, view.resource_id.as_str())
}

/// `PutMethod`.
pub(crate) async fn put(
    call: Call,
    Path(path): OfMethod,
    Input(input): Input<PutMethod>,
) -> Answer {
    let key = path.new_key(&call).await?;
    created(answer(&call.method_put(&call.caller, &key, input.to_model()?).await?))
}

/// `GetMethod`.
pub(crate) async fn get(call: Call, Path(path): OfMethod) -> Answer {
    ok(answer(&call.method_fetch(&call.caller, &path.key()?).await?))
}

/// `UpdateMethod`.
pub(crate) async fn update(call: Call, Path(path): OfMethod, body: Bytes) -> Answer {
    let operations = patches("updateMethodInput", &body)?;
    let mut fault = None;
    let edit = |method: &mut gw_model::Method| keep(&mut fault, patch_method(method, &operations));
    let result = call.method_update(&call.caller, &path.key()?, edit).await;
    ok(answer(&edited(fault, result)?))
}

/// `DeleteMethod`.
pub(crate) async fn delete(call: Call, Path(path): OfMethod) -> Answer {
    call.method_delete(&call.caller, &path.key()?).await?;
    no_content()
}

/// `TestInvokeMethod`; with `?gatewright=trace` lines of the log are not cut,
/// and there are more of them.
pub(crate) async fn test_invoke(
    call: Call,
    Path(path): OfMethod,
    params: Params,
    Input(input): Input<TestInvokeMethod>,
) -> Answer {
    let key = path.key()?;
    let headers = input.checked_headers()?;
    let wanted = TestInvokeInput {
        path_with_query: input.path_with_query_string,
        headers,
        body: input.body,
        stage_variables: input.stage_variables,
        client_certificate_id: input.client_certificate_id,
    };
    let made = call.test_invoke_method(&call.caller, &key, wanted).await?;
    let is_traced = params.has("gatewright", "trace");
    let print = if is_traced { LogLines::Whole } else { LogLines::Cut };
    let lines = made.log.into_iter().filter(|line| is_traced || !line.is_step);
    let lines = lines.map(|line| (convert::log_time(line.at_ms), line.text));
    let latency = u64::try_from(made.latency.as_millis()).unwrap_or(u64::MAX);
    let answer = TestInvokeResult::new((made.status, &made.body), made.headers, latency);
    ok(answer.with_log(&made.request_id, lines, print))
}

/// `PutMethodResponse`.
pub(crate) async fn put_response(
    call: Call,
    Path(path): OfResponse,
    Input(input): Input<PutMethodResponse>,
) -> Answer {
    let (key, status) = path.split()?;
    let made = call.method_response_put(&call.caller, &key, &status, input.to_model()?).await?;
    created(MethodResponse::new(&status, &made))
}

/// `GetMethodResponse`.
pub(crate) async fn get_response(call: Call, Path(path): OfResponse) -> Answer {
    let (key, status) = path.split()?;
    let response = call.method_response_fetch(&call.caller, &key, &status).await?;
    ok(MethodResponse::new(&status, &response))
}

/// `UpdateMethodResponse`; AWS answers 201.
pub(crate) async fn update_response(call: Call, Path(path): OfResponse, body: Bytes) -> Answer {
    let read = patches("updateMethodResponseInput", &body);
    let (key, status, operations) = path.split_with(read)?;
    let mut fault = None;
    let edit = |response: &mut gw_model::MethodResponse| {
        keep(&mut fault, patch_method_response(response, &operations))
    };
    let result = call.method_response_update(&call.caller, &key, &status, edit).await;
    created(MethodResponse::new(&status, &edited(fault, result)?))
}

/// `DeleteMethodResponse`.
pub(crate) async fn delete_response(call: Call, Path(path): OfResponse) -> Answer {
    let (key, status) = path.split()?;
    call.method_response_delete(&call.caller, &key, &status).await?;
    no_content()
}
