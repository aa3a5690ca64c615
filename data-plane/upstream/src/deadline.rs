//! Deadlines of calls in flight, kept by one timer per core.
//!
//! A timer of the runtime costs each request its registration and removal,
//! although next to none fires. Here a call leaves its deadline in a table;
//! one task sleeps until the earliest that it knew when it fell asleep.

use std::{
    cell::RefCell,
    rc::{Rc, Weak},
    task::{Context, Waker},
};

use tokio::{sync::Notify, time::Instant};

#[derive(Debug)]
enum Entry {
    Free,
    Waiting(Instant, Waker),
    Passed,
}

#[derive(Debug, Default)]
struct Table {
    entries: Vec<Entry>,
    free: Vec<usize>,
    /// When the task wakes up next.
    armed: Option<Instant>,
}

/// The deadlines of one core.
#[derive(Debug)]
pub(crate) struct Deadlines {
    table: RefCell<Table>,
    /// Told of a deadline before the next wake-up, and of the end.
    earlier: Rc<Notify>,
}

impl Deadlines {
    /// Starts the task; it ends when the deadlines are dropped.
    pub(crate) fn start() -> Rc<Self> {
        let this = Rc::new(Self { table: RefCell::default(), earlier: Rc::new(Notify::new()) });
        tokio::task::spawn_local(keep(Rc::downgrade(&this), Rc::clone(&this.earlier)));
        this
    }

    /// Wakes what is due and returns when to come again.
    fn fire(&self, now: Instant) -> Option<Instant> {
        let mut due = Vec::new();
        let next = {
            let mut table = self.table.borrow_mut();
            let mut next: Option<Instant> = None;
            for entry in &mut table.entries {
                let Entry::Waiting(at, _) = entry else { continue };
                if *at > now {
                    next = Some(next.map_or(*at, |next| next.min(*at)));
                } else if let Entry::Waiting(_, waker) = std::mem::replace(entry, Entry::Passed) {
                    due.push(waker);
                }
            }
            table.armed = next;
            next
        };
        due.into_iter().for_each(Waker::wake);
        next
    }
}

impl Drop for Deadlines {
    fn drop(&mut self) {
        self.earlier.notify_one();
    }
}

async fn keep(deadlines: Weak<Deadlines>, earlier: Rc<Notify>) {
    loop {
        let next = match deadlines.upgrade() {
            Some(deadlines) => deadlines.fire(Instant::now()),
            None => return,
        };
        match next {
            Some(at) => tokio::select! {
                () = tokio::time::sleep_until(at) => {}
                () = earlier.notified() => {}
            },
            None => earlier.notified().await,
        }
    }
}

/// The deadline of one call; it is in the table only while the call waits.
#[derive(Debug)]
pub(crate) struct Deadline {
    all: Rc<Deadlines>,
    at: Instant,
    place: Option<usize>,
}

impl Deadline {
    pub(crate) fn new(all: &Rc<Deadlines>, at: Instant) -> Self {
        Self { all: Rc::clone(all), at, place: None }
    }

    /// Sets another time, also after this one has passed.
    pub(crate) fn move_to(&mut self, at: Instant) {
        self.leave();
        self.at = at;
    }

    /// When it is.
    pub(crate) fn at(&self) -> Instant {
        self.at
    }

    /// Whether it has passed; if not, the task is woken when it does.
    pub(crate) fn poll_passed(&mut self, cx: &Context<'_>) -> bool {
        let mut table = self.all.table.borrow_mut();
        let table = &mut *table;
        if let Some(place) = self.place {
            return match &mut table.entries[place] {
                Entry::Waiting(_, waker) => {
                    waker.clone_from(cx.waker());
                    false
                }
                Entry::Passed | Entry::Free => true,
            };
        }
        let entry = Entry::Waiting(self.at, cx.waker().clone());
        match table.free.pop() {
            Some(place) => {
                table.entries[place] = entry;
                self.place = Some(place);
            }
            None => {
                self.place = Some(table.entries.len());
                table.entries.push(entry);
            }
        }
        if table.armed.is_none_or(|armed| self.at < armed) {
            table.armed = Some(self.at);
            self.all.earlier.notify_one();
        }
        false
    }
}

impl Deadline {
    /// Gives its place in the table back.
    fn leave(&mut self) {
        if let Some(place) = self.place.take() {
            let mut table = self.all.table.borrow_mut();
            table.entries[place] = Entry::Free;
            table.free.push(place);
        }
    }
}

impl Drop for Deadline {
    fn drop(&mut self) {
        self.leave();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
pub(crate) mod tests {
    use std::{future::poll_fn, task::Poll, time::Duration};

    use super::*;

    /// Runs a test whose time passes only while all of it waits.
    pub(crate) fn on_a_paused_clock(test: impl Future<Output = ()>) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        tokio::task::LocalSet::new().block_on(&runtime, test);
    }

    async fn passed(deadline: &mut Deadline) {
        poll_fn(|cx| if deadline.poll_passed(cx) { Poll::Ready(()) } else { Poll::Pending }).await;
    }

    #[test]
    fn each_fires_at_its_time_in_any_order() {
        on_a_paused_clock(async {
            let all = Deadlines::start();
            let start = Instant::now();
            let waits: Vec<_> = [50, 20, 80, 10]
                .map(|ms| {
                    let at = start + Duration::from_millis(ms);
                    let mut deadline = Deadline::new(&all, at);
                    tokio::task::spawn_local(async move {
                        passed(&mut deadline).await;
                        let late = Instant::now().duration_since(at);
                        assert!(late <= Duration::from_millis(2), "{ms} ms: {late:?} late");
                    })
                })
                .into();
            for wait in waits {
                wait.await.unwrap();
            }
            assert!(all.table.borrow().entries.iter().all(|e| matches!(e, Entry::Free)));
            // A place is taken again, and a call that ends first leaves nothing.
            let mut next = Deadline::new(&all, start + Duration::from_secs(1));
            assert!(!next.poll_passed(&Context::from_waker(Waker::noop())));
            drop(next);
            assert_eq!(all.table.borrow().entries.len(), all.table.borrow().free.len());
        });
    }
}
