//! Test calls: a node runs one method of the working copy, nothing stored.

use std::{sync::Arc, time::Duration};

use gw_model::{Api, HttpMethod, Method, RestApi, StageKey, Variables, encode};
use gw_snapshot::FaultKind;

use crate::{
    App, Caller, Error, MethodKey, NodeAnswer, NodeRequest, NodeRequestError, Result, error::Kind,
    rest_api::fetch,
};

/// What `$context.stage` is in test calls, as at AWS.
const STAGE: &str = "test-invoke-stage";

/// What a node may take beside its backend: fetching, compiling, mapping.
const PATIENCE: Duration = Duration::from_secs(10);

/// One request, as a client would send it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TestInvokeInput {
    /// Path and query behind the stage; empty is the resource's own path.
    pub path_with_query: String,
    /// In order; names may repeat.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: String,
    /// The stage's variables, had it one.
    pub stage_variables: Variables,
    /// The certificate to show to the backend.
    pub client_certificate_id: Option<String>,
}

/// A test call as a node gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestCall {
    /// The API, with this method and no other.
    pub content: Arc<[u8]>,
    /// The digest of that.
    pub digest: gw_model::Digest,
    /// Whose it is; the stage is none.
    pub stage: StageKey,
    /// The method.
    pub method: MethodKey,
    /// The request.
    pub input: TestInvokeInput,
}

/// What came of a test call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TestResult {
    /// The request's id.
    pub request_id: String,
    /// The status that a client would get.
    pub status: u16,
    /// The headers that a client would get.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body that a client would get.
    pub body: Vec<u8>,
    /// The execution log.
    pub log: Vec<TestLine>,
    /// How long the request took, on the node.
    pub latency: Duration,
}

/// A line of an execution log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestLine {
    /// Milliseconds since the Unix epoch, on the node's clock.
    pub at_ms: u64,
    /// What it says.
    pub text: String,
    /// AWS's log has no such line.
    pub is_step: bool,
}

/// The API as a test call needs it: other methods and their faults have no
/// part in it. Path variables are those of the resource that was named,
/// whatever its siblings are.
fn only(mut api: RestApi, key: &MethodKey) -> Result<(RestApi, Duration)> {
    let resource = api.resources.get(&key.resource);
    let resource =
        resource.ok_or_else(|| Error::not_found(Kind::Resource, key.resource.as_str()))?;
    let methods = &resource.methods;
    let (verb, method) = methods
        .get_key_value(&key.verb)
        .or_else(|| methods.get_key_value(&HttpMethod::Any))
        .ok_or_else(|| Error::not_found(Kind::Method, key.verb.as_str()))?;
    let timeout = timeout_of(method)?;
    let kept = (*verb, method.clone());
    let mut above = Some(key.resource.clone());
    let mut resources = std::collections::BTreeMap::new();
    while let Some((id, mut resource)) = above.and_then(|id| api.resources.remove_entry(&id)) {
        resource.methods.clear();
        above = resource.parent_id.clone();
        resources.insert(id, resource);
    }
    if let Some(resource) = resources.get_mut(&key.resource) {
        resource.methods.extend([kept]);
    }
    api.resources = resources;
    Ok((api, timeout))
}

/// How long the backend may take.
fn timeout_of(method: &Method) -> Result<Duration> {
    let integration = method.integration.as_ref();
    let integration =
        integration.ok_or_else(|| Error::bad_request("No integration defined for method"))?;
    Ok(Duration::from_millis(integration.timeout_ms.into()))
}

/// Compiles as the node will.
fn check(api: RestApi, limits: &gw_snapshot::Limits) -> Result<encode::Encoded> {
    let api = Api::Rest(api);
    if let Err(faults) = gw_snapshot::compile(&api, limits) {
        let fatal = faults.iter().filter(|fault| fault.kind == FaultKind::Fatal);
        let told: Vec<String> = fatal.map(ToString::to_string).collect();
        return Err(Error::BadRequest(told.join("; ")));
    }
    Ok(encode::encode(&api))
}

impl App {
    /// Has a node run one method as it is declared now, deployed or not:
    /// without a stage, authorizer, key or throttle.
    ///
    /// # Errors
    /// When the method or the client certificate is unknown, the method has
    /// no integration, no node is connected, or none answers in time.
    pub async fn test_invoke_method(
        &self,
        caller: &Caller,
        key: &MethodKey,
        input: TestInvokeInput,
    ) -> Result<TestResult> {
        let copy = {
            let mut txn = self.store().read().await?;
            let row = fetch(&mut txn, &caller.scope, &key.api).await.map_err(key.unknown())?;
            txn.working_copy_load(&row).await?
        };
        let (api, timeout) = only(copy, key)?;
        if let Some(certificate) = &input.client_certificate_id {
            self.client_certificate_fetch(caller, certificate).await?;
        }
        let limits = self.limits().compile.clone();
        let checked = tokio::task::spawn_blocking(move || check(api, &limits));
        let content = checked.await.map_err(Error::internal)??;
        let stage =
            StageKey { scope: caller.scope.clone(), api: key.api.clone(), stage: STAGE.into() };
        let (digest, content) = (content.digest, content.bytes.into());
        let call = TestCall { content, digest, stage, method: key.clone(), input };
        self.ask_some_node(call, timeout + PATIENCE).await
    }

    /// Asks nodes in turn until one takes the call. None is asked after that:
    /// what it did at its backend cannot be undone.
    async fn ask_some_node(&self, call: TestCall, deadline: Duration) -> Result<TestResult> {
        let mut nodes = self.fleet().live_nodes();
        nodes.sort_by_key(|node| node.draining);
        for node in nodes {
            let request = NodeRequest::TestInvoke(Box::new(call.clone()));
            return match self.fleet().request(&node.id, request, deadline).await {
                Ok(NodeAnswer::Tested(result)) => Ok(*result),
                Ok(NodeAnswer::State(_) | NodeAnswer::Done) => {
                    Err(Error::NoNode(format!("node {} does not know test calls", node.id)))
                }
                Err(NodeRequestError::NotConnected) => continue,
                Err(error @ (NodeRequestError::Timeout | NodeRequestError::Failed(_))) => {
                    Err(Error::NoNode(format!("the method was not tested: {error}")))
                }
            };
        }
        Err(Error::NoNode(
            "the method cannot be tested: no data-plane node is connected".to_owned(),
        ))
    }
}
