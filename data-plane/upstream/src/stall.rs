//! A limit on the pauses of a stream. The timer exists only once the stream
//! has paused, so a body that is there at once costs nothing.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::{Instant, Sleep};

#[derive(Debug)]
pub(crate) struct Stall {
    limit: Duration,
    timer: Option<Pin<Box<Sleep>>>,
    armed: bool,
}

impl Stall {
    pub(crate) fn new(limit: Duration) -> Self {
        Self { limit, timer: None, armed: false }
    }

    /// Bytes came: the next pause starts anew.
    pub(crate) fn progressed(&mut self) {
        self.armed = false;
    }

    /// Call when the stream is pending; ready means that the pause is too long.
    pub(crate) fn poll_paused(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let timer = match &mut self.timer {
            Some(timer) => {
                if !self.armed {
                    timer.as_mut().reset(Instant::now() + self.limit);
                }
                timer
            }
            none => none.insert(Box::pin(tokio::time::sleep(self.limit))),
        };
        self.armed = true;
        timer.as_mut().poll(cx)
    }
}
