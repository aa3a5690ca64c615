//! The end of a schedule: everything heals, and then everything must agree.

use gw_fleet_core::{replica::Replica, rollout::Timing};

use super::Fleet;
use crate::node::Node;

impl Fleet {
    /// Everything heals, and enough time passes.
    pub fn heal(&mut self) {
        self.db.down = false;
        for control in &mut self.controls {
            if !control.up {
                control.up = true;
                control.machine = Replica::new(Timing::default());
            }
        }
        for index in 0..self.nodes.len() {
            if self.nodes[index].sync.is_none() {
                self.start_node(index);
            }
        }
        for _ in 0..900 {
            self.now += 100;
            self.tick();
            self.connect();
            self.settle();
        }
    }

    fn settle(&mut self) {
        for _ in 0..10_000 {
            let mut moved = self.database_task(true) | self.job(true);
            for index in 0..self.nodes.len() {
                moved |= self.carry_one(index, true) | self.carry_one(index, false);
            }
            if !moved {
                return;
            }
        }
        panic!("never comes to rest");
    }

    /// What must hold once everything has healed.
    pub fn check(&self) {
        assert_eq!(self.db.pending(), [], "a rollout did not end");
        let root = gw_fleet_core::declared::Declared::from_iter(self.db.world()).root();
        for (index, control) in self.controls.iter().enumerate() {
            let flights: Vec<_> = control.machine.flights().collect();
            assert!(flights.is_empty(), "r{index} still waits for {flights:?}");
            let world = control.machine.world().expect("was read");
            assert_eq!((world.revision(), world.root()), (self.db.revision, root), "r{index}");
        }
        for (index, node) in self.nodes.iter().enumerate() {
            let sync = node.sync.as_ref().unwrap();
            assert!(sync.is_connected(), "n{index} is not connected");
            assert_eq!(sync.root(), root, "n{index} holds another world");
            assert_eq!(sync.revision(), Some(self.db.revision), "n{index}");
            self.check_served(node);
            let facts = self.db.facts.iter();
            let facts = facts.map(|(name, (_, content))| (name.clone(), content.as_slice().into()));
            assert_eq!(node.facts, facts.collect(), "n{index} has other facts");
        }
    }

    fn check_served(&self, node: &Node) {
        for (key, row) in &self.db.stages {
            let Some(number) = row.serving else { continue };
            let declared = &row.releases[&number].0;
            let served = node.served.get(key).map(|release| &**release);
            if !node.refuses(declared.deployment) {
                assert_eq!(served, Some(declared), "n{} {key}", node.index);
            }
            let told = node.sync.as_ref().and_then(|sync| sync.serving(key));
            assert_eq!(told, served.map(|release| release.number), "n{} {key}", node.index);
        }
        for key in node.served.keys() {
            let row = self.db.stages.get(key);
            assert!(row.is_some_and(|row| row.serving.is_some()), "{key} is gone");
        }
    }
}
