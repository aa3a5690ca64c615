//! From use cases to the wire types of `/gatewright/v1/`.

use gw_app::{
    AuditRow, DeploymentReceiptsView, FleetView, HistoryView, NodeState, NodeView, ReceiptRow,
    ReceiptState, ReleaseDetailView, ReleaseState, ReleaseView, UnservedRow,
};
use gw_model::Revision;
use gw_wire::{gatewright as wire, page::encode};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// ISO 8601 in UTC.
pub(crate) fn time_text(moment: OffsetDateTime) -> String {
    let utc = moment.to_offset(time::UtcOffset::UTC);
    // A year beyond 9999 is the only failure; then any text will do.
    utc.format(&Rfc3339).unwrap_or_else(|_| utc.unix_timestamp().to_string())
}

/// A moment of an execution log: `Thu Apr 05 11:07:54 UTC 2018`.
pub(crate) fn log_time(at_ms: u64) -> String {
    let format = time::macros::format_description!(
        "[weekday repr:short] [month repr:short] [day] [hour]:[minute]:[second] UTC [year]"
    );
    let seconds = i64::try_from(at_ms / 1000).unwrap_or_default();
    let at = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    at.format(format).unwrap_or_default()
}

pub(crate) const fn state(state: ReleaseState) -> wire::ReleaseState {
    match state {
        ReleaseState::Pending => wire::ReleaseState::Pending,
        ReleaseState::Serving => wire::ReleaseState::Serving,
        ReleaseState::Former => wire::ReleaseState::Former,
        ReleaseState::Superseded => wire::ReleaseState::Superseded,
        ReleaseState::Rejected => wire::ReleaseState::Rejected,
    }
}

/// The state as AWS-shaped answers show it.
pub(crate) fn state_text(state: ReleaseState) -> String {
    let text = match state {
        ReleaseState::Pending => "pending",
        ReleaseState::Serving => "serving",
        ReleaseState::Former => "former",
        ReleaseState::Superseded => "superseded",
        ReleaseState::Rejected => "rejected",
    };
    text.to_owned()
}

const fn receipt_state(state: ReceiptState) -> wire::ReceiptState {
    match state {
        ReceiptState::Waiting => wire::ReceiptState::Waiting,
        ReceiptState::Prepared => wire::ReceiptState::Prepared,
        ReceiptState::Serving => wire::ReceiptState::Serving,
        ReceiptState::Rejected => wire::ReceiptState::Rejected,
        ReceiptState::Lagging => wire::ReceiptState::Lagging,
    }
}

fn receipt(row: &ReceiptRow) -> wire::Receipt {
    wire::Receipt {
        node_id: row.node.to_string(),
        state: receipt_state(row.state),
        reason: row.reason.clone(),
        warnings: row.warnings.clone(),
        compile_us: row.compile_us,
        at: time_text(row.at),
    }
}

fn release(view: &ReleaseView) -> wire::ReleaseSummary {
    let canary = view.release.canary.as_ref().map(|canary| wire::Canary {
        deployment_id: canary.deployment_id.to_string(),
        percent_traffic: canary.percent_traffic,
        stage_variable_overrides: canary.stage_variable_overrides.clone(),
    });
    wire::ReleaseSummary {
        number: view.release.number.0,
        state: state(view.state),
        cause: view.cause.clone(),
        actor: view.actor.clone(),
        created_at: time_text(view.created_at),
        deployment_id: view.release.deployment_id.to_string(),
        digest: view.release.deployment.to_string(),
        description: view.description.clone(),
        canary,
        reason: view.reason.clone(),
        revision: view.revision.to_string(),
    }
}

pub(crate) fn detail(view: &ReleaseDetailView) -> wire::ReleaseDetail {
    wire::ReleaseDetail {
        rest_api_id: view.key.api.to_string(),
        stage_name: view.key.stage.to_string(),
        release: release(&view.release),
        variables: view.release.release.variables.clone(),
        receipts: view.receipts.iter().map(receipt).collect(),
        settled: view.settled,
        settled_ms: view.settled_ms,
    }
}

