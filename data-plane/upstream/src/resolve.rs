//! Names to addresses, cached per core.
//!
//! A name that is in use is asked for again before its time to live ends, so
//! requests do not wait for name servers. When those fail, the last answer
//! serves on; a failure is remembered briefly, so that a missing name does not
//! become a query per request.

use std::{
    cell::RefCell,
    future::Future,
    net::IpAddr,
    pin::Pin,
    rc::Rc,
    time::{Duration, Instant},
};

use hashbrown::HashMap;
use hickory_resolver::TokioResolver;
use tokio::sync::{Notify, OnceCell};

use crate::error::Error;

/// Bounds on a time to live: a record of zero seconds must not mean a query
/// per connection, one of a week must not outlive a move.
const MIN_TTL: Duration = Duration::from_secs(1);
const MAX_TTL: Duration = Duration::from_secs(300);
/// How long a failure is remembered.
const NEGATIVE_TTL: Duration = Duration::from_secs(3);
/// How long after its end an answer serves while a new one is fetched.
const STALE_WHILE_REVALIDATE: Duration = Duration::from_secs(60);
/// How long after its end an answer serves when name servers fail.
const STALE_IF_ERROR: Duration = Duration::from_secs(24 * 3600);
/// Names kept; beyond it the ones unused longest go.
const MAX_NAMES: usize = 4096;

/// An answer of the name servers.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) addresses: Rc<[IpAddr]>,
    pub(crate) ttl: Duration,
}

type Looking = Pin<Box<dyn Future<Output = Result<Found, String>>>>;
type Lookup = Box<dyn Fn(String) -> Looking>;

pub(crate) struct Resolver {
    lookup: Lookup,
    names: RefCell<HashMap<Box<str>, Entry>>,
}

#[derive(Default)]
struct Entry {
    known: Option<Known>,
    failed: Option<(Instant, String)>,
    /// Set while a lookup runs; told when it ends.
    running: Option<Rc<Notify>>,
    used: Option<Instant>,
}

struct Known {
    addresses: Rc<[IpAddr]>,
    refresh_at: Instant,
    expires: Instant,
}

/// What the cache says about a name now.
enum Hit {
    Answer(Rc<[IpAddr]>),
    Failure(String),
    Wait(Rc<Notify>),
}

impl Resolver {
    /// Uses the machine's resolver settings and hosts file.
    pub(crate) fn system() -> Rc<Self> {
        let hickory: Rc<OnceCell<TokioResolver>> = Rc::default();
        Self::with(Box::new(move |host| {
            let hickory = Rc::clone(&hickory);
            Box::pin(async move { system_lookup(&hickory, host).await })
        }))
    }

    pub(crate) fn with(lookup: Lookup) -> Rc<Self> {
        Rc::new(Self { lookup, names: RefCell::default() })
    }

    /// The addresses of a name; never empty.
    pub(crate) async fn resolve(self: &Rc<Self>, host: &str) -> Result<Rc<[IpAddr]>, Error> {
        loop {
            match self.look(host, Instant::now()) {
                Hit::Answer(addresses) => return Ok(addresses),
                Hit::Failure(reason) => {
                    return Err(Error::Resolve { host: host.to_owned(), reason });
                }
                Hit::Wait(running) => running.notified().await,
            }
        }
    }

    /// The addresses of a name if they are known; else a lookup is started.
    pub(crate) fn peek(self: &Rc<Self>, host: &str) -> Option<Rc<[IpAddr]>> {
        match self.look(host, Instant::now()) {
            Hit::Answer(addresses) => Some(addresses),
            Hit::Failure(_) | Hit::Wait(_) => None,
        }
    }

    fn look(self: &Rc<Self>, host: &str, now: Instant) -> Hit {
        let mut names = self.names.borrow_mut();
        if !names.contains_key(host) {
            evict(&mut names);
            names.insert(host.into(), Entry::default());
        }
        let entry = names.get_mut(host).expect("inserted above");
        entry.used = Some(now);
        let failed_now =
            entry.failed.as_ref().filter(|(until, _)| now < *until).map(|(_, why)| why.clone());
        if let Some(known) = &entry.known {
            let answer = Rc::clone(&known.addresses);
            if now >= known.refresh_at && failed_now.is_none() && entry.running.is_none() {
                entry.running = Some(self.start(host));
            }
            let wait_for_new = now >= known.expires + STALE_WHILE_REVALIDATE;
            if !wait_for_new || (failed_now.is_some() && now < known.expires + STALE_IF_ERROR) {
                return Hit::Answer(answer);
            }
        }
        if let Some(reason) = failed_now {
            return Hit::Failure(reason);
        }
        let running = entry.running.get_or_insert_with(|| self.start(host));
        Hit::Wait(Rc::clone(running))
    }

    /// Looks up in a task of its own, so that a caller who gives up does not
    /// take the answer away from the others.
    fn start(self: &Rc<Self>, host: &str) -> Rc<Notify> {
        let notify = Rc::new(Notify::new());
        let told = Rc::clone(&notify);
        let looking = (self.lookup)(host.to_owned());
        let weak = Rc::downgrade(self);
        let host: Box<str> = host.into();
        tokio::task::spawn_local(async move {
            let outcome = looking.await;
            if let Some(resolver) = weak.upgrade() {
                resolver.learn(&host, outcome, Instant::now());
            }
            told.notify_waiters();
        });
        notify
    }

    fn learn(&self, host: &str, outcome: Result<Found, String>, now: Instant) {
        let mut names = self.names.borrow_mut();
        let Some(entry) = names.get_mut(host) else { return };
        entry.running = None;
        match outcome {
            Ok(found) if !found.addresses.is_empty() => {
                let ttl = found.ttl.clamp(MIN_TTL, MAX_TTL);
                entry.failed = None;
                entry.known = Some(Known {
                    addresses: found.addresses,
                    refresh_at: now + ttl.mul_f32(0.8),
                    expires: now + ttl,
                });
            }
            Ok(_) => entry.failed = Some((now + NEGATIVE_TTL, "no addresses".to_owned())),
            Err(reason) => entry.failed = Some((now + NEGATIVE_TTL, reason)),
        }
    }
}

/// Makes room by dropping the older half of the names that nobody waits for.
fn evict(names: &mut HashMap<Box<str>, Entry>) {
    if names.len() < MAX_NAMES {
        return;
    }
    let mut ages: Vec<Option<Instant>> = names.values().map(|entry| entry.used).collect();
    ages.sort_unstable();
    let median = ages[ages.len() / 2];
    names.retain(|_, entry| entry.running.is_some() || entry.used > median);
}

async fn system_lookup(cell: &OnceCell<TokioResolver>, host: String) -> Result<Found, String> {
    let resolver = cell.get_or_try_init(|| async { build() }).await?;
    let found = resolver.lookup_ip(host).await.map_err(|error| error.to_string())?;
    let ttl = found.valid_until().saturating_duration_since(Instant::now());
    Ok(Found { addresses: found.iter().collect(), ttl })
}

fn build() -> Result<TokioResolver, String> {
    let mut builder = TokioResolver::builder_tokio().map_err(|error| error.to_string())?;
    let options = builder.options_mut();
    // This module caches; a second cache below would answer the refreshes.
    options.cache_size = 0;
    options.timeout = Duration::from_secs(2);
    options.attempts = 2;
    builder.build().map_err(|error| error.to_string())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests;
