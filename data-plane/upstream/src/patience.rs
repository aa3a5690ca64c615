//! Whom a call waits for, and how long.
//!
//! An origin's time does not run while the client still has to send its body:
//! a slow upload is not the origin's fault. As soon as the body goes on, the
//! origin has its whole time again; for all of the body, clients have theirs.

use std::{rc::Rc, task::Context, time::Duration};

use tokio::time::Instant;

use crate::{
    body::RequestBodyStalled,
    config::Timeouts,
    deadline::{Deadline, Deadlines},
    error::Error,
};

#[derive(Debug)]
pub(crate) struct Patience {
    deadline: Deadline,
    /// The origin's time.
    response: Duration,
    /// When the client must be done.
    body_by: Instant,
    /// Whether `deadline` is the client's.
    is_clients: bool,
}

impl Patience {
    pub(crate) fn new(all: &Rc<Deadlines>, began: Instant, timeouts: &Timeouts) -> Self {
        Self {
            deadline: Deadline::new(all, began + timeouts.response),
            response: timeouts.response,
            body_by: began + timeouts.request_body,
            is_clients: false,
        }
    }

    /// When the origin must have been reached.
    pub(crate) fn at(&self) -> Instant {
        self.deadline.at()
    }

    /// What has taken too long; if nothing has, the task is woken when it does.
    pub(crate) fn poll_ended(&mut self, cx: &Context<'_>, awaits_client: bool) -> Option<Error> {
        if awaits_client != self.is_clients {
            self.is_clients = awaits_client;
            let at = if awaits_client { self.body_by } else { Instant::now() + self.response };
            self.deadline.move_to(at);
        }
        self.deadline.poll_passed(cx).then(|| {
            if awaits_client {
                Error::RequestBody(RequestBodyStalled.into())
            } else {
                Error::Timeout
            }
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::{future::poll_fn, task::Poll};

    use super::*;
    use crate::deadline::tests::on_a_paused_clock;

    /// Waits for whom `awaits_client` names, as long as it takes or `at_most`.
    async fn ended(
        patience: &mut Patience,
        awaits_client: bool,
        at_most: Duration,
    ) -> Option<Error> {
        let ended = poll_fn(|cx| match patience.poll_ended(cx, awaits_client) {
            Some(error) => Poll::Ready(error),
            None => Poll::Pending,
        });
        tokio::time::timeout(at_most, ended).await.ok()
    }

    #[test]
    fn each_side_has_its_own_time() {
        on_a_paused_clock(async {
            let all = Deadlines::start();
            let seconds = Duration::from_secs;
            let timeouts = Timeouts {
                response: seconds(10),
                request_body: seconds(100),
                ..Timeouts::default()
            };
            let start = Instant::now();
            let mut patience = Patience::new(&all, start, &timeouts);
            assert_eq!(patience.at(), start + seconds(10));
            // The client takes longer than the origin may, again and again.
            for _ in 0..3 {
                assert!(ended(&mut patience, true, seconds(30)).await.is_none());
                assert!(ended(&mut patience, false, seconds(3)).await.is_none());
            }
            // The client's time is for all of its body.
            let error = ended(&mut patience, true, seconds(1000)).await;
            assert!(matches!(error, Some(Error::RequestBody(_))), "{error:?}");
            assert!(start.elapsed() < seconds(101));
            let then = Instant::now();
            let error = ended(&mut patience, false, seconds(1000)).await;
            assert!(matches!(error, Some(Error::Timeout)), "{error:?}");
            assert!((seconds(10)..seconds(11)).contains(&then.elapsed()));
        });
    }
}
