//! A node: follows the declared world and serves what it can of it.
//!
//! The declared world changes at once when a delta is accepted. What requests
//! meet follows stage by stage: at once where the stage's new release was
//! prepared, after fetching and compiling where it was not. A stage whose new
//! release cannot be compiled keeps its former one, and a receipt says so.

mod delta;
mod event;
mod incoming;
mod stage;
mod work;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use gw_model::{Digest, ReleaseNumber, ResourceName, Revision, RootDigest, StageKey};

pub use self::event::{Apply, Compilation, CompileId, Effect, Event, Persist, SavedWorld};
use self::{
    incoming::Incoming,
    stage::{Content, Progress, Slot, Stage},
};
use crate::{
    declared::Declared,
    message::{Abandon, Hello, NodeMessage, Prepare, Receipt, ReceiptState},
};

/// What a node refuses before it looks inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The most resources in a world.
    pub max_resources: usize,
    /// The most bytes of names and contents in a world (deployments are not
    /// part of it).
    pub max_world_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_resources: 4_000_000, max_world_bytes: 2 << 30 }
    }
}

/// A prepared release that nobody commits is forgotten after this long.
const CANDIDATE_TTL_MS: u64 = 10 * 60 * 1000;

/// How many receipts are told again on a new stream, in case they were lost
/// with the old one.
const RECENT_RECEIPTS: usize = 256;

/// The state machine of one node.
#[derive(Debug, Default)]
pub struct NodeSync {
    limits: Limits,
    connected: bool,
    revision: Option<Revision>,
    world: Declared,
    incoming: Option<Incoming>,
    stages: BTreeMap<StageKey, Stage>,
    /// Stages with work on its way.
    busy: BTreeSet<StageKey>,
    /// Digests being fetched, and who waits for each.
    fetching: BTreeMap<Digest, BTreeSet<StageKey>>,
    /// Compilations under way or ready, and whose they are.
    compiling: BTreeMap<CompileId, StageKey>,
    held: BTreeSet<Digest>,
    recent: VecDeque<Receipt>,
    next_compile: u64,
}

