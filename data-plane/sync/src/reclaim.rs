//! A thread that drops what serving cores used.
//!
//! Freeing a world of many stages takes milliseconds, and whoever drops the
//! last reference pays. Whatever is retired here is kept until this thread
//! holds the only reference, and is dropped by it.

use std::{
    any::Any,
    io,
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

/// How often what is still in use is looked at again.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

type Retired = Arc<dyn Any + Send + Sync>;

/// Takes what is no longer current. Cloning shares the thread, which ends
/// when the last clone is gone.
#[derive(Clone)]
pub(crate) struct Reclaimer {
    sender: Option<mpsc::Sender<Retired>>,
}

impl Reclaimer {
    /// Starts the thread.
    pub(crate) fn start() -> io::Result<Self> {
        let (sender, receiver) = mpsc::channel();
        thread::Builder::new().name("gw-reclaim".to_owned()).spawn(move || run(&receiver))?;
        Ok(Self { sender: Some(sender) })
    }

    /// Without a thread: drops at once.
    pub(crate) const fn detached() -> Self {
        Self { sender: None }
    }

    /// Hands over a reference.
    pub(crate) fn retire<T: Send + Sync + 'static>(&self, value: Arc<T>) {
        if let Some(sender) = &self.sender {
            // Without a receiver the process is ending; dropping here is fine.
            let _ = sender.send(value);
        }
    }
}

fn run(receiver: &mpsc::Receiver<Retired>) {
    let mut waiting: Vec<Retired> = Vec::new();
    loop {
        let next = if waiting.is_empty() {
            receiver.recv().map_err(|_| mpsc::RecvTimeoutError::Disconnected)
        } else {
            receiver.recv_timeout(LOOK_AGAIN)
        };
        match next {
            Ok(value) => waiting.push(value),
            Err(mpsc::RecvTimeoutError::Timeout) => {}
            Err(mpsc::RecvTimeoutError::Disconnected) => return,
        }
        waiting.extend(receiver.try_iter());
        waiting.retain(|value| Arc::strong_count(value) > 1);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    struct TellsWhere(mpsc::Sender<Option<String>>);

    impl Drop for TellsWhere {
        fn drop(&mut self) {
            self.0.send(thread::current().name().map(str::to_owned)).unwrap();
        }
    }

    #[test]
    fn the_last_reference_is_dropped_by_the_thread() {
        let (sender, receiver) = mpsc::channel();
        let reclaimer = Reclaimer::start().unwrap();
        let value = Arc::new(TellsWhere(sender));
        let in_a_request = Arc::clone(&value);
        reclaimer.retire(value);
        assert!(receiver.recv_timeout(Duration::from_millis(250)).is_err());
        drop(in_a_request);
        let dropped_by = receiver.recv_timeout(Duration::from_secs(60)).unwrap();
        assert_eq!(dropped_by.as_deref(), Some("gw-reclaim"));
    }
}
