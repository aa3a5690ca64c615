//! Sending one request: a kept connection if there is one, a new one if not,
//! and a second try when the kept one turns out to be gone.

use std::{
    rc::{Rc, Weak},
    time::Duration,
};

use http::{Method, Request, Response, header};
use hyper::body::Incoming;

use crate::{
    body::{Body, ResponseBody},
    config::{Config, Timeouts},
    connect::Connector,
    error::Error,
    pool::{Lease, Limits, Pool, Slot},
    target::Target,
};

const SWEEP_EVERY: Duration = Duration::from_secs(5);

/// A client that cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// TLS cannot be set up.
    #[error("cannot set up tls for origins")]
    Tls(#[from] rustls::Error),
}

/// The origins' client of one core; clones share its pools.
#[derive(Clone)]
pub struct Client(Rc<Shared>);

struct Shared {
    pool: Pool,
    connector: Connector,
}

impl Client {
    /// Builds the client and starts its sweeper; call it on the core's own
    /// thread, inside the runtime.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn new(config: &Config) -> Result<Self, SetupError> {
        let limits = Limits {
            idle_timeout: config.idle_timeout,
            max_idle: config.max_idle_per_target,
            max_lifetime: config.max_lifetime,
        };
        let shared =
            Rc::new(Shared { pool: Pool::new(limits), connector: Connector::new(config)? });
        tokio::task::spawn_local(sweep(Rc::downgrade(&shared)));
        Ok(Self(shared))
    }

    /// Sends a request and returns when the response head is there; the body
    /// streams on.
    ///
    /// # Errors
    /// See [`Error`]. A request that a closed kept connection never took, or
    /// that is idempotent and has no body, has been tried a second time.
    pub async fn send(
        &self,
        target: &Target,
        mut request: Request<Body>,
        timeouts: &Timeouts,
    ) -> Result<Response<ResponseBody>, Error> {
        if !request.headers().contains_key(header::HOST) {
            request.headers_mut().insert(header::HOST, target.authority().clone());
        }
        match tokio::time::timeout(timeouts.response, self.attempt(target, request, timeouts)).await
        {
            Ok(outcome) => outcome,
            Err(_elapsed) => Err(Error::Timeout),
        }
    }

    /// Resolves the target's host ahead of its first request.
    pub fn warm(&self, target: &Target) {
        if target.address().is_none() {
            self.0.connector.resolver().prefetch(target.host());
        }
    }

    async fn attempt(
        &self,
        target: &Target,
        mut request: Request<Body>,
        timeouts: &Timeouts,
    ) -> Result<Response<ResponseBody>, Error> {
        let slot = self.0.pool.slot(target);
        if let Some(mut lease) = slot.take() {
            let spare = spare(&request);
            match lease.sender.try_send_request(request).await {
                Ok(response) => return Ok(answer(response, timeouts, slot, lease)),
                Err(mut failed) => {
                    let unsent = failed.take_message();
                    let error = Error::of_exchange(failed.into_error(), spare.is_some());
                    let gone = unsent.is_some() || matches!(error, Error::Closed { .. });
                    match unsent.or(spare) {
                        Some(again) if gone => request = again,
                        _ => return Err(error),
                    }
                }
            }
        }
        // Connecting is rare and its state is large: keep it off this future.
        let connecting = self.0.connector.connect(target, &slot.turn, timeouts.connect);
        let mut lease = Lease::new(Box::pin(connecting).await?);
        let retry_safe = is_repeatable(&request);
        match lease.sender.try_send_request(request).await {
            Ok(response) => Ok(answer(response, timeouts, slot, lease)),
            Err(failed) => Err(Error::of_exchange(failed.into_error(), retry_safe)),
        }
    }

    /// Unused connections kept for a target on this core.
    #[must_use]
    pub fn idle_count(&self, target: &Target) -> usize {
        self.0.pool.slot(target).idle_count()
    }
}

fn answer(
    response: Response<Incoming>,
    timeouts: &Timeouts,
    slot: Rc<Slot>,
    lease: Lease,
) -> Response<ResponseBody> {
    response.map(|body| ResponseBody::new(body, timeouts.body_idle, slot, lease))
}

fn is_repeatable(request: &Request<Body>) -> bool {
    let method = request.method();
    request.body().is_empty()
        && (method.is_idempotent() || method == Method::GET || method == Method::HEAD)
}

/// A second copy of the head, for the keep-alive race: the origin closed the
/// connection while the request was on its way.
fn spare(request: &Request<Body>) -> Option<Request<Body>> {
    if !is_repeatable(request) {
        return None;
    }
    let mut spare = Request::new(Body::empty());
    *spare.method_mut() = request.method().clone();
    *spare.uri_mut() = request.uri().clone();
    *spare.headers_mut() = request.headers().clone();
    Some(spare)
}

async fn sweep(shared: Weak<Shared>) {
    loop {
        tokio::time::sleep(SWEEP_EVERY).await;
        match shared.upgrade() {
            Some(shared) => shared.pool.sweep(),
            None => return,
        }
    }
}
