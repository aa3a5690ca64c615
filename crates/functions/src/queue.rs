//! Asynchronous invocations: accepted at once, run when there is room, tried
//! again when they fail.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::environment::Call;
use crate::http::Refusal;
use crate::invoke::{Found, Service};

/// How many bytes of payloads may wait.
const MOST_BYTES: usize = 256 << 20;

/// How long an invocation waits for room before it looks again.
const ROOM: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(5));

/// How long an event may wait, as at AWS.
const OLDEST: Duration = Duration::from_secs(6 * 3600);

/// Events that wait or run.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    bytes: AtomicUsize,
}

impl Queue {
    /// Takes an event in.
    pub(crate) fn add(
        self: &Arc<Self>,
        service: &Arc<Service>,
        found: Found,
        call: Call,
    ) -> Result<(), Refusal> {
        // A payload of nothing still takes room.
        let size = call.payload.len() + 1024;
        let one_more = |bytes: usize| Some(bytes + size).filter(|bytes| *bytes <= MOST_BYTES);
        self.bytes
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more)
            .map_err(|_| Refusal::Throttled("FunctionInvocationRateLimitExceeded"))?;
        let (queue, service) = (self.clone(), service.clone());
        let stop = service.home.stop.clone();
        service.home.tracker.clone().spawn(async move {
            stop.run_until_cancelled(see_through(&service, &found, call)).await;
            queue.bytes.fetch_sub(size, Ordering::Relaxed);
        });
        Ok(())
    }
}

/// Runs an event until it succeeds or is given up.
async fn see_through(service: &Arc<Service>, found: &Found, call: Call) {
    let name = &found.member.function.name;
    let log = &service.home.log;
    let until = tokio::time::Instant::now() + OLDEST;
    let mut tries = 0;
    loop {
        let Some(permit) = room(service, found, until).await else {
            log.line(name, &format!("{} is given up: it has waited too long", call.id));
            return;
        };
        let outcome = service.run(found.clone(), permit, call.clone(), None).await;
        if matches!(&outcome, Ok(outcome) if outcome.answer.is_ok()) {
            return;
        }
        if tries >= found.member.function.retries {
            log.line(name, &format!("{} is given up after {} retries", call.id, tries));
            return;
        }
        let waits = &service.world().catalog.retry_waits;
        let wait = waits.get(tries).or(waits.last()).copied().unwrap_or_default();
        tries += 1;
        log.line(name, &format!("{} failed; it is tried again in {wait:?}", call.id));
        tokio::time::sleep(wait).await;
    }
}

/// Waits until the function may run.
async fn room(
    service: &Service,
    found: &Found,
    until: tokio::time::Instant,
) -> Option<crate::pool::Permit> {
    let mut pause = ROOM.0;
    while tokio::time::Instant::now() < until {
        if let Ok(permit) = service.permit(found) {
            return Some(permit);
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(ROOM.1);
    }
    None
}
