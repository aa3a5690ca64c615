//! Fetching and compiling: how a release on its way gets ready.

use std::collections::BTreeSet;

use gw_model::{Digest, StageKey};

use super::{
    CANDIDATE_TTL_MS, NodeSync, Out,
    event::{Compilation, CompileId, Effect},
    stage::{Content, Progress, SLOTS, Serving, Slot, Work},
};
use crate::message::{Fault, FaultKind, Receipt, ReceiptState};

/// The first pause after a failure that was not the content's fault; doubles
/// with each further one.
const RETRY_FIRST_MS: u64 = 1000;

/// The longest such pause.
const RETRY_MAX_MS: u64 = 30_000;

impl NodeSync {
    /// Begins to get `content` ready in a free slot.
    pub(super) fn start(
        &mut self,
        key: &StageKey,
        slot: Slot,
        content: Content,
        now: u64,
        out: &mut Out,
    ) {
        let work = Work {
            content,
            progress: Progress::Fetching(BTreeSet::new()),
            compilation: Compilation::default(),
            since_ms: now,
            failures: 0,
        };
        *self.stages.entry(key.clone()).or_default().slot(slot) = Some(work);
        self.busy.insert(key.clone());
        self.fetch_missing(key, slot, out);
    }

    /// Asks for the contents that are neither compiled nor asked for, or goes
    /// on to compile.
    fn fetch_missing(&mut self, key: &StageKey, slot: Slot, out: &mut Out) {
        let Some(work) = self.stages.get_mut(key).and_then(|s| s.slot(slot).as_mut()) else {
            return;
        };
        let wanted = work.content.release.digests();
        let missing: BTreeSet<Digest> = wanted.filter(|d| !self.held.contains(d)).collect();
        for digest in &missing {
            let waiting = self.fetching.entry(*digest).or_insert_with(|| {
                out.work.push(Effect::Fetch(*digest));
                BTreeSet::new()
            });
            waiting.insert(key.clone());
        }
        let ready = missing.is_empty();
        work.progress = Progress::Fetching(missing);
        if ready {
            self.compile(key, slot, out);
        }
    }

    fn compile(&mut self, key: &StageKey, slot: Slot, out: &mut Out) {
        self.next_compile += 1;
        let id = CompileId(self.next_compile);
        if let Some(work) = self.stages.get_mut(key).and_then(|s| s.slot(slot).as_mut()) {
            work.progress = Progress::Compiling(id);
            let release = work.content.release.clone();
            self.compiling.insert(id, key.clone());
            out.work.push(Effect::Compile { id, stage: key.clone(), release });
        }
    }

    pub(super) fn fetched(
        &mut self,
        digest: Digest,
        result: &Result<(), Fault>,
        now: u64,
        out: &mut Out,
    ) {
        for key in self.fetching.remove(&digest).unwrap_or_default() {
            let Some(stage) = self.stages.get_mut(&key) else { continue };
            let waits = |work: &Work| matches!(&work.progress, Progress::Fetching(missing) if missing.contains(&digest));
            for slot in stage.slots_where(waits) {
                match result {
                    Ok(()) => self.one_fetched(&key, slot, digest, out),
                    Err(fault) => self.fail(&key, slot, fault, now, out),
                }
            }
        }
    }

    fn one_fetched(&mut self, key: &StageKey, slot: Slot, digest: Digest, out: &mut Out) {
        let work = self.stages.get_mut(key).and_then(|stage| stage.slot(slot).as_mut());
        let Some(Progress::Fetching(missing)) = work.map(|work| &mut work.progress) else { return };
        missing.remove(&digest);
        if missing.is_empty() {
            self.compile(key, slot, out);
        }
    }

