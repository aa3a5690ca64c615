//! Sending one request: a kept connection if there is one, a new one if not,
//! and a second try when the kept one turns out to be gone.

use std::{
    cell::{Cell, RefCell},
    rc::{Rc, Weak},
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, header};

use crate::{
    answer::{self, Answer, Store},
    body::Body,
    config::{Config, Timeouts},
    connect::Connector,
    deadline::Deadlines,
    error::Error,
    exchange::{Exchange, Failure, SCRATCH},
    head::Head,
    patience::Patience,
    pool::{Lease, Limits, Pool, Slot},
    receiving::ResponseBody,
    sending::Sending,
    target::Target,
};

const SWEEP_EVERY: Duration = Duration::from_secs(5);

/// Head buffers up to this size are used again.
const MAX_SPARE: usize = 16 * 1024;

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
    deadlines: Rc<Deadlines>,
    scratch: RefCell<Box<[u8]>>,
    /// A buffer for the next request's head.
    spare: Cell<Vec<u8>>,
    max_head: usize,
}

/// A request as [`Client::call`] takes it.
#[derive(Debug)]
pub struct Call {
    /// From [`Client::head`], with every header but the body's framing.
    pub head: Head,
    /// What follows the head.
    pub body: Body,
    /// A map to put the answer's headers in; what it holds is forgotten.
    pub headers: HeaderMap,
    /// What becomes of each of the answer's headers.
    pub store: Store,
    /// When the call began; its time runs from here.
    pub began: Instant,
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
        let shared = Rc::new(Shared {
            pool: Pool::new(limits),
            connector: Connector::new(config)?,
            deadlines: Deadlines::start(),
            scratch: RefCell::new(vec![0; SCRATCH].into_boxed_slice()),
            spare: Cell::default(),
            max_head: config.max_response_head_bytes,
        });
        tokio::task::spawn_local(sweep(Rc::downgrade(&shared)));
        Ok(Self(shared))
    }

    /// Begins a request's head; `path` is in origin form, with its query.
    #[must_use]
    pub fn head(&self, method: &Method, path: &str) -> Head {
        Head::begin(self.0.spare.take(), method, path)
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
        request: Request<Body>,
        timeouts: &Timeouts,
    ) -> Result<Response<ResponseBody>, Error> {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let mut head = self.head(&parts.method, path);
        for (name, value) in &parts.headers {
            head.header(name, value);
        }
        if !parts.headers.contains_key(header::HOST) {
            head.header(&header::HOST, target.authority());
        }
        let began = Instant::now();
        let call = Call { head, body, headers: parts.headers, store: answer::keep, began };
        self.call(target, call, timeouts).await
    }

    /// As [`Client::send`], for a head that was written without a header map.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub async fn call(
        &self,
        target: &Target,
        call: Call,
        timeouts: &Timeouts,
    ) -> Result<Response<ResponseBody>, Error> {
        let shared = &*self.0;
        let Call { head, body, mut headers, store, began } = call;
        headers.clear();
        let mut sending = Sending::new(head, body);
        let mut patience = Patience::new(&shared.deadlines, began.into(), timeouts);
        let slot = shared.pool.slot(target);
        let mut kept = slot.take(began);
        loop {
            let is_kept = kept.is_some();
            let mut lease = match kept.take() {
                Some(lease) => lease,
                // Connecting is rare and its state is large: keep it off this
                // future.
                None => Box::pin(self.connect(target, &slot, &patience, timeouts)).await?,
            };
            let exchange = Exchange {
                conn: &mut lease.conn,
                sending: &mut sending,
                patience: &mut patience,
                scratch: &shared.scratch,
                headers: &mut headers,
                store,
                max_head: shared.max_head,
                answered: false,
            };
            match exchange.run().await {
                Ok((answer, rest)) => {
                    return self.answer(answer, rest, headers, sending, lease, slot, timeouts);
                }
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Gone(source)) => {
                    let retry_safe = sending.is_repeatable();
                    if !(is_kept && retry_safe) {
                        return Err(Error::Closed { retry_safe, source: source.map(Into::into) });
                    }
                    sending.rewind();
                }
            }
        }
    }

    async fn connect(
        &self,
        target: &Target,
        slot: &Slot,
        patience: &Patience,
        timeouts: &Timeouts,
    ) -> Result<Lease, Error> {
        let connecting = self.0.connector.connect(target, &slot.turn, timeouts.connect);
        match tokio::time::timeout_at(patience.at(), connecting).await {
            Ok(connected) => Ok(Lease::new(connected?)),
            Err(_elapsed) => Err(Error::Timeout),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one exchange, put together")]
    fn answer(
        &self,
        answer: Answer,
        rest: Bytes,
        headers: HeaderMap,
        sending: Sending,
        lease: Lease,
        slot: Rc<Slot>,
        timeouts: &Timeouts,
    ) -> Result<Response<ResponseBody>, Error> {
        let unsent = if sending.is_done() {
            let buffer = sending.into_buffer();
            if buffer.capacity() <= MAX_SPARE {
                self.0.spare.set(buffer);
            }
            None
        } else {
            Some(sending)
        };
        let home = answer.keep_alive.then_some(slot);
        let idle = timeouts.body_idle;
        let body = ResponseBody::new(answer.framing, rest, lease, home, unsent, idle)?;
        let mut response = Response::new(body);
        *response.status_mut() = answer.status;
        *response.headers_mut() = headers;
        Ok(response)
    }

    /// Looks a name up ahead of its first request; ends when it is known, or
    /// known to fail.
    pub async fn warm(&self, name: &str) {
        // The first request meets the failure again, and tells of it.
        let _ = self.0.connector.resolver().resolve(name).await;
    }

    /// Unused connections kept for a target on this core.
    #[must_use]
    pub fn idle_count(&self, target: &Target) -> usize {
        self.0.pool.slot(target).idle_count()
    }
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
