//! Transfers of content: a few at a time, each digest once.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
};

use gw_fleet_core::message::Fault;
use gw_model::Digest;
use tokio::sync::mpsc;
use tonic::transport::Channel;

use super::Input;
use crate::fetch::{Broken, fetch};

/// How many transfers share the line.
const AT_ONCE: usize = 8;

/// How many broken transfers are remembered, to go on from where they were.
const PARTIALS: usize = 4;

/// The transfers under way and waiting.
pub(super) struct Fetches {
    done: mpsc::UnboundedSender<Input>,
    max_bytes: u64,
    channel: Option<Channel>,
    waiting: VecDeque<Digest>,
    running: HashSet<Digest>,
    partials: HashMap<Digest, Vec<u8>>,
}

impl Fetches {
    pub(super) fn new(done: mpsc::UnboundedSender<Input>, max_bytes: u64) -> Self {
        Self {
            done,
            max_bytes,
            channel: None,
            waiting: VecDeque::new(),
            running: HashSet::new(),
            partials: HashMap::new(),
        }
    }

    /// The line's channel, or that there is none.
    pub(super) fn set_channel(&mut self, channel: Option<Channel>) {
        self.channel = channel;
        self.go_on();
    }

    /// The line's channel, if there is a line.
    pub(super) fn channel(&self) -> Option<Channel> {
        self.channel.clone()
    }

    /// How many transfers run or wait.
    pub(super) fn under_way(&self) -> usize {
        self.running.len() + self.waiting.len()
    }

    /// Begins a transfer, now or when others have ended.
    pub(super) fn start(&mut self, digest: Digest) {
        self.waiting.push_back(digest);
        self.go_on();
    }

    /// Notes the end of a transfer.
    pub(super) fn ended(
        &mut self,
        digest: Digest,
        result: Result<Vec<u8>, Broken>,
    ) -> Result<Arc<[u8]>, Fault> {
        self.running.remove(&digest);
        self.go_on();
        match result {
            Ok(content) => Ok(content.into()),
            Err(Broken { fault, partial }) => {
                if !partial.is_empty() && self.partials.len() < PARTIALS {
                    self.partials.insert(digest, partial);
                }
                Err(fault)
            }
        }
    }

    fn go_on(&mut self) {
        while self.running.len() < AT_ONCE {
            let Some(digest) = self.waiting.pop_front() else { return };
            self.running.insert(digest);
            let Some(channel) = self.channel.clone() else {
                let fault = Fault::resource(format!("deployment {digest}: the line is down"));
                let result = Err(Broken { fault, partial: Vec::new() });
                // The driver holds the receiver and outlives this.
                let _ = self.done.send(Input::Fetched { digest, result });
                continue;
            };
            let partial = self.partials.remove(&digest).unwrap_or_default();
            let (done, max_bytes) = (self.done.clone(), self.max_bytes);
            tokio::spawn(async move {
                let result = fetch(channel, digest, partial, max_bytes).await;
                let _ = done.send(Input::Fetched { digest, result });
            });
        }
    }
}
