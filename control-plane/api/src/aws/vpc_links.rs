//! VPC links.

use axum::{Json, extract::Path, response::IntoResponse as _};
use bytes::Bytes;
use gw_app::{LinkStatus, NewVpcLink, VpcLinkView};
use gw_wire::{
    aws::{CreateVpcLink, VpcLink},
    patch::{check_link_name, check_text, patch_vpc_link},
};
use http::StatusCode;

use crate::extract::{
    Answer, Call, Input, Params, accepted, edited, given, keep, list, ok, patches,
};

fn answer(view: &VpcLinkView) -> VpcLink {
    let (status, message) = match &view.status {
        LinkStatus::Pending => ("PENDING", None),
        LinkStatus::Available => ("AVAILABLE", Some("Your vpc link is ready for use".to_owned())),
        LinkStatus::Failed(reason) => ("FAILED", Some(reason.clone())),
    };
    let link = &view.link;
    VpcLink {
        id: link.id.clone(),
        name: link.name.clone(),
        description: link.description.clone(),
        target_arns: vec![link.target_arn.clone()],
        status: status.to_owned(),
        status_message: message,
        tags: given(&link.tags),
    }
}

/// As AWS answers one link: with its tags, also where there are none.
fn alone(view: &VpcLinkView) -> VpcLink {
    VpcLink { tags: Some(view.link.tags.clone()), ..answer(view) }
}

/// `CreateVpcLink`.
pub(crate) async fn create(call: Call, Input(input): Input<CreateVpcLink>) -> Answer {
    check_link_name(&input.name)?;
    check_text("description", input.description.as_deref().unwrap_or_default())?;
    let target_arn = input.target()?.to_owned();
    check_text("target arn", &target_arn)?;
    let new = NewVpcLink {
        name: input.name,
        description: input.description.filter(|text| !text.is_empty()),
        target_arn,
        tags: input.tags,
    };
    let made = call.vpc_link_create(&call.caller, &new).await?;
    Ok((StatusCode::ACCEPTED, Json(answer(&made))).into_response())
}

/// `GetVpcLink`.
pub(crate) async fn get(call: Call, Path(id): Path<String>) -> Answer {
    ok(alone(&call.vpc_link_fetch(&call.caller, &id).await?))
}

/// `GetVpcLinks`.
pub(crate) async fn get_all(call: Call, params: Params) -> Answer {
    let page = call.vpc_link_list(&call.caller, &params.page_request()?).await?;
    list(&page, answer)
}

/// `UpdateVpcLink`.
pub(crate) async fn update(call: Call, Path(id): Path<String>, body: Bytes) -> Answer {
    let operations = patches("updateVpcLinkInput", &body)?;
    let mut fault = None;
    let edit = |name: &mut String, description: &mut Option<String>| {
        keep(&mut fault, patch_vpc_link(name, description, &operations))
    };
    let result = call.vpc_link_update(&call.caller, &id, edit).await;
    ok(alone(&edited(fault, result)?))
}

/// `DeleteVpcLink`.
pub(crate) async fn delete(call: Call, Path(id): Path<String>) -> Answer {
    call.vpc_link_delete(&call.caller, &id).await?;
    accepted()
}
