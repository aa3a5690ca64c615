//! What other threads and tasks tell the driver, and the start from disk.

use std::time::{Duration, Instant};

use gw_fleet_core::node::{CompileId, Event, SavedWorld};
use gw_model::Digest;

use super::Driver;
use crate::{compile::Done, fetch::Broken};

/// How often a long start is reported.
const PROGRESS_EVERY: Duration = Duration::from_secs(1);

/// The end of work that was given away.
pub(crate) enum Input {
    /// A compilation ended.
    Compiled(Done),
    /// A compilation was left out, as asked.
    Skipped(CompileId),
    /// A transfer ended.
    Fetched { digest: Digest, result: Result<Vec<u8>, Broken> },
}

/// What came of a start from disk.
#[derive(Debug)]
pub(crate) struct Restored {
    pub(crate) stages: usize,
    /// Stages that could not be served, for now or for good.
    pub(crate) left_out: usize,
    pub(crate) took: Duration,
}

impl Driver {
    /// Compiles and publishes a world from disk, before there is a line. It is
    /// published once, whole.
    ///
    /// Must be called outside of a runtime: it waits.
    pub(crate) fn restore(&mut self, world: SavedWorld) -> Restored {
        let begun = Instant::now();
        let mut reported = begun;
        self.handle(Event::Restored(world));
        let all = self.compiling;
        while self.compiling > 0 {
            let Some(input) = self.inputs.blocking_recv() else { break };
            self.input(input);
            if reported.elapsed() > PROGRESS_EVERY {
                reported = Instant::now();
                tracing::info!(left = self.compiling, of = all, "compiling the world on disk");
            }
        }
        self.flush();
        self.status.update(|status| {
            status.from_disk = true;
            status.ready = true;
        });
        self.show();
        let declared = self.machine.stage_count();
        let served = self.stages.served();
        Restored {
            stages: served,
            left_out: declared.saturating_sub(served),
            took: begun.elapsed(),
        }
    }
}
