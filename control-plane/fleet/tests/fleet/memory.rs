//! A database in memory, for streams that are real.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use gw_fleet::{Answer, Backing, BackingError, NodeFacts, ReceiptNote, SignOfLife};
use gw_fleet_core::{replica::Fresh, rollout::Written};
use gw_model::{Digest, NodeId, ReleaseNumber, Revision, StageKey};

use gw_fleet_testkit::db::Db;

#[derive(Default)]
pub struct Memory {
    pub db: Mutex<Option<Db>>,
    pub tokens: Mutex<HashMap<String, u32>>,
    pub nodes: Mutex<BTreeSet<NodeId>>,
    pub contents: Mutex<HashMap<Digest, Arc<[u8]>>>,
    pub content_reads: AtomicUsize,
    pub notes: Mutex<Vec<ReceiptNote>>,
    pub signs: Mutex<Vec<SignOfLife>>,
    /// How often it was told that a node is here, in vain too.
    pub told: AtomicUsize,
}

impl Memory {
    pub fn new() -> Arc<Self> {
        let memory = Self { db: Mutex::new(Some(Db::new())), ..Self::default() };
        memory.tokens.lock().unwrap().insert("secret".to_owned(), 10);
        Arc::new(memory)
    }

    pub fn db<T>(&self, act: impl FnOnce(&mut Db) -> T) -> T {
        act(self.db.lock().unwrap().as_mut().unwrap())
    }

    fn up(&self) -> Answer<MutexGuard<'_, Option<Db>>> {
        let db = self.db.lock().unwrap();
        if db.as_ref().unwrap().down {
            return Err(BackingError::Unavailable("switched off".to_owned()));
        }
        Ok(db)
    }
}

#[async_trait]
impl Backing for Memory {
    async fn read(
        &self,
        since: Option<Revision>,
        receipts: &[(StageKey, ReleaseNumber)],
    ) -> Answer<Fresh> {
        Ok(self.up()?.as_ref().unwrap().read(0, since, receipts))
    }

    async fn open_epoch(&self, seen: Revision) -> Answer<()> {
        self.up()?.as_mut().unwrap().open_epoch(seen);
        Ok(())
    }

    async fn commit(&self, stage: &StageKey, release: ReleaseNumber) -> Answer<Written> {
        Ok(self.up()?.as_mut().unwrap().commit(stage, release.0))
    }

    async fn reject(
        &self,
        stage: &StageKey,
        release: ReleaseNumber,
        _node: &NodeId,
        _reason: &str,
    ) -> Answer<Written> {
        Ok(self.up()?.as_mut().unwrap().reject(stage, release.0))
    }

    async fn inquire(&self, stage: &StageKey, release: ReleaseNumber) -> Answer<Written> {
        Ok(self.up()?.as_ref().unwrap().inquire(stage, release.0))
    }

    async fn record(&self, notes: Vec<ReceiptNote>) -> Answer<()> {
        let _up = self.up()?;
        self.notes.lock().unwrap().extend(notes);
        Ok(())
    }

    async fn node_connected(&self, facts: &NodeFacts) -> Answer<Option<u32>> {
        self.told.fetch_add(1, Ordering::Relaxed);
        self.up()?.as_mut().unwrap().holders.insert(facts.node.clone(), 0);
        let nodes = self.nodes.lock().unwrap();
        Ok(nodes.iter().position(|node| *node == facts.node).map(|slot| slot as u32))
    }

    async fn node_known(&self, node: &NodeId) -> Answer<bool> {
        let _up = self.up()?;
        Ok(self.nodes.lock().unwrap().contains(node))
    }

    async fn node_disconnected(&self, node: &NodeId) -> Answer<()> {
        self.up()?.as_mut().unwrap().holders.remove(node);
        Ok(())
    }

    async fn nodes_seen(&self, signs: Vec<SignOfLife>) -> Answer<()> {
        let _up = self.up()?;
        *self.signs.lock().unwrap() = signs;
        Ok(())
    }

    async fn join(
        &self,
        token_secret: &str,
        name: &str,
        _labels: BTreeMap<String, String>,
    ) -> Answer<NodeId> {
        let _up = self.up()?;
        let mut tokens = self.tokens.lock().unwrap();
        let left = tokens.get_mut(token_secret).filter(|left| **left > 0);
        let left =
            left.ok_or_else(|| BackingError::Refused("the token is not valid".to_owned()))?;
        *left -= 1;
        let node = NodeId::new(if name.is_empty() { "chosen" } else { name });
        self.nodes.lock().unwrap().insert(node.clone());
        Ok(node)
    }

    async fn content(&self, digest: Digest) -> Answer<Option<Arc<[u8]>>> {
        self.content_reads.fetch_add(1, Ordering::Relaxed);
        let _up = self.up()?;
        Ok(self.contents.lock().unwrap().get(&digest).cloned())
    }
}
