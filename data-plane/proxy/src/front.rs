//! Between the front and the pipeline: one core's handler.

use std::{
    cell::RefCell,
    rc::{Rc, Weak},
    sync::Arc,
    time::Duration,
};

use futures_util::StreamExt as _;
use gw_pipeline::{CoreState, PinWorld, RawHead, ResponseBody};
use gw_snapshot::World;
use http::{Request, Response};
use hyper::body::Incoming;
use tokio::sync::broadcast::error::RecvError;

use crate::{
    hooks::NewNames,
    test_calls::{self, NewTestCalls},
};

/// How often a core without requests looks for a newer world.
const REFRESH: Duration = Duration::from_millis(500);

/// Names that one core looks up at a time, ahead of requests.
const LOOKUPS: usize = 16;

/// Answers one core's requests.
pub(crate) struct Front(Rc<CoreState>);

impl Front {
    /// Takes over a core's state; call it on the core's thread.
    pub(crate) fn new(state: CoreState, names: NewNames, test_calls: NewTestCalls) -> Self {
        let state = Rc::new(state);
        tokio::task::spawn_local(refresh(Rc::downgrade(&state)));
        tokio::task::spawn_local(warm(Rc::downgrade(&state), names));
        tokio::task::spawn_local(test(Rc::downgrade(&state), test_calls));
        Self(state)
    }
}

impl gw_listen::Handler for Front {
    type Body = ResponseBody;

    async fn call(
        &self,
        request: Request<Incoming>,
        info: Rc<gw_listen::ConnInfo>,
    ) -> Response<ResponseBody> {
        let conn = gw_pipeline::ConnInfo::new(info.peer, info.local, info.tls);
        gw_pipeline::handle_with_head(&self.0, request, &conn, Some(&Raw(&info.heads))).await
    }
}

/// The head of the present request.
struct Raw<'i>(&'i gw_listen::Heads);

impl RawHead for Raw<'_> {
    fn read(&self, read: &mut dyn FnMut(&[u8])) {
        self.0.read(read);
    }
}

/// Lets an idle core move on, so that a former world can be freed.
async fn refresh(state: Weak<CoreState>) {
    loop {
        tokio::time::sleep(REFRESH).await;
        match state.upgrade() {
            Some(state) => state.refresh(),
            None => return,
        }
    }
}

/// Runs test calls beside the requests.
async fn test(state: Weak<CoreState>, mut calls: NewTestCalls) {
    while let Some(job) = calls.recv().await {
        let Some(state) = state.upgrade() else { return };
        tokio::task::spawn_local(async move { test_calls::run(&state, job).await });
    }
}

/// Looks up the names of backends before requests ask for them.
async fn warm(state: Weak<CoreState>, mut names: NewNames) {
    loop {
        let names = match names.recv().await {
            Ok(names) => names,
            // The requests look up what was missed.
            Err(RecvError::Lagged(_)) => continue,
            Err(RecvError::Closed) => return,
        };
        let lookups = names.iter().map(|name| {
            let state = state.upgrade();
            async move {
                if let Some(state) = state {
                    state.warm(name).await;
                }
            }
        });
        futures_util::stream::iter(lookups).for_each_concurrent(LOOKUPS, |lookup| lookup).await;
    }
}

/// One core's view of the world that sync publishes. Requests share a local
/// count; the count that all cores share moves only with the world.
#[expect(clippy::redundant_allocation, reason = "the local count spares the shared one")]
pub(crate) struct Pinned(RefCell<(gw_sync::WorldReader, Rc<Arc<World>>)>);

impl Pinned {
    pub(crate) fn new(mut reader: gw_sync::WorldReader) -> Self {
        let world = Rc::new(Arc::clone(reader.current()));
        Self(RefCell::new((reader, world)))
    }
}

impl PinWorld for Pinned {
    fn pin(&self) -> Rc<Arc<World>> {
        let (reader, pinned) = &mut *self.0.borrow_mut();
        let current = reader.current();
        if !Arc::ptr_eq(current, pinned) {
            *pinned = Rc::new(Arc::clone(current));
        }
        Rc::clone(pinned)
    }
}
