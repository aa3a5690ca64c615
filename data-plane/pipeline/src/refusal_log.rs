//! A log line for refusals that are not the client's fault.
//!
//! A backend that is down refuses thousands of requests a second, so each core
//! tells a few of them and counts the others. Lines are written by a thread of
//! their own: who reads the log slowly does not hold a core up.

use std::{
    cell::Cell,
    sync::{
        OnceLock,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    time::{Duration, Instant},
};

use gw_snapshot::{FaultKind, GatewayError};

use crate::{ctx::RequestCtx, note};

/// Lines of one core in one second.
const LINES_PER_SECOND: u32 = 10;
/// Lines that wait for the writing thread, of all cores.
const WAITING: usize = 256;
/// AWS cuts what it logs here, in bytes.
const MAX_REASON_BYTES: usize = 1024;

/// What one core has told in the second that runs.
#[derive(Debug, Default)]
pub(crate) struct Allowance(Cell<Option<(Instant, u32)>>);

impl Allowance {
    /// Whether one more line may be told at `now`.
    fn take(&self, now: Instant) -> bool {
        let (began, told) = match self.0.get() {
            Some((began, told))
                if now.saturating_duration_since(began) < Duration::from_secs(1) =>
            {
                (began, told)
            }
            _ => (now, 0),
        };
        let allowed = told < LINES_PER_SECOND;
        self.0.set(Some((began, told + u32::from(allowed))));
        allowed
    }
}

/// One line.
#[derive(Debug)]
struct Line {
    api: String,
    stage: String,
    method: String,
    request: String,
    status: u16,
    kind: &'static str,
    reason: String,
}

/// Tells of a refusal of class 5xx, unless the core has told enough. Whoever
/// makes a test call is told anyway.
pub(crate) fn tell(ctx: &RequestCtx<'_>, error: &GatewayError) {
    if !error.status.is_server_error() || ctx.is_test {
        return;
    }
    let told = ctx.core.refusals.take(ctx.began) && writer().try_send(line(ctx, error)).is_ok();
    if !told {
        ctx.core.counters.untold();
    }
}

fn line(ctx: &RequestCtx<'_>, error: &GatewayError) -> Line {
    let key = ctx.stage.as_ref().map(|located| located.stage.key());
    let place = ctx.route.as_ref().map(|r| format!("{} {}", r.route.verb, r.resource.path));
    let mut reason = reason(ctx, error).unwrap_or_default();
    reason.truncate(reason.floor_char_boundary(MAX_REASON_BYTES));
    Line {
        api: key.map(|key| key.api.to_string()).unwrap_or_default(),
        stage: key.map(|key| key.stage.to_string()).unwrap_or_default(),
        method: place.unwrap_or_default(),
        request: ctx.ids.request().to_owned(),
        status: error.status.as_u16(),
        kind: error.kind.as_str(),
        reason,
    }
}

/// Why, in the words of the execution log: the refusal's own, or what was
/// wrong with the method when it was compiled.
pub(crate) fn reason(ctx: &RequestCtx<'_>, error: &GatewayError) -> Option<String> {
    match &error.log {
        Some(log) => Some(log.clone().into_owned()),
        None if error.status.is_server_error() => poison(ctx).map(note::failed),
        None => None,
    }
}

/// What the deployment's warnings say of a method.
fn poison(ctx: &RequestCtx<'_>) -> Option<String> {
    let (located, routed) = (ctx.stage.as_ref()?, ctx.route.as_ref()?);
    let place = format!("{} {}", routed.route.verb, routed.resource.path);
    let warnings = located.bound.api.warnings().iter();
    let here = |at: &str| {
        at.strip_prefix(&*place).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    };
    let reasons = warnings
        .filter(|fault| fault.kind == FaultKind::Poisoned && here(&fault.place))
        .map(|fault| fault.reason.as_str());
    let list = reasons.collect::<Vec<_>>().join("; ");
    (!list.is_empty()).then_some(list)
}

/// The way to the writing thread: one of the process, as its log is.
fn writer() -> &'static SyncSender<Line> {
    static WRITER: OnceLock<SyncSender<Line>> = OnceLock::new();
    WRITER.get_or_init(|| {
        let (sender, lines) = sync_channel(WAITING);
        // Without a thread the receiver is gone, and every line counts as untold.
        let _ = std::thread::Builder::new().name("refusals".to_owned()).spawn(|| write(lines));
        sender
    })
}

#[expect(clippy::needless_pass_by_value, reason = "the thread owns its end")]
fn write(lines: Receiver<Line>) {
    for line in &lines {
        // Reasons quote what came from outside: debug form keeps it one line.
        tracing::warn!(
            api = line.api,
            stage = line.stage,
            method = line.method,
            request_id = line.request,
            status = line.status,
            response_type = line.kind,
            reason = ?line.reason,
            "request refused"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_second_has_its_lines() {
        let allowance = Allowance::default();
        let start = Instant::now();
        let told = |at: Instant| (0..100).filter(|_| allowance.take(at)).count();
        assert_eq!(told(start), 10);
        assert_eq!(told(start + Duration::from_millis(999)), 0);
        assert_eq!(told(start + Duration::from_secs(1)), 10);
        assert_eq!(told(start + Duration::from_millis(1500)), 0);
        // Requests do not end in the order in which they began.
        assert_eq!(told(start), 0);
        assert_eq!(told(start + Duration::from_secs(9)), 10);
    }
}
