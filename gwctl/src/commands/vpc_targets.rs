//! `vpc-targets`.

use gw_wire::gatewright::{PutVpcTarget, VpcTarget, VpcTargets};
use http::Method;

use crate::cli::VpcTargetsCommand;
use crate::client::{Body, Client, Path};
use crate::error::Result;
use crate::output::{Output, render, table};

/// Lists, sets or forgets the addresses that stand for load balancers.
pub(crate) async fn vpc_targets(
    client: &Client,
    command: &VpcTargetsCommand,
    out: Output,
) -> Result<()> {
    match command {
        VpcTargetsCommand::List => {
            let all: VpcTargets = client.get(Path::own(&["vpctargets"])).await?;
            out.data(&all, |all| rows(&all.targets))
        }
        VpcTargetsCommand::Set { target, addresses } => {
            let path = Path::own(&["vpctargets", target]);
            let body = Body::json(&PutVpcTarget { addresses: addresses.clone() })?;
            let set: VpcTarget = client.put(path, body).await?;
            out.data(&set, |set| rows(std::slice::from_ref(set)))
        }
        VpcTargetsCommand::Delete { target } => {
            client.call(Method::DELETE, Path::own(&["vpctargets", target]), Body::None).await?;
            out.note(&format!("VPC links to {target} lead nowhere now"));
            Ok(())
        }
    }
}

fn rows(targets: &[VpcTarget]) -> String {
    let mut table = table(&["target", "addresses", "set"]);
    for target in targets {
        table.add_row([&target.target, &target.addresses.join(", "), &target.updated_at]);
    }
    render(&table)
}
