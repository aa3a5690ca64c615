//! VPC links: names for the way to a backend that is reached through a load
//! balancer. Where that is, targets say (`vpc_target.rs`).

use std::collections::{BTreeMap, BTreeSet};

use gw_model::{
    ConnectionType, FactName, RestApi, Scope, Variables, fact::VpcLinkFact,
    target::load_balancer_name,
};
use gw_store::{LinkUse, Txn, VpcLinkRow, VpcTargetRow};

use crate::{
    App, Caller, Error, LinkStatus, Page, PageRequest, Result, VpcLinkView,
    error::Kind,
    page::page,
    tags::{self, Tags},
    transact::{Found as _, transact},
    vpc_target::resolve,
};

/// A link to create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewVpcLink {
    /// Its name.
    pub name: String,
    /// Free text.
    pub description: Option<String>,
    /// The load balancer's ARN.
    pub target_arn: String,
    /// Tags.
    pub tags: Tags,
}

fn place(id: &str) -> String {
    format!("vpclinks/{id}")
}

fn fact_name(scope: &Scope, id: &str) -> FactName {
    FactName::VpcLink(scope.clone(), id.to_owned())
}

/// What there is to say of a link, from where its target is.
fn view(link: VpcLinkRow, targets: &[VpcTargetRow]) -> VpcLinkView {
    let status = match (load_balancer_name(&link.target_arn), resolve(targets, &link.target_arn)) {
        (None, _) => LinkStatus::Failed("NLB ARN is malformed.".to_owned()),
        (Some(_), Some(_)) => LinkStatus::Available,
        (Some(name), None) => LinkStatus::Failed(format!(
            "No address is configured for load balancer '{name}'. Set one with `gwctl \
             vpc-targets set`."
        )),
    };
    VpcLinkView { link, status }
}

async fn publish(
    app: &App,
    txn: &mut Txn,
    scope: &Scope,
    link: &VpcLinkRow,
    targets: &[VpcTargetRow],
) -> Result<()> {
    let target = load_balancer_name(&link.target_arn).and(resolve(targets, &link.target_arn));
    let addresses = target.map(|target| target.addresses.clone()).unwrap_or_default();
    app.fact_put(txn, &fact_name(scope, &link.id), &VpcLinkFact { addresses }).await
}

/// Tells nodes anew of every link to a target.
pub(crate) async fn publish_links_to(
    app: &App,
    txn: &mut Txn,
    scope: &Scope,
    target: &str,
) -> Result<()> {
    let targets = txn.vpc_target_list(scope).await?;
    for link in txn.vpc_links_to(scope, target).await? {
        publish(app, txn, scope, &link, &targets).await?;
    }
    Ok(())
}

/// Which links an API's integrations name, each with `METHOD:resource` of
/// those that do.
pub(crate) fn links_of(api: &RestApi) -> BTreeMap<String, Vec<String>> {
    let mut links = BTreeMap::<String, Vec<String>>::new();
    for (id, resource) in &api.resources {
        for (verb, method) in &resource.methods {
            let Some(integration) = &method.integration else { continue };
            if integration.connection_type == ConnectionType::VpcLink
                && let Some(link) = &integration.connection_id
            {
                links.entry(link.clone()).or_default().push(format!("{verb}:{id}"));
            }
        }
    }
    links
}

/// Whether a deployed use is one of this link, as its stage's variables are.
fn is_use(found: &LinkUse, id: &str) -> bool {
    let names =
        |variables: &Variables| gw_snapshot::fill_variables(&found.connection_id, variables) == id;
    let release = &found.release;
    let by_canary = release.canary.as_ref().is_some_and(|canary| {
        let mut variables = release.variables.clone();
        variables.extend(canary.stage_variable_overrides.clone());
        canary.deployment == found.digest && names(&variables)
    });
    by_canary || (release.deployment == found.digest && names(&release.variables))
}

/// Refuses while stages or working copies use a link, in AWS's words.
async fn check_unused(txn: &mut Txn, scope: &Scope, id: &str) -> Result<()> {
    let refuse = |places: Vec<String>, form: &str| {
        Err(Error::BadRequest(format!(
            "Cannot delete vpc link. Vpc link '{id}', is referenced in [{}] in format of [{form}].",
            places.join(", ")
        )))
    };
    let deployed: BTreeSet<String> = txn
        .vpc_link_uses(scope, id)
        .await?
        .iter()
        .filter(|found| is_use(found, id))
        .flat_map(|found| {
            found.used_by.iter().map(|used| format!("{}:{used}:{}", found.api, found.stage))
        })
        .collect();
    if !deployed.is_empty() {
        return refuse(deployed.into_iter().collect(), "RESTApiId:Method:Resource:Stage");
    }
    let drafts = txn.vpc_link_drafts(scope, id).await?;
    if !drafts.is_empty() {
        let places = drafts.iter().map(|(api, verb, resource)| format!("{api}:{verb}:{resource}"));
        return refuse(places.collect(), "RESTApiId:Method:Resource");
    }
    Ok(())
}