    pub(super) fn compiled(
        &mut self,
        id: CompileId,
        result: Result<Compilation, Fault>,
        now: u64,
        out: &mut Out,
    ) {
        let Some(key) = self.compiling.get(&id).cloned() else {
            out.work.push(Effect::Discard(id));
            return;
        };
        let stage = self.stages.entry(key.clone()).or_default();
        let of_id = |work: &Work| work.progress == Progress::Compiling(id);
        let Some(slot) = stage.slots_where(of_id).first().copied() else { return };
        match result {
            Err(fault) => {
                self.compiling.remove(&id);
                self.fail(&key, slot, &fault, now, out);
            }
            Ok(compilation) => {
                if let Some(work) = stage.slot(slot) {
                    work.progress = Progress::Ready(id);
                    work.compilation = compilation;
                    self.held.extend(work.content.release.digests());
                }
                self.ready(&key, slot, now, out);
            }
        }
    }

    fn ready(&mut self, key: &StageKey, slot: Slot, now: u64, out: &mut Out) {
        match slot {
            Slot::Target => self.activate(key, now, out),
            Slot::Candidate => self.tell_progress(key, slot, now, out),
            Slot::Former => {
                let Some(stage) = self.stages.get_mut(key) else { return };
                if stage.serving.is_some() {
                    return self.drop_work(key, slot, out);
                }
                if let Some(work) = stage.former.take() {
                    self.swap_in(key, work, out);
                }
            }
        }
    }

    /// Serves a stage's target if it is ready.
    pub(super) fn activate(&mut self, key: &StageKey, now: u64, out: &mut Out) {
        let Some(stage) = self.stages.get_mut(key) else { return };
        let ready = |work: &mut Work| matches!(work.progress, Progress::Ready(_));
        let Some(work) = stage.target.take_if(ready) else { return };
        self.drop_work(key, Slot::Former, out);
        self.swap_in(key, work, out);
        self.former_agrees(key, out);
        self.tell_serving(key, now, out);
    }

    fn swap_in(&mut self, key: &StageKey, work: Work, out: &mut Out) {
        let Some(id) = work.compile_id() else { return };
        self.compiling.remove(&id);
        if let Some(stage) = self.stages.get_mut(key) {
            stage.serving = Some(Serving { content: work.content, compilation: work.compilation });
            if stage.is_idle() {
                self.busy.remove(key);
            }
        }
        out.apply.stages.push((key.clone(), id));
    }

    /// Notes that a stage serves what it declares.
    pub(super) fn former_agrees(&mut self, key: &StageKey, out: &mut Out) {
        if let Some(stage) = self.stages.get_mut(key) {
            out.former.remove(key);
            if std::mem::take(&mut stage.former_saved) {
                out.former.insert(key.clone(), None);
            }
        }
    }

    fn fail(&mut self, key: &StageKey, slot: Slot, fault: &Fault, now: u64, out: &mut Out) {
        let Some(work) = self.stages.get_mut(key).and_then(|s| s.slot(slot).as_mut()) else {
            return;
        };
        work.failures += 1;
        let first = work.failures == 1;
        work.progress = match fault.kind {
            FaultKind::Content => Progress::Rejected(fault.reason.clone()),
            FaultKind::Resource => Progress::Waiting { until_ms: now + pause_ms(work.failures) },
        };
        if slot == Slot::Former {
            if fault.kind == FaultKind::Content {
                self.drop_work(key, slot, out);
            }
        } else if fault.kind == FaultKind::Content {
            self.tell_progress(key, slot, now, out);
        } else if first {
            let receipt =
                receipt(key, work, ReceiptState::Lagging, fault.reason.clone(), Vec::new(), now);
            out.receipts.push(receipt);
        }
    }

    /// Tries again what failed for want of means and is due (or all of it).
    pub(super) fn retry(&mut self, now: u64, all: bool, out: &mut Out) {
        let due = |work: &Work| match work.progress {
            Progress::Waiting { until_ms } => all || until_ms <= now,
            _ => false,
        };
        let mut again = Vec::new();
        for key in &self.busy {
            let Some(stage) = self.stages.get(key) else { continue };
            again.extend(stage.slots_where(due).into_iter().map(|slot| (key.clone(), slot)));
        }
        for (key, slot) in again {
            self.fetch_missing(&key, slot, out);
        }
    }

