//! The node's numbers in Prometheus' text form, summed when they are asked for.

use std::{
    fmt::{Display, Write as _},
    sync::Arc,
    time::SystemTime,
};

use gw_listen::{Count, Stats};
use gw_pipeline::{Counters, LATENCY_BUCKETS, Totals};
use gw_sync::Status;
use gw_telemetry::metric;

use crate::hooks::{Serving, resident_bytes};

/// Renders everything.
pub(crate) fn render(serving: &Serving, status: &Status, now: SystemTime) -> String {
    let totals = Counters::total(serving.counters.iter().map(Arc::as_ref));
    let mut page = Page::default();
    traffic(&mut page, &totals);
    connections(&mut page, serving.stats());
    world(&mut page, status, now);
    page.gauge(
        "gatewright_held_body_bytes",
        "Bodies that are held as a whole",
        serving.body_budget.used(),
    );
    page.gauge(
        "gatewright_offload_waiting",
        "Large bodies that wait for a thread",
        serving.offload.waiting(),
    );
    page.gauge("process_resident_memory_bytes", "Memory in use", resident_bytes());
    page.gauge("gatewright_draining", "1 while the node drains", u64::from(serving.is_draining()));
    page.0
}

fn traffic(page: &mut Page, totals: &Totals) {
    page.counter(metric::REQUESTS, "Requests answered", totals.requests);
    page.counter(metric::CLIENT_ERRORS, "Requests answered with 4xx", totals.client_errors);
    page.counter(metric::SERVER_ERRORS, "Requests answered with 5xx", totals.server_errors);
    page.counter(
        "gatewright_gateway_responses_total",
        "Requests answered by a gateway response",
        totals.gateway_responses,
    );
    page.counter(
        "gatewright_refusals_not_logged_total",
        "Gateway responses of class 5xx beyond what is logged in a second",
        totals.untold_refusals,
    );
    page.counter(
        "gatewright_integrations_total",
        "Calls to backends that got an answer",
        totals.integrations,
    );
    page.counter(
        "gatewright_integration_latency_seconds_total",
        "Time from calls to backends to the heads of their answers",
        Seconds(totals.integration_latency_us),
    );
    page.head(metric::LATENCY, "histogram", "Time from a request's head to its answer's head");
    let name = metric::LATENCY;
    let mut below = 0;
    for (bits, count) in totals.latency_buckets.iter().enumerate().take(LATENCY_BUCKETS - 1) {
        below += count;
        // From 16 us on: what is faster needs no finer steps.
        if bits >= 4 {
            page.line(format_args!("{name}_bucket{{le=\"{}\"}} {below}", Seconds(1 << bits)));
        }
    }
    page.line(format_args!("{name}_bucket{{le=\"+Inf\"}} {}", totals.requests));
    page.line(format_args!("{name}_sum {}", Seconds(totals.latency_us)));
    page.line(format_args!("{name}_count {}", totals.requests));
}

fn connections(page: &mut Page, stats: &[Arc<Stats>]) {
    let sum = |of: fn(&Stats) -> &Count| stats.iter().map(|core| of(core).get()).sum::<u64>();
    page.gauge(metric::OPEN_CONNECTIONS, "Client connections open", sum(|s| &s.open));
    page.counter(
        "gatewright_connections_total",
        "Client connections accepted",
        sum(|s| &s.accepted),
    );
    page.counter(
        "gatewright_handshakes_failed_total",
        "TLS handshakes that failed",
        sum(|s| &s.handshakes_failed),
    );
    page.counter(
        "gatewright_client_faults_total",
        "Connections ended for malformed or abusive requests",
        sum(|s| &s.client_faults),
    );
    page.counter(
        "gatewright_refused_requests_total",
        "Requests refused before they were routed",
        sum(|s| &s.refused),
    );
}

