//! The whole: replicas, nodes, the database and the wires between them, driven
//! by one random source and a virtual clock.

mod end;

use std::collections::{BTreeMap, VecDeque};

use gw_fleet_core::{
    message::{ControlMessage, NodeMessage},
    node,
    replica::{Effect, Event, Recorded, Replica, SessionId},
    rollout::{Timing, Written},
};
use gw_fleet_testkit::db::Db;
use gw_model::{Digest, FactName, NodeId, ReleaseNumber, Revision, Scope, StageKey};

use crate::node::{Did, Node};

/// A replica's business with the database, under way.
#[derive(Debug, Clone)]
enum Task {
    Read(Option<Revision>, Vec<(StageKey, ReleaseNumber)>),
    Commit(StageKey, ReleaseNumber),
    Reject(StageKey, ReleaseNumber),
    Inquire(StageKey, ReleaseNumber),
    OpenEpoch(Revision),
    Record(Recorded),
}

struct Control {
    up: bool,
    machine: Replica,
    tasks: Vec<Task>,
}

/// A stream between a node and a replica; each direction keeps its order.
struct Wire {
    replica: usize,
    session: SessionId,
    up: VecDeque<NodeMessage>,
    down: VecDeque<ControlMessage>,
}

pub struct Fleet {
    rng: fastrand::Rng,
    pub now: u64,
    db: Db,
    backup: Option<Db>,
    controls: Vec<Control>,
    nodes: Vec<Node>,
    wires: BTreeMap<usize, Wire>,
    next_session: u64,
    pub trace: Vec<String>,
}

pub fn node_id(index: usize) -> NodeId {
    NodeId::new(format!("n{index}"))
}

fn stage(index: usize) -> StageKey {
    StageKey {
        scope: Scope::new("000000000000", "us-east-1"),
        api: "a123456789".into(),
        stage: format!("s{index}").into(),
    }
}

