//! What a node cannot serve, told once in its log.

use std::collections::HashMap;

use gw_fleet_core::message::{Receipt, ReceiptState};
use gw_model::{ReleaseNumber, StageKey};

/// How many stages are remembered. A node with more faults than that may tell
/// some of them again.
const KEPT: usize = 4096;

/// The faults that the log has been told of. Receipts are told again on each
/// new stream, and a line for each would say nothing new.
#[derive(Debug, Default)]
pub(super) struct Faults(HashMap<StageKey, (ReleaseNumber, ReceiptState)>);

impl Faults {
    /// Takes note of a receipt; whether it is news for the log.
    fn is_news(&mut self, receipt: &Receipt) -> bool {
        let word = (receipt.release, receipt.state);
        match receipt.state {
            ReceiptState::Prepared => false,
            ReceiptState::Serving => {
                self.0.remove(&receipt.stage);
                false
            }
            ReceiptState::Rejected | ReceiptState::Lagging => {
                if self.0.len() >= KEPT {
                    self.0.clear();
                }
                self.0.insert(receipt.stage.clone(), word) != Some(word)
            }
        }
    }

    /// One line for a release that this node cannot serve, or not yet.
    pub(super) fn tell(&mut self, receipt: &Receipt) {
        if !self.is_news(receipt) {
            return;
        }
        let (stage, release, reason) = (&receipt.stage, receipt.release, &receipt.reason);
        if receipt.state == ReceiptState::Rejected {
            tracing::warn!(%stage, %release, %reason, "this node cannot serve a release");
        } else {
            tracing::warn!(%stage, %release, %reason, "this node cannot serve a release yet, and tries again");
        }
    }
}

#[cfg(test)]
mod tests {
    use gw_model::Scope;

    use super::*;

    #[test]
    fn a_fault_is_news_once() {
        let receipt = |stage: &str, release, state| Receipt {
            stage: StageKey {
                scope: Scope::new("000000000000", "us-east-1"),
                api: "api".into(),
                stage: stage.into(),
            },
            release: ReleaseNumber(release),
            state,
            reason: "too large".to_owned(),
            warnings: Vec::new(),
            compile_us: 0,
            at_ms: 0,
            held: Vec::new(),
        };
        use ReceiptState::{Lagging, Prepared, Rejected, Serving};
        let mut faults = Faults::default();
        for (stage, release, state, news) in [
            ("dev", 1, Serving, false),
            ("dev", 2, Prepared, false),
            ("dev", 2, Rejected, true),
            // The same receipt on a new stream.
            ("dev", 2, Rejected, false),
            ("prod", 2, Rejected, true),
            ("dev", 3, Lagging, true),
            ("dev", 3, Rejected, true),
            ("dev", 4, Serving, false),
            ("dev", 4, Rejected, true),
        ] {
            let told = faults.is_news(&receipt(stage, release, state));
            assert_eq!(told, news, "{stage} {release} {state:?}");
        }
    }
}