pub(crate) fn history(view: &HistoryView) -> wire::History {
    wire::History {
        desired: Some(view.desired.0),
        serving: view.serving.map(|number| number.0),
        releases: view.releases.items.iter().map(release).collect(),
        position: view.releases.position.as_deref().map(encode),
    }
}

pub(crate) fn receipts(view: &DeploymentReceiptsView) -> wire::DeploymentReceipts {
    wire::DeploymentReceipts {
        deployment_id: view.deployment.id.to_string(),
        digest: view.deployment.digest.to_string(),
        size_bytes: view.deployment.size_bytes,
        warnings: view.deployment.warnings.clone(),
        releases: view.releases.iter().map(detail).collect(),
    }
}

/// A node sends a heartbeat each second. One that missed this many is lagging,
/// whatever it said last: its line may be dead, which its stream shows later.
const SILENT_MS: u64 = 5_000;

/// A node against the revision that it should be at.
pub(crate) fn node(view: &NodeView, newest: Revision) -> wire::NodeStatus {
    let health = if !view.connected {
        wire::NodeHealth::Disconnected
    } else if view.draining {
        wire::NodeHealth::Draining
    } else if view.acked < newest || view.last_seen_ms_ago >= SILENT_MS {
        wire::NodeHealth::Lagging
    } else if view.unserved.is_empty() {
        wire::NodeHealth::Current
    } else {
        wire::NodeHealth::Partial
    };
    let not_serving = |row: &UnservedRow| wire::NotServing {
        rest_api_id: row.api.to_string(),
        stage_name: row.stage.to_string(),
        release: row.release.0,
        state: receipt_state(row.state),
        reason: row.reason.clone(),
    };
    wire::NodeStatus {
        node_id: view.id.to_string(),
        health,
        cordoned: view.cordoned,
        slot: view.slot,
        build: view.build.clone(),
        replica: view.replica.clone(),
        revision: view.acked.to_string(),
        last_seen_ms_ago: view.last_seen_ms_ago,
        lag_ms: view.lag_ms,
        traffic_address: view.traffic_address.clone(),
        metrics_address: view.metrics_address.clone(),
        not_serving: view.unserved.iter().map(not_serving).collect(),
        not_serving_count: view.unserved.first().map_or(0, |row| row.of),
    }
}

pub(crate) fn fleet(view: &FleetView) -> wire::FleetStatus {
    wire::FleetStatus {
        revision: view.revision.to_string(),
        nodes: view.nodes.iter().map(|one| node(one, view.revision)).collect(),
    }
}

pub(crate) fn live(view: NodeState) -> wire::NodeLive {
    let millis = i128::from(view.started_at_ms) * 1_000_000;
    let started = OffsetDateTime::from_unix_timestamp_nanos(millis);
    wire::NodeLive {
        revision: view.revision.to_string(),
        root_digest: view.root_digest,
        stages: view.stages,
        compiled_deployments: view.compiled_deployments,
        compiled_bytes: view.compiled_bytes,
        started_at: started.map(time_text).unwrap_or_default(),
        serving: view.serving,
    }
}

pub(crate) fn difference(entry: &gw_openapi::DiffEntry) -> wire::DiffEntry {
    let kind = match entry.change {
        gw_openapi::Change::Added => wire::ChangeKind::Added,
        gw_openapi::Change::Removed => wire::ChangeKind::Removed,
        gw_openapi::Change::Changed => wire::ChangeKind::Changed,
    };
    wire::DiffEntry {
        kind,
        what: entry.what.clone(),
        path: entry.path.clone(),
        from: entry.from.clone(),
        to: entry.to.clone(),
    }
}

pub(crate) fn audit(row: &AuditRow) -> wire::AuditEntry {
    wire::AuditEntry {
        id: row.id,
        at: time_text(row.at),
        actor: row.actor.clone(),
        operation: row.operation.clone(),
        resource: row.resource.clone(),
        scope: row.scope.to_string(),
        request_id: row.request_id.clone(),
        detail: row.detail.clone(),
    }
}
