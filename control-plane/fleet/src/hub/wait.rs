//! Waiting for nodes to have a revision.

use std::time::Duration;

use gw_model::Revision;

use super::Hub;

impl Hub {
    /// Waits until every node that is connected here has acknowledged a
    /// revision; false if the time is up before.
    pub async fn await_revision(&self, revision: Revision, timeout: Duration) -> bool {
        let reached = async {
            loop {
                let acked = self.acked.notified();
                tokio::pin!(acked);
                // Before the look, so that nothing is missed between them.
                acked.as_mut().enable();
                if self.lock().machine.all_acked(revision) {
                    return;
                }
                acked.await;
            }
        };
        tokio::time::timeout(timeout, reached).await.is_ok()
    }

    /// Whether other replicas hold streams of nodes.
    pub fn has_nodes_elsewhere(&self) -> bool {
        self.lock().machine.has_nodes_elsewhere()
    }
}
