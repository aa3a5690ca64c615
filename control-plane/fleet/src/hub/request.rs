//! Requests to nodes, and their answers.

use std::time::Duration;

use gw_fleet_core::replica::SessionId;
use gw_model::NodeId;
use gw_proto as pb;
use tokio::sync::oneshot;

use super::{Hub, streams::Outgoing};

/// Why a node did not answer a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// It has no stream to this replica.
    #[error("the node is not connected")]
    NotConnected,
    /// It did not answer before the deadline.
    #[error("the node did not answer in time")]
    Timeout,
}

/// Who waits for an answer, and on which stream it has to come.
pub(super) struct Waiting {
    pub(super) session: SessionId,
    answer: oneshot::Sender<pb::answer::Body>,
}

impl Hub {
    /// Asks a node.
    ///
    /// # Errors
    /// When it is not connected here or does not answer in time.
    pub async fn request(
        &self,
        node: &NodeId,
        body: pb::request::Body,
        deadline: Duration,
    ) -> Result<pb::answer::Body, RequestError> {
        let (answer, answered) = oneshot::channel();
        let id = {
            let mut state = self.lock();
            let session = *state.by_node.get(node).ok_or(RequestError::NotConnected)?;
            state.next_request += 1;
            let id = state.next_request;
            let deadline_ms = u32::try_from(deadline.as_millis()).unwrap_or(u32::MAX);
            let request = pb::Request { id, deadline_ms, body: Some(body) };
            let stream = state.streams.get(&session).ok_or(RequestError::NotConnected)?;
            stream.out.send(Outgoing::Request(request)).map_err(|_| RequestError::NotConnected)?;
            state.requests.insert(id, Waiting { session, answer });
            id
        };
        let answer = tokio::time::timeout(deadline, answered).await;
        self.lock().requests.remove(&id);
        match answer {
            Ok(Ok(body)) => Ok(body),
            Ok(Err(_)) => Err(RequestError::NotConnected),
            Err(_) => Err(RequestError::Timeout),
        }
    }

    pub(crate) fn answer(&self, session: SessionId, id: u64, body: pb::answer::Body) {
        let mut state = self.lock();
        let fits = state.requests.get(&id).is_some_and(|waiting| waiting.session == session);
        if let Some(waiting) = fits.then(|| state.requests.remove(&id)).flatten() {
            // Who asked may have given up meanwhile.
            let _gone = waiting.answer.send(body);
        }
    }
}