impl Fleet {
    pub fn new(seed: u64) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        let controls = (0..rng.usize(1..=2)).map(|_| Control {
            up: true,
            machine: Replica::new(Timing::default()),
            tasks: Vec::new(),
        });
        let controls = controls.collect();
        let nodes = (0..rng.usize(1..=3)).map(Node::new).collect();
        let mut fleet = Self {
            rng,
            now: 1_000_000,
            db: Db::new(),
            backup: None,
            controls,
            nodes,
            wires: BTreeMap::new(),
            next_session: 0,
            trace: Vec::new(),
        };
        for index in 0..fleet.nodes.len() {
            fleet.start_node(index);
        }
        fleet
    }

    /// One random thing happens.
    pub fn step(&mut self) {
        self.now += self.rng.u64(0..40);
        match self.rng.u32(0..100) {
            0..5 => self.append(),
            5..7 => self.fact(),
            7 => self.delete(),
            8..10 => self.kill_node(),
            10..12 => self.cut(),
            12 => self.crash_replica(),
            13 => self.database(),
            14 => self.cordon(),
            15..21 => self.connect(),
            21..26 => self.tick(),
            26 => self.now += self.rng.u64(0..3000),
            27 => self.duplicate(),
            28 => self.evict(),
            29 => self.restore(),
            30..50 => {
                self.database_task(false);
            }
            50..70 => {
                self.job(false);
            }
            _ => self.carry(),
        }
    }

    fn note(&mut self, text: impl FnOnce() -> String) {
        if std::env::var_os("GW_SIM_SEED").is_some() {
            self.trace.push(format!("{} {}", self.now, text()));
        }
    }

    // --- the operators

    fn append(&mut self) {
        if self.db.down || self.db.restored {
            return;
        }
        let key = stage(self.rng.usize(0..3));
        let digest = Digest::of(&[self.rng.u8(0..14)]);
        let replica = self.pick_replica();
        let commit = replica.is_some_and(|r| self.controls[r].machine.all_hold(&[digest]));
        let pending = self.db.append(&key, digest, commit);
        self.note(|| format!("append {key} {} {digest:?} commit {commit}", pending.release));
        if let (Some(replica), true) = (replica, self.rng.bool()) {
            let event = match commit {
                true => Event::Committed(pending, self.db.revision),
                false => Event::Appended(pending),
            };
            self.tell_replica(replica, event);
        }
    }

    /// A fact is written, as it was perhaps, or goes.
    fn fact(&mut self) {
        if self.db.down || self.db.restored {
            return;
        }
        let name = FactName::Domain(format!("d{}.test", self.rng.u8(0..4)));
        let to = (self.rng.u8(0..4) > 0).then(|| vec![self.rng.u8(0..3)]);
        self.note(|| format!("fact {name} {to:?}"));
        if to.is_some() || self.db.facts.contains_key(&name) {
            self.db.fact(&name, to);
        }
    }

    fn delete(&mut self) {
        if !self.db.down && !self.db.restored {
            let key = stage(self.rng.usize(0..3));
            self.note(|| format!("delete {key}"));
            self.db.delete(&key);
        }
    }

    fn kill_node(&mut self) {
        let index = self.rng.usize(0..self.nodes.len());
        if self.nodes[index].sync.is_some() {
            self.note(|| format!("kill n{index}"));
            self.nodes[index].kill();
            self.cut_wire(index);
        } else {
            self.start_node(index);
        }
    }

    fn start_node(&mut self, index: usize) {
        self.note(|| format!("start n{index}"));
        let did = self.nodes[index].start(self.now);
        self.did(index, did);
    }

    fn cut(&mut self) {
        let index = self.rng.usize(0..self.nodes.len());
        self.cut_wire(index);
    }

    fn cut_wire(&mut self, index: usize) {
        let Some(wire) = self.wires.remove(&index) else { return };
        self.note(|| format!("cut n{index}"));
        let did = self.nodes[index].handle(node::Event::Disconnected, self.now);
        self.did(index, did);
        // The replica may have given the stream up already, or notice late;
        // what was under way is lost both ways.
        self.db.holders.remove(&node_id(index));
        self.tell_replica(wire.replica, Event::Closed(wire.session));
    }

    fn crash_replica(&mut self) {
        let index = self.rng.usize(0..self.controls.len());
        if self.controls[index].up {
            self.note(|| format!("crash r{index}"));
            self.controls[index].up = false;
            self.controls[index].tasks.clear();
            self.db.restored &= self.db.revision < self.seen();
            let held = self.wires.iter().filter(|(_, wire)| wire.replica == index);
            for node in held.map(|(node, _)| *node).collect::<Vec<_>>() {
                self.cut_wire(node);
            }
        } else {
            self.controls[index].up = true;
            self.controls[index].machine = Replica::new(Timing::default());
        }
    }

    fn database(&mut self) {
        self.db.down = !self.db.down;
        self.note(|| "database up or down".to_owned());
    }

    fn restore(&mut self) {
        match (self.rng.u32(0..30), self.backup.clone()) {
            (0, Some(backup)) if !self.db.restored => {
                self.note(|| "restore".to_owned());
                let seen = self.seen();
                self.db.restore(backup, seen);
            }
            (1..5, _) => self.backup = Some(self.db.clone()),
            _ => {}
        }
    }

    /// The newest revision that anybody alive remembers.
    fn seen(&self) -> Revision {
        let replicas = self.controls.iter().filter(|control| control.up);
        let replicas = replicas.filter_map(|control| control.machine.world());
        let seen = replicas.map(|world| world.revision()).max();
        seen.max(self.nodes.iter().filter_map(Node::highest).max()).unwrap_or_default()
    }

    fn cordon(&mut self) {
        let id = node_id(self.rng.usize(0..self.nodes.len()));
        if !self.db.cordoned.remove(&id) {
            self.db.cordoned.insert(id);
        }
    }

    fn evict(&mut self) {
        let index = self.rng.usize(0..self.nodes.len());
        let held = self.nodes[index].sync.as_ref().map(|sync| sync.held().clone());
        if let Some(digest) = self.rng.choice(held.into_iter().flatten().collect::<Vec<_>>()) {
            let did = self.nodes[index].handle(node::Event::Evicted(digest), self.now);
            self.did(index, did);
        }
    }

    // --- time and the wires

    fn tick(&mut self) {
        for index in 0..self.controls.len() {
            self.tell_replica(index, Event::Tick);
        }
        for index in 0..self.nodes.len() {
            let did = self.nodes[index].handle(node::Event::Tick, self.now);
            self.did(index, did);
        }
    }

    fn pick_replica(&mut self) -> Option<usize> {
        let up = self.controls.iter().enumerate().filter(|(_, control)| control.up);
        self.rng.choice(up.map(|(index, _)| index).collect::<Vec<_>>())
    }

    fn connect(&mut self) {
        let idle = (0..self.nodes.len())
            .filter(|index| self.nodes[*index].sync.is_some() && !self.wires.contains_key(index));
        let Some(index) = self.rng.choice(idle.collect::<Vec<_>>()) else { return };
        let Some(replica) = self.pick_replica() else { return };
        self.next_session += 1;
        let session = SessionId(self.next_session);
        self.note(|| format!("connect n{index} to r{replica}"));
        let wire = Wire { replica, session, up: VecDeque::new(), down: VecDeque::new() };
        self.wires.insert(index, wire);
        let did = self.nodes[index].handle(node::Event::Connected, self.now);
        self.did(index, did);
    }

    /// One message arrives, whichever way.
    fn carry(&mut self) {
        let Some(index) = self.rng.choice(self.wires.keys().copied().collect::<Vec<_>>()) else {
            return;
        };
        let up = self.rng.bool();
        self.carry_one(index, up);
    }

    fn carry_one(&mut self, index: usize, up: bool) -> bool {
        let Some(wire) = self.wires.get_mut(&index) else { return false };
        let (replica, session) = (wire.replica, wire.session);
        if up {
            let Some(message) = wire.up.pop_front() else { return false };
            let event = match message {
                NodeMessage::Hello(hello) => {
                    self.db.holders.insert(node_id(index), replica);
                    let boot_epoch = self.nodes[index].boot;
                    Event::Opened { session, node: node_id(index), boot_epoch, hello }
                }
                message => Event::Message(session, message),
            };
            self.tell_replica(replica, event);
        } else {
            let Some(message) = wire.down.pop_front() else { return false };
            let event = match message {
                ControlMessage::Delta(delta) => node::Event::Delta(delta),
                ControlMessage::Prepare(prepare) => node::Event::Prepare(prepare),
                ControlMessage::Abandon(abandon) => node::Event::Abandon(abandon),
            };
            let did = self.nodes[index].handle(event, self.now);
            self.did(index, did);
        }
        true
    }

    /// A receipt is heard twice.
    fn duplicate(&mut self) {
        for wire in self.wires.values_mut() {
            if let Some(NodeMessage::Receipt(receipt)) = wire.up.back().cloned() {
                wire.up.push_back(NodeMessage::Receipt(receipt));
            }
        }
    }

    fn job(&mut self, surely: bool) -> bool {
        let busy = (0..self.nodes.len()).filter(|index| !self.nodes[*index].jobs.is_empty());
        let Some(index) = self.rng.choice(busy.collect::<Vec<_>>()) else { return false };
        let job = self.rng.usize(0..self.nodes[index].jobs.len());
        let lucky = surely || self.rng.u32(0..10) > 0;
        let did = self.nodes[index].finish(job, lucky, self.now);
        self.did(index, did);
        true
    }

    // --- what machines want

    fn did(&mut self, index: usize, did: Vec<Did>) {
        for did in did {
            match did {
                Did::Say(message) => {
                    let wire = self.wires.get_mut(&index);
                    wire.expect("a node without a stream says nothing").up.push_back(message);
                }
                Did::Served(key, release) => {
                    self.note(|| format!("n{index} serves {key} {}", release.number));
                    assert!(
                        self.db.was_committed(&key, &release),
                        "n{index} serves {key} {} which was never committed",
                        release.number
                    );
                    assert!(!self.nodes[index].refuses(release.deployment));
                }
            }
        }
    }

    fn tell_replica(&mut self, index: usize, event: Event) {
        if !self.controls[index].up {
            return;
        }
        self.note(|| format!("r{index} {event:?}"));
        for effect in self.controls[index].machine.handle(event, self.now) {
            let task = match effect {
                Effect::Send(session, message) => {
                    if let Some(wire) = self.wires.values_mut().find(|w| w.session == session) {
                        wire.down.push_back(message);
                    }
                    continue;
                }
                Effect::Close(session, _) => {
                    let found = self.wires.iter().find(|(_, wire)| wire.session == session);
                    if let Some(node) = found.map(|(node, _)| *node) {
                        self.cut_wire(node);
                    }
                    continue;
                }
                Effect::Asked(..) | Effect::Settled(..) => continue,
                Effect::Read { since, receipts } => Task::Read(since, receipts),
                Effect::OpenEpoch(seen) => Task::OpenEpoch(seen),
                Effect::Commit(stage, release) => Task::Commit(stage, release),
                Effect::Reject { stage, release, .. } => Task::Reject(stage, release),
                Effect::Inquire(stage, release) => Task::Inquire(stage, release),
                Effect::Record(node, receipt) => Task::Record(Recorded {
                    stage: receipt.stage,
                    release: receipt.release,
                    node,
                    state: receipt.state,
                    reason: receipt.reason,
                }),
            };
            self.controls[index].tasks.push(task);
        }
    }

    /// The database answers one task; sometimes the answer is lost.
    fn database_task(&mut self, surely: bool) -> bool {
        let busy = (0..self.controls.len()).filter(|index| !self.controls[*index].tasks.is_empty());
        let Some(index) = self.rng.choice(busy.collect::<Vec<_>>()) else { return false };
        let task = self.rng.usize(0..self.controls[index].tasks.len());
        let task = self.controls[index].tasks.remove(task);
        let deaf = !surely && self.rng.u32(0..15) == 0;
        let down = self.db.down;
        self.note(|| format!("r{index} database {task:?} down {down} deaf {deaf}"));
        let blocked = down || self.db.restored;
        let heard = |written| if down || deaf { Written::Unknown } else { written };
        let event = match task {
            Task::Read(..) if down || deaf => Event::ReadFailed,
            Task::Read(since, asked) => Event::Read(self.db.read(index, since, &asked)),
            Task::OpenEpoch(seen) => {
                if !down {
                    self.db.open_epoch(seen);
                }
                Event::Wake
            }
            Task::Record(recorded) => {
                if !down && !deaf {
                    self.db.receipts.push(recorded);
                }
                return true;
            }
            Task::Commit(stage, release) => {
                let written =
                    if blocked { Written::Unknown } else { self.db.commit(&stage, release.0) };
                Event::Written { stage, release, written: heard(written) }
            }
            Task::Reject(stage, release) => {
                let written =
                    if blocked { Written::Unknown } else { self.db.reject(&stage, release.0) };
                Event::Written { stage, release, written: heard(written) }
            }
            Task::Inquire(stage, release) => {
                let written = self.db.inquire(&stage, release.0);
                Event::Written { stage, release, written: heard(written) }
            }
        };
        self.tell_replica(index, event);
        true
    }
}