fn world(page: &mut Page, status: &Status, now: SystemTime) {
    if let Some(revision) = status.revision {
        page.gauge(metric::WORLD_EPOCH, "Epoch of the world served", revision.epoch.0);
        page.gauge(metric::WORLD_REVISION, "Revision of the world served", revision.number);
    }
    page.gauge(metric::WORLD_STAGES, "Stages served", status.stages);
    page.gauge(
        "gatewright_world_stages_pending",
        "Stages whose declared release is not served yet",
        status.stages_pending,
    );
    page.gauge(
        "gatewright_world_from_disk",
        "1 while the world comes from disk and is not confirmed",
        u64::from(status.from_disk),
    );
    page.gauge(
        "gatewright_disk_backlog",
        "Changes of the world that are not on disk yet",
        status.disk_backlog,
    );
    page.gauge(
        metric::CONNECTED,
        "1 while a control plane is connected",
        u64::from(status.connected),
    );
    let offline = status.offline_since.filter(|_| !status.connected);
    let age = offline.and_then(|since| now.duration_since(since).ok()).unwrap_or_default();
    page.gauge(
        metric::WORLD_AGE,
        "Seconds since a control plane was last in reach",
        Seconds(u64::try_from(age.as_micros()).unwrap_or(u64::MAX)),
    );
    page.gauge(metric::COMPILED_BYTES, "Memory of compiled deployments", status.compiled_bytes);
    page.gauge(
        "gatewright_compiled_deployments",
        "Deployments held compiled",
        status.compiled_deployments,
    );
    page.counter(
        "gatewright_compilations_total",
        "Deployments compiled since the start",
        status.compiled_total,
    );
    page.counter(
        "gatewright_compile_faults_total",
        "Compilations that ended in a fault",
        status.compile_faults,
    );
    page.counter(metric::SNAPSHOT_SWAPS, "Worlds swapped in", status.swaps);
    page.counter(
        "gatewright_unreadable_facts_total",
        "Facts beside stages that could not be read",
        status.unreadable_facts,
    );
    page.counter("gatewright_resyncs_total", "Worlds fetched anew", status.resyncs);
    let certificates = [
        (
            "gatewright_certificate_not_after_seconds",
            "When the node's certificate ends, as Unix time",
            status.certificate_not_after,
        ),
        (
            "gatewright_traffic_certificate_not_after_seconds",
            "When the fleet's certificate for clients ends, as Unix time",
            status.traffic_certificate_not_after,
        ),
    ];
    for (name, help, end) in certificates {
        if let Some(end) = end {
            let end = end.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
            page.gauge(name, help, end);
        }
    }
}

/// Microseconds, written in seconds.
struct Seconds(u64);

impl Display for Seconds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{:06}", self.0 / 1_000_000, self.0 % 1_000_000)
    }
}

#[derive(Default)]
struct Page(String);

impl Page {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        self.line(format_args!("# HELP {name} {help}\n# TYPE {name} {kind}"));
    }

    fn gauge(&mut self, name: &str, help: &str, value: impl Display) {
        self.head(name, "gauge", help);
        self.line(format_args!("{name} {value}"));
    }

    fn counter(&mut self, name: &str, help: &str, value: impl Display) {
        self.head(name, "counter", help);
        self.line(format_args!("{name} {value}"));
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a string does not fail.
        let _ = writeln!(self.0, "{line}");
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_sample_or_a_comment() {
        let status = Status { revision: Some(gw_model::Revision::default()), ..Status::default() };
        let page = render(&Serving::default(), &status, SystemTime::now());
        for line in page.lines() {
            let fine = line.starts_with("# ")
                || line.rsplit_once(' ').is_some_and(|(_, value)| value.parse::<f64>().is_ok());
            assert!(fine, "{line}");
        }
        assert!(page.contains("gatewright_requests_total 0\n"));
        assert!(page.contains("gatewright_latency_seconds_bucket{le=\"0.001024\"} 0\n"));
        assert!(page.contains("gatewright_world_revision 0\n"));
    }
}
