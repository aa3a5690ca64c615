//! Targets of VPC links.

use axum::extract::Path;
use gw_app::VpcTargetView;
use gw_model::TargetAddress;
use gw_wire::{
    Fault,
    gatewright::{PutVpcTarget, VpcTarget, VpcTargets},
};

use super::convert;
use crate::extract::{Answer, Call, OwnInput, no_content, ok};

fn answer(view: &VpcTargetView) -> VpcTarget {
    VpcTarget {
        target: view.target.clone(),
        addresses: view.addresses.iter().map(ToString::to_string).collect(),
        updated_at: convert::time_text(view.updated_at),
    }
}

/// `GET vpctargets`.
pub(crate) async fn get_all(call: Call) -> Answer {
    let all = call.vpc_target_list(&call.caller).await?;
    ok(VpcTargets { targets: all.iter().map(answer).collect() })
}

/// `PUT vpctargets/{target}`.
pub(crate) async fn put(
    call: Call,
    Path(target): Path<String>,
    OwnInput(input): OwnInput<PutVpcTarget>,
) -> Answer {
    let addresses: Result<Vec<TargetAddress>, _> =
        input.addresses.iter().map(|text| text.parse()).collect();
    let addresses = addresses.map_err(|error| Fault::bad_request(error.to_string()))?;
    ok(answer(&call.vpc_target_put(&call.caller, &target, &addresses).await?))
}

/// `DELETE vpctargets/{target}`.
pub(crate) async fn delete(call: Call, Path(target): Path<String>) -> Answer {
    call.vpc_target_delete(&call.caller, &target).await?;
    no_content()
}