impl NodeSync {
    /// A node without a world.
    pub fn new(limits: Limits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Takes in an event at `now`, milliseconds since the Unix epoch.
    pub fn handle(&mut self, event: Event, now: u64) -> Vec<Effect> {
        let mut out = Out::default();
        match event {
            Event::Connected => self.connect(now, &mut out),
            Event::Disconnected => {
                self.connected = false;
                self.incoming = None;
            }
            Event::Delta(delta) => self.delta(delta, now, &mut out),
            Event::Prepare(prepare) => self.prepare(&prepare, now, &mut out),
            Event::Abandon(abandon) => self.abandon(&abandon, &mut out),
            Event::Fetched { digest, result } => self.fetched(digest, &result, now, &mut out),
            Event::Compiled { id, result } => self.compiled(id, result, now, &mut out),
            Event::Evicted(digest) => {
                self.held.remove(&digest);
            }
            Event::Restored(saved) => self.restore(saved, now, &mut out),
            Event::Tick => self.tick(now, &mut out),
        }
        self.finish(out)
    }

    /// The revision of the declared world.
    pub fn revision(&self) -> Option<Revision> {
        self.revision
    }

    /// The root digest of the declared world.
    pub fn root(&self) -> RootDigest {
        self.world.root()
    }

    /// Whether a stream is open.
    pub fn is_connected(&self) -> bool {
        self.connected
    }

    /// How many stages are declared.
    pub fn stage_count(&self) -> usize {
        let declared = |stage: &&Stage| stage.serving.is_some() || stage.target.is_some();
        self.stages.values().filter(declared).count()
    }

    /// Declared stages that do not serve their declared release yet, and for
    /// which something is still being tried.
    pub fn pending_count(&self) -> usize {
        let tried = |key: &&StageKey| {
            let target = self.stages.get(*key).and_then(|stage| stage.target.as_ref());
            target.is_some_and(|work| !matches!(work.progress, Progress::Rejected(_)))
        };
        self.busy.iter().filter(tried).count()
    }

    /// The release that a stage serves.
    pub fn serving(&self, stage: &StageKey) -> Option<ReleaseNumber> {
        Some(self.stages.get(stage)?.serving.as_ref()?.content.number())
    }

    /// All stages that serve something, with the release served.
    pub fn all_serving(&self) -> impl Iterator<Item = (&StageKey, ReleaseNumber)> {
        let number = |stage: &Stage| Some(stage.serving.as_ref()?.content.number());
        self.stages.iter().filter_map(move |(key, stage)| Some((key, number(stage)?)))
    }

    /// The deployments that are held compiled.
    pub fn held(&self) -> &BTreeSet<Digest> {
        &self.held
    }

    /// The deployments that some stage serves, declares or prepares; all other
    /// content on disk may be dropped.
    pub fn wanted(&self) -> BTreeSet<Digest> {
        let contents = self.stages.values().flat_map(|stage| {
            let works = stage.works().map(|work| &work.content);
            works.chain(stage.serving.iter().map(|serving| &serving.content))
        });
        contents.flat_map(|content| content.release.digests().collect::<Vec<_>>()).collect()
    }

    /// The declared world, for a disk that starts afresh.
    pub fn saved(&self) -> Option<SavedWorld> {
        let resources =
            self.world.iter().map(|(name, entry)| crate::declared::to_resource(name, entry));
        Some(SavedWorld {
            revision: self.revision?,
            resources: resources.collect(),
            former: self.former_contents(),
        })
    }

    fn former_contents(&self) -> Vec<(StageKey, std::sync::Arc<[u8]>)> {
        let of = |(key, stage): (&StageKey, &Stage)| {
            let served = stage.serving.as_ref().map(|serving| &serving.content);
            let kept = served.or(stage.former.as_ref().map(|work| &work.content))?;
            stage.former_saved.then(|| (key.clone(), kept.bytes.clone()))
        };
        self.stages.iter().filter_map(of).collect()
    }

    fn connect(&mut self, now: u64, out: &mut Out) {
        self.connected = true;
        self.incoming = None;
        out.hello = Some(Hello {
            revision: self.revision,
            root: self.world.root(),
            held: self.held.iter().copied().collect(),
        });
        out.receipts.extend(self.recent.iter().cloned());
        self.retry(now, true, out);
    }

    fn restore(&mut self, saved: SavedWorld, now: u64, out: &mut Out) {
        if self.revision.is_some() {
            return;
        }
        self.world = saved.resources.into_iter().collect();
        self.revision = Some(saved.revision);
        for (key, bytes) in saved.former {
            let declared = self.world.get(&ResourceName::Stage(key.clone())).is_some();
            if let (true, Ok(content)) = (declared, Content::parse(&bytes)) {
                self.stages.entry(key.clone()).or_default().former_saved = true;
                self.start(&key, Slot::Former, content, now, out);
            }
        }
        let names: Vec<_> = self.world.iter().map(|(name, _)| name.clone()).collect();
        for name in names {
            self.declared(&name, now, out);
        }
    }

    fn prepare(&mut self, prepare: &Prepare, now: u64, out: &mut Out) {
        let key = &prepare.stage;
        let content = match Content::parse(&prepare.content) {
            Ok(content) if content.number() == prepare.release => content,
            Ok(_) => return self.refuse(prepare, "its content has another number", now, out),
            Err(reason) => return self.refuse(prepare, &reason, now, out),
        };
        let stage = self.stages.get(key);
        let serving = stage.and_then(|stage| stage.serving.as_ref());
        if serving.is_some_and(|serving| serving.content.same(&content)) {
            return self.tell_serving(key, now, out);
        }
        for slot in [Slot::Target, Slot::Candidate] {
            let work = self.stages.get_mut(key).and_then(|stage| stage.slot(slot).as_ref());
            if work.is_some_and(|work| work.content.same(&content)) {
                return self.tell_progress(key, slot, now, out);
            }
        }
        self.drop_work(key, Slot::Candidate, out);
        self.start(key, Slot::Candidate, content, now, out);
    }

    fn refuse(&mut self, prepare: &Prepare, reason: &str, now: u64, out: &mut Out) {
        out.receipts.push(Receipt {
            stage: prepare.stage.clone(),
            release: prepare.release,
            state: ReceiptState::Rejected,
            reason: reason.to_owned(),
            warnings: Vec::new(),
            compile_us: 0,
            at_ms: now,
            held: Vec::new(),
        });
    }

    fn abandon(&mut self, abandon: &Abandon, out: &mut Out) {
        let candidate = self.stages.get(&abandon.stage).and_then(|s| s.candidate.as_ref());
        if candidate.is_some_and(|work| work.content.number() == abandon.release) {
            self.drop_work(&abandon.stage, Slot::Candidate, out);
            self.forget_if_empty(&abandon.stage);
        }
    }

    /// Turns what was gathered into effects, in the order in which they count:
    /// first the swap, then the disk, then the word about it, then new work.
    fn finish(&mut self, out: Out) -> Vec<Effect> {
        let Out { apply, persist, hello, ack, receipts, work, former } = out;
        let mut effects = Vec::new();
        if !apply.is_empty() {
            effects.push(Effect::Apply(apply));
        }
        match (persist, self.revision) {
            (Some(mut persist), _) => {
                persist.former = former.into_iter().collect();
                effects.push(Effect::Persist(persist));
            }
            (None, Some(revision)) if !former.is_empty() => {
                effects.push(Effect::Persist(Persist {
                    revision,
                    root: self.world.root(),
                    whole: false,
                    upserts: Vec::new(),
                    removals: Vec::new(),
                    former: former.into_iter().collect(),
                }));
            }
            _ => {}
        }
        let mut say = |message| effects.push(Effect::Send(message));
        if self.connected {
            hello.map(NodeMessage::Hello).map(&mut say);
            ack.map(NodeMessage::WorldAck).map(&mut say);
            receipts.iter().cloned().map(NodeMessage::Receipt).for_each(say);
        }
        self.remember(receipts);
        effects.extend(work);
        effects
    }

    /// Keeps last words about declared releases for the next stream.
    fn remember(&mut self, receipts: Vec<Receipt>) {
        for receipt in receipts {
            if receipt.state == ReceiptState::Prepared {
                continue;
            }
            self.recent.retain(|old| old.stage != receipt.stage);
            self.recent.push_back(receipt);
            if self.recent.len() > RECENT_RECEIPTS {
                self.recent.pop_front();
            }
        }
    }
}

/// What one event leads to, before it is put in order.
#[derive(Debug, Default)]
struct Out {
    apply: Apply,
    persist: Option<Persist>,
    hello: Option<Hello>,
    ack: Option<crate::message::WorldAck>,
    receipts: Vec<Receipt>,
    /// Fetches, compilations and discards.
    work: Vec<Effect>,
    /// Stages whose saved former release changes.
    former: BTreeMap<StageKey, Option<std::sync::Arc<[u8]>>>,
}