    pub(super) fn tick(&mut self, now: u64, out: &mut Out) {
        let expired: Vec<StageKey> = self
            .busy
            .iter()
            .filter(|key| {
                let candidate = self.stages.get(*key).and_then(|stage| stage.candidate.as_ref());
                candidate.is_some_and(|work| work.since_ms + CANDIDATE_TTL_MS <= now)
            })
            .cloned()
            .collect();
        for key in expired {
            self.drop_work(&key, Slot::Candidate, out);
            self.forget_if_empty(&key);
        }
        self.retry(now, false, out);
    }

    /// Empties a slot.
    pub(super) fn drop_work(&mut self, key: &StageKey, slot: Slot, out: &mut Out) {
        let Some(stage) = self.stages.get_mut(key) else { return };
        let work = stage.slot(slot).take();
        if stage.is_idle() {
            self.busy.remove(key);
        }
        if let Some(id) = work.as_ref().and_then(Work::compile_id) {
            self.compiling.remove(&id);
            out.work.push(Effect::Discard(id));
        }
    }

    /// Drops all work of a stage.
    pub(super) fn drop_all_work(&mut self, key: &StageKey, out: &mut Out) {
        for slot in SLOTS {
            self.drop_work(key, slot, out);
        }
    }

    /// Forgets a stage that neither serves nor prepares anything.
    pub(super) fn forget_if_empty(&mut self, key: &StageKey) {
        if self.stages.get(key).is_some_and(|s| s.is_idle() && s.serving.is_none()) {
            self.stages.remove(key);
        }
    }

    /// A receipt for the release that a stage serves.
    pub(super) fn tell_serving(&mut self, key: &StageKey, now: u64, out: &mut Out) {
        let Some(serving) = self.stages.get(key).and_then(|stage| stage.serving.as_ref()) else {
            return;
        };
        out.receipts.push(Receipt {
            stage: key.clone(),
            release: serving.content.number(),
            state: ReceiptState::Serving,
            reason: String::new(),
            warnings: serving.compilation.warnings.clone(),
            compile_us: serving.compilation.compile_us,
            at_ms: now,
            held: self.held_of(&serving.content),
        });
    }

    /// A receipt for work that came to an end; nothing while it goes on.
    pub(super) fn tell_progress(&mut self, key: &StageKey, slot: Slot, now: u64, out: &mut Out) {
        let Some(work) = self.stages.get_mut(key).and_then(|stage| stage.slot(slot).as_ref())
        else {
            return;
        };
        let work = work.clone();
        let held = self.held_of(&work.content);
        let (state, reason) = match &work.progress {
            Progress::Ready(_) => (ReceiptState::Prepared, String::new()),
            Progress::Rejected(reason) => (ReceiptState::Rejected, reason.clone()),
            Progress::Fetching(_) | Progress::Compiling(_) | Progress::Waiting { .. } => return,
        };
        out.receipts.push(receipt(key, &work, state, reason, held, now));
    }

    fn held_of(&self, content: &Content) -> Vec<Digest> {
        content.release.digests().filter(|digest| self.held.contains(digest)).collect()
    }
}

fn receipt(
    key: &StageKey,
    work: &Work,
    state: ReceiptState,
    reason: String,
    held: Vec<Digest>,
    now: u64,
) -> Receipt {
    Receipt {
        stage: key.clone(),
        release: work.content.number(),
        state,
        reason,
        warnings: work.compilation.warnings.clone(),
        compile_us: work.compilation.compile_us,
        at_ms: now,
        held,
    }
}

fn pause_ms(failures: u32) -> u64 {
    RETRY_FIRST_MS.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(RETRY_MAX_MS)
}