impl App {
    /// Creates a link. Nodes learn of it while the caller has its answer
    /// already, which therefore says that the link is pending.
    ///
    /// # Errors
    /// When a limit is reached, or AWS would refuse the tags.
    pub async fn vpc_link_create(&self, caller: &Caller, new: &NewVpcLink) -> Result<VpcLinkView> {
        tags::check(&new.tags)?;
        let (link, revision) = transact!(self, |txn| {
            let scope = &caller.scope;
            txn.vpc_targets_lock(scope).await?;
            if txn.vpc_link_count(scope).await? >= self.limits().vpc_links {
                Err(Error::LimitExceeded(
                    "Maximum number of VPC links for this account has been reached.".to_owned(),
                ))?;
            }
            let mut id = self.new_id(6);
            while txn.vpc_link_fetch(scope, &id).await?.is_some() {
                id = self.new_id(6);
            }
            let link = VpcLinkRow {
                id,
                name: new.name.clone(),
                description: new.description.clone(),
                target_arn: new.target_arn.clone(),
                tags: new.tags.clone(),
                created_at: self.now(),
            };
            txn.vpc_link_insert(scope, &link).await?;
            let targets = txn.vpc_target_list(scope).await?;
            publish(self, &mut txn, scope, &link, &targets).await?;
            let audit = caller.audit("CreateVpcLink", place(&link.id));
            (link, Some(audit))
        })?;
        if let Some(revision) = revision {
            self.fleet().world_changed(revision);
        }
        Ok(VpcLinkView { link, status: LinkStatus::Pending })
    }

    /// Reads a link.
    ///
    /// # Errors
    /// When there is no such one.
    pub async fn vpc_link_fetch(&self, caller: &Caller, id: &str) -> Result<VpcLinkView> {
        let mut txn = self.store().read().await?;
        let link = txn.vpc_link_fetch(&caller.scope, id).await?.found(Kind::VpcLink, id)?;
        Ok(view(link, &txn.vpc_target_list(&caller.scope).await?))
    }

    /// Lists the links of the caller's scope by id.
    ///
    /// # Errors
    /// When the database is gone.
    pub async fn vpc_link_list(
        &self,
        caller: &Caller,
        request: &PageRequest,
    ) -> Result<Page<VpcLinkView>> {
        let limit = self.page_limit(request);
        let mut txn = self.store().read().await?;
        let rows = txn.vpc_link_list(&caller.scope, request.after(), limit).await?;
        let targets = txn.vpc_target_list(&caller.scope).await?;
        let views = rows.into_iter().map(|link| view(link, &targets)).collect();
        Ok(page(views, limit, |view: &VpcLinkView| view.link.id.clone()))
    }

    /// Changes a link's name and description. The edit may run more than once.
    ///
    /// # Errors
    /// When there is no such one, or the edit refuses.
    pub async fn vpc_link_update(
        &self,
        caller: &Caller,
        id: &str,
        mut edit: impl FnMut(&mut String, &mut Option<String>) -> Result<()> + Send,
    ) -> Result<VpcLinkView> {
        let (view, _) = transact!(self, |txn| {
            let scope = &caller.scope;
            let mut link = txn.vpc_link_lock(scope, id).await?.found(Kind::VpcLink, id)?;
            edit(&mut link.name, &mut link.description)?;
            txn.vpc_link_update(scope, &link).await?;
            let targets = txn.vpc_target_list(scope).await?;
            (view(link, &targets), Some(caller.audit("UpdateVpcLink", place(id))))
        })?;
        Ok(view)
    }

    /// Deletes a link that no stage and no working copy uses.
    ///
    /// # Errors
    /// When there is no such one, or it is used.
    pub async fn vpc_link_delete(&self, caller: &Caller, id: &str) -> Result<()> {
        let ((), revision) = transact!(self, |txn| {
            let scope = &caller.scope;
            // A target that is set meanwhile would bring the link's fact back.
            txn.vpc_targets_lock(scope).await?;
            txn.vpc_link_lock(scope, id).await?.found(Kind::VpcLink, id)?;
            check_unused(&mut txn, scope, id).await?;
            txn.vpc_link_delete(scope, id).await?;
            txn.fact_delete(&fact_name(scope, id)).await?;
            ((), Some(caller.audit("DeleteVpcLink", place(id))))
        })?;
        self.facts_settled(revision).await;
        Ok(())
    }
}
