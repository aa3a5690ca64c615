//! From a call to its outcome: which function, whether it may run now, where.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use crate::catalog::{Catalog, Function};
use crate::environment::{Call, Job, Outcome, Spec};
use crate::error::Error;
use crate::http::Refusal;
use crate::name::FunctionRef;
use crate::pool::{Home, Limit, Permit, Pool};
use crate::runtime::{Place, Planner, variables};

/// How often an invocation looks for another environment after one has ended
/// under its hands.
const ATTEMPTS: usize = 5;

/// All that is served, and what it runs on.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) home: Arc<Home>,
    pub(crate) place: Place,
    planner: Planner,
    world: RwLock<Arc<World>>,
    /// Of all functions without a reservation.
    shared: Arc<Limit>,
}

/// What is served at one moment.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) catalog: Catalog,
    pub(crate) members: BTreeMap<String, Arc<Member>>,
}

/// A function with its environments.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) function: Arc<Function>,
    /// By version.
    pub(crate) pools: BTreeMap<String, Arc<Pool>>,
    reserved: Option<Arc<Limit>>,
    /// What its files looked like when it was read.
    pub(crate) print: u64,
    /// When it was read.
    pub(crate) since: time::OffsetDateTime,
}

/// A version of a function that a call has found.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) member: Arc<Member>,
    pub(crate) version: String,
    pub(crate) pool: Arc<Pool>,
    /// The ARN as it was called, with the qualifier if there was one.
    pub(crate) arn: String,
}

impl Service {
    pub(crate) fn new(
        catalog: Catalog,
        home: Arc<Home>,
        place: Place,
        planner: Planner,
    ) -> Result<Self, Error> {
        let shared = Limit::new(catalog.concurrency);
        let empty = World { catalog: Catalog::default(), members: BTreeMap::new() };
        let world = RwLock::new(Arc::new(empty));
        let service = Self { home, place, planner, world, shared };
        service.replace(catalog)?;
        Ok(service)
    }

    /// What is served now.
    pub(crate) fn world(&self) -> Arc<World> {
        self.world.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Serves another catalog. What has not changed keeps its environments.
    /// Returns the names of what has. Blocking.
    pub(crate) fn replace(&self, catalog: Catalog) -> Result<Vec<String>, Error> {
        let old = self.world();
        let (mut members, mut changed) = (BTreeMap::new(), Vec::new());
        for (name, function) in &catalog.functions {
            let print = crate::watch::fingerprint(function);
            let kept = old
                .members
                .get(name)
                .filter(|member| *member.function == **function && member.print == print);
            let member = match kept {
                Some(member) => member.clone(),
                None => {
                    changed.push(name.clone());
                    Arc::new(self.member(function, print)?)
                }
            };
            members.insert(name.clone(), member);
        }
        self.shared.set(catalog.concurrency);
        let new = Arc::new(World { catalog, members });
        *self.world.write().unwrap_or_else(PoisonError::into_inner) = new.clone();
        for (name, member) in &old.members {
            if !new.members.get(name).is_some_and(|now| Arc::ptr_eq(now, member)) {
                member.pools.values().for_each(|pool| pool.retire());
            }
        }
        Ok(changed)
    }

    fn member(&self, function: &Arc<Function>, print: u64) -> Result<Member, Error> {
        let mut pools = BTreeMap::new();
        for (version, code) in &function.versions {
            let plan = self.planner.plan(&function.name, code)?;
            self.home.log.line(&function.name, &format!("{version} runs on {}", plan.label));
            let variables = variables(function, version, code, &plan, &self.place);
            let spec =
                Spec { function: function.clone(), version: version.clone(), plan, variables };
            pools.insert(version.clone(), Pool::new(spec, self.home.clone()));
        }
        Ok(Member {
            function: function.clone(),
            pools,
            reserved: function.reserved_concurrency.map(Limit::new),
            print,
            since: time::OffsetDateTime::now_utc(),
        })
    }

    /// The function, version and environments that a call names.
    pub(crate) fn find(&self, target: &FunctionRef) -> Result<Found, Refusal> {
        let arn = self.arn(target);
        let missing = || Refusal::NotFound(format!("Function not found: {arn}"));
        let world = self.world();
        let member = world.members.get(&target.name).ok_or_else(missing)?;
        let found = member.function.resolve(target.qualifier.as_deref(), fastrand::f64());
        let (version, _) = found.ok_or_else(missing)?;
        let pool = member.pools.get(&version).ok_or_else(missing)?.clone();
        Ok(Found { member: member.clone(), version, pool, arn })
    }

    /// The ARN of a function as a call names it.
    pub(crate) fn arn(&self, target: &FunctionRef) -> String {
        let mut arn = format!(
            "arn:{}:lambda:{}:{}:function:{}",
            target.partition.as_deref().unwrap_or("aws"),
            target.region.as_deref().unwrap_or(&self.place.region),
            target.account.as_deref().unwrap_or(&self.place.account),
            target.name,
        );
        if let Some(qualifier) = &target.qualifier {
            arn.push(':');
            arn.push_str(qualifier);
        }
        arn
    }

    /// The right to run now.
    pub(crate) fn permit(&self, found: &Found) -> Result<Permit, Refusal> {
        let (limit, reason) = match &found.member.reserved {
            Some(reserved) => (reserved, "ReservedFunctionConcurrentInvocationLimitExceeded"),
            None => (&self.shared, "ConcurrentInvocationLimitExceeded"),
        };
        limit.permit().ok_or(Refusal::Throttled(reason))
    }

    /// Runs an invocation to its end. Once begun it runs to its end, whether
    /// or not anybody waits for it.
    pub(crate) async fn run(
        &self,
        found: Found,
        permit: Permit,
        call: Call,
        stream: Option<mpsc::Sender<Bytes>>,
    ) -> Result<Outcome, Refusal> {
        let run = async move {
            let outcome = attempt(&found.pool, call, stream).await;
            drop(permit);
            outcome
        };
        let stopped = || Refusal::Service("the functions are being stopped".to_owned());
        self.home.tracker.spawn(run).await.ok().flatten().ok_or_else(stopped)
    }
}

async fn attempt(
    pool: &Arc<Pool>,
    call: Call,
    stream: Option<mpsc::Sender<Bytes>>,
) -> Option<Outcome> {
    for _ in 0..ATTEMPTS {
        if pool.home.stop.is_cancelled() {
            break;
        }
        let (reply, replied) = oneshot::channel();
        pool.take(Job { call: call.clone(), stream: stream.clone(), reply });
        if let Ok(outcome) = replied.await {
            return Some(outcome);
        }
    }
    None
}
