//! The account, and tags of everything.

use axum::extract::Path;
use bytes::Bytes;
use gw_model::{AccountSettings, Taggable};
use gw_wire::{
    Fault,
    aws::{Account, Tags, ThrottleSettings},
    patch::patch_account,
};

use crate::{
    error::ApiError,
    extract::{Answer, Call, Input, Params, edited, keep, no_content, ok, patches},
};

fn answer(call: &Call, settings: &AccountSettings) -> Account {
    let limits = call.limits();
    let throttle =
        ThrottleSettings { burst_limit: limits.account_burst, rate_limit: limits.account_rate };
    Account::new(settings, throttle)
}

/// `GetAccount`.
pub(crate) async fn get(call: Call) -> Answer {
    ok(answer(&call, &call.account_fetch(&call.caller).await?))
}

/// `UpdateAccount`.
pub(crate) async fn update(call: Call, body: Bytes) -> Answer {
    let operations = patches("updateAccountInput", &body)?;
    let mut fault = None;
    let edit =
        |settings: &mut AccountSettings| keep(&mut fault, patch_account(settings, &operations));
    let result = call.account_update(&call.caller, edit).await;
    ok(answer(&call, &edited(fault, result)?))
}

fn tagged(call: &Call, arn: &str) -> Result<Taggable, ApiError> {
    let scope = &call.caller.scope;
    Taggable::parse(arn, scope.region.as_str(), scope.account.as_str())
        .map_err(|_| Fault::bad_request("Invalid ARN specified in the request").into())
}

/// `GetTags`: all on one page, whatever `limit` says, as there are 50 at most.
pub(crate) async fn tags(call: Call, Path(arn): Path<String>) -> Answer {
    let resource = tagged(&call, &arn)?;
    ok(Tags { tags: call.tags_fetch(&call.caller, &resource).await? })
}

/// `TagResource`.
pub(crate) async fn tag(call: Call, Path(arn): Path<String>, Input(input): Input<Tags>) -> Answer {
    let resource = tagged(&call, &arn)?;
    call.tags_add(&call.caller, &resource, &input.tags).await?;
    no_content()
}

/// `UntagResource`.
pub(crate) async fn untag(call: Call, Path(arn): Path<String>, params: Params) -> Answer {
    let resource = tagged(&call, &arn)?;
    let keys = params.all("tagKeys");
    if keys.is_empty() {
        let violation = "Value null at 'untagResourceInput.tagKeys' failed to satisfy constraint: \
                         Member must not be null";
        return Err(Fault::validation(&[violation.to_owned()]).into());
    }
    call.tags_remove(&call.caller, &resource, &keys).await?;
    no_content()
}
