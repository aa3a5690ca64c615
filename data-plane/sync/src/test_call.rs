//! Test calls: one request to an API as it is declared now, deployed or not.
//!
//! The control plane names the content by its digest; what is not here is
//! fetched as a deployment's is. The compile thread binds it to a stage that
//! no world holds, and the proxy around runs the request on a serving core.
//! All of it happens in a task of its own: nothing of the node's world waits
//! for it, or changes.

use std::{sync::Arc, time::Duration};

use gw_fleet_core::message::Fault;
use gw_model::{Digest, Release, ReleaseNumber, StageKey, StageSettings};
use gw_proto::{self as pb, InvalidMessage, answer};
use gw_snapshot::{TestCall, Tested};
use tokio::sync::{Semaphore, oneshot};
use tonic::transport::Channel;

use crate::{
    Hooks,
    compile::{AtHand, Cache, Pin, Staged, Submit, TestJob, within_limit},
    convert,
    disk::Contents,
    fetch::fetch,
    reclaim::Reclaimer,
};

/// Test calls that run at a time; more are told to come back.
const AT_ONCE: usize = 32;

/// What the tasks need of the node. Cloning shares it.
#[derive(Clone)]
pub(crate) struct TestCalls {
    pub(crate) hooks: Arc<dyn Hooks>,
    pub(crate) compiler: Submit,
    pub(crate) cache: Cache,
    pub(crate) at_hand: Arc<AtHand>,
    pub(crate) contents: Arc<Contents>,
    pub(crate) reclaimer: Reclaimer,
    pub(crate) max_deployment_bytes: u64,
    places: Arc<Semaphore>,
}

/// Where the content of a call is.
enum Found {
    /// Compiled, and kept so by this.
    Compiled(Pin),
    OnDisk,
    Content(Arc<[u8]>),
}

/// A call as it came in, checked.
struct Wanted {
    stage: StageKey,
    release: Arc<Release>,
    call: pb::TestInvoke,
}

impl TestCalls {
    pub(crate) fn new(
        hooks: Arc<dyn Hooks>,
        compiler: Submit,
        cache: Cache,
        (at_hand, contents): (Arc<AtHand>, Arc<Contents>),
        reclaimer: Reclaimer,
        max_deployment_bytes: u64,
    ) -> Self {
        let places = Arc::new(Semaphore::new(AT_ONCE));
        Self { hooks, compiler, cache, at_hand, contents, reclaimer, max_deployment_bytes, places }
    }

    /// Runs a call and has `say` tell what came of it, within the deadline.
    pub(crate) fn start(
        &self,
        call: pb::TestInvoke,
        deadline: Duration,
        channel: Option<Channel>,
        say: impl FnOnce(answer::Body) + Send + 'static,
    ) {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            return say(answer::Body::Error("too many test calls at a time".to_owned()));
        };
        let calls = self.clone();
        tokio::spawn(async move {
            let answer = match tokio::time::timeout(deadline, calls.run(call, channel)).await {
                Ok(Ok(answer)) => answer::Body::Tested(convert::test_result(answer)),
                Ok(Err(reason)) => answer::Body::Error(reason),
                Err(_) => answer::Body::Error("the test call took too long".to_owned()),
            };
            say(answer);
            drop(place);
        });
    }

    async fn run(&self, call: pb::TestInvoke, channel: Option<Channel>) -> Result<Tested, String> {
        let wanted = wanted(call).map_err(|error| error.to_string())?;
        let told = |fault: Fault| fault.reason;
        let found = self.find(wanted.release.deployment, channel).await.map_err(told)?;
        let Staged { stage, pins } = self.compile(&wanted, found).await.map_err(told)?;
        let (answer, answered) = oneshot::channel();
        let call = TestCall {
            stage: Arc::clone(&stage),
            resource_id: wanted.call.resource_id,
            method: wanted.call.method,
            path_with_query: wanted.call.path_with_query,
            headers: wanted.call.headers.into_iter().map(|h| (h.name, h.value)).collect(),
            body: wanted.call.body,
        };
        self.hooks.test_call(call, answer);
        let answered = answered.await;
        self.reclaimer.retire(stage);
        // A further call finds it compiled, within the budget of former ones.
        drop(pins);
        answered.map_err(|_| "the node does not serve".to_owned())
    }

    async fn find(&self, digest: Digest, channel: Option<Channel>) -> Result<Found, Fault> {
        if let Some((_, pin)) = self.cache.get(digest) {
            return Ok(Found::Compiled(pin));
        }
        if let Some(content) = self.at_hand.get(digest) {
            return Ok(Found::Content(content));
        }
        if let Some(bytes) = self.contents.size(digest) {
            within_limit(digest, bytes, self.max_deployment_bytes)?;
            return Ok(Found::OnDisk);
        }
        let Some(channel) = channel else {
            return Err(Fault::resource(format!("deployment {digest}: the line is down")));
        };
        let content = fetch(channel, digest, Vec::new(), self.max_deployment_bytes).await;
        Ok(Found::Content(content.map_err(|broken| broken.fault)?.into()))
    }

    async fn compile(&self, wanted: &Wanted, found: Found) -> Result<Staged, Fault> {
        let (answer, answered) = oneshot::channel();
        let (stage, release) = (wanted.stage.clone(), Arc::clone(&wanted.release));
        let (content, _pin) = match found {
            Found::Compiled(pin) => (None, Some(pin)),
            Found::Content(content) => (Some(content), None),
            Found::OnDisk => (None, None),
        };
        self.compiler.test(TestJob { stage, release, content, answer });
        answered.await.unwrap_or_else(|_| Err(Fault::resource("the node is shutting down")))
    }
}

fn wanted(call: pb::TestInvoke) -> Result<Wanted, InvalidMessage> {
    let stage = convert::stage("test_invoke.stage", &call.stage)?;
    let certificate = &call.client_certificate_id;
    let settings = StageSettings {
        client_certificate_id: (!certificate.is_empty()).then(|| certificate.clone()),
        ..StageSettings::default()
    };
    let release = Release {
        number: ReleaseNumber(0),
        deployment_id: "".into(),
        deployment: pb::convert::digest("test_invoke.digest", &call.digest)?,
        variables: call.stage_variables.iter().map(|(k, v)| (k.clone(), v.clone())).collect(),
        canary: None,
        settings,
    };
    Ok(Wanted { stage, release: Arc::new(release), call })
}
