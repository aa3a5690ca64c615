//! Identity, differences, and the audit log.

use axum::extract::Path;
use gw_app::DiffRef;
use gw_wire::{
    Fault,
    gatewright::{AuditLog, Diff, Identity, Undeployed},
    page::encode,
};

use super::convert;
use crate::{
    aws::paths::ApiPath,
    extract::{Answer, Call, Params, ok},
};

/// `GET identity`.
pub(crate) async fn identity(call: Call) -> Answer {
    ok(Identity {
        arn: call.caller.arn.clone(),
        account_id: call.caller.scope.account.to_string(),
        region: call.caller.scope.region.to_string(),
    })
}

/// A reference: `working`, `stage:NAME`, `canary:NAME` or a deployment's id.
fn reference(params: &Params, name: &str) -> Result<DiffRef, Fault> {
    let text = params.get(name).filter(|text| !text.is_empty()).ok_or_else(|| {
        Fault::bad_request(format!(
            "'{name}' must be a deployment id, stage:NAME, canary:NAME or working"
        ))
    })?;
    Ok(match text.split_once(':') {
        None if text == "working" => DiffRef::Working,
        None => DiffRef::Deployment(text.into()),
        Some(("stage", stage)) => DiffRef::Stage(stage.into()),
        Some(("canary", stage)) => DiffRef::Canary(stage.into()),
        Some((kind, _)) => {
            return Err(Fault::bad_request(format!("Unknown kind of reference: {kind}")));
        }
    })
}

/// `GET restapis/{api}/diff`.
pub(crate) async fn diff(call: Call, Path(path): Path<ApiPath>, params: Params) -> Answer {
    let (from, to) = (reference(&params, "from")?, reference(&params, "to")?);
    let entries = call.diff(&call.caller, &path.rest_api, &from, &to).await?;
    let text = |name| params.get(name).unwrap_or_default().to_owned();
    ok(Diff {
        from: text("from"),
        to: text("to"),
        equal: entries.is_empty(),
        entries: entries.iter().map(convert::difference).collect(),
    })
}

/// `GET restapis/{api}/changes`.
pub(crate) async fn changes(call: Call, Path(path): Path<ApiPath>) -> Answer {
    let stages = call.undeployed(&call.caller, &path.rest_api).await?;
    let convert = |entries: Vec<_>| entries.iter().map(convert::difference).collect();
    ok(Undeployed {
        stages: stages
            .into_iter()
            .map(|(stage, entries)| (stage.into_string(), convert(entries)))
            .collect(),
    })
}

/// `GET audit`.
pub(crate) async fn audit(call: Call, params: Params) -> Answer {
    let page = call.audit_list(&call.caller, &params.page_request()?).await?;
    ok(AuditLog {
        entries: page.items.iter().map(convert::audit).collect(),
        position: page.position.as_deref().map(encode),
    })
}
