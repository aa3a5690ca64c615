//! What every [`Coordinator`](crate::Coordinator) must do, as one test that an
//! implementation calls with a harness of its own.

use std::{future::Future, time::Duration};

use crate::Coordinator;

/// How the contract makes things happen.
pub trait Harness {
    /// The implementation under test.
    type Coordinator: Coordinator;

    /// Starts a replica. A lease of it must run out within two seconds of its end.
    fn start(&self, name: &str) -> impl Future<Output = Self::Coordinator>;

    /// Commits something that takes a revision.
    fn commit(&self) -> impl Future<Output = ()>;
}

/// Runs the whole contract.
///
/// # Panics
/// When the implementation breaks it.
pub async fn check<H: Harness>(harness: &H) {
    wakes_everybody(harness).await;
    knows_the_living(harness).await;
    one_leads(harness).await;
}

async fn wakes_everybody<H: Harness>(harness: &H) {
    let (a, b) = (harness.start("wake-a").await, harness.start("wake-b").await);
    for _ in 0..3 {
        let (mut at_a, mut at_b) = (a.wakeups(), b.wakeups());
        at_a.mark_unchanged();
        at_b.mark_unchanged();
        harness.commit().await;
        for mut wakeups in [at_a, at_b] {
            let woken = tokio::time::timeout(Duration::from_secs(5), wakeups.changed()).await;
            assert!(matches!(woken, Ok(Ok(()))), "a commit wakes every replica");
        }
    }
}

async fn knows_the_living<H: Harness>(harness: &H) {
    let a = harness.start("living-a").await;
    let b = harness.start("living-b").await;
    assert!(names(&a).await.contains(&"living-b".to_owned()), "a started replica is listed");
    drop(b);
    wait_until("a silent replica's lease runs out", async || {
        !names(&a).await.contains(&"living-b".to_owned())
    })
    .await;
    assert!(names(&a).await.contains(&"living-a".to_owned()), "a living one stays");
}

async fn one_leads<H: Harness>(harness: &H) {
    let (a, b) = (harness.start("lead-a").await, harness.start("lead-b").await);
    let first = a.lead("contract").await.expect("reachable").expect("nobody leads yet");
    assert!(first.is_held() && first.role() == "contract");
    assert!(b.lead("contract").await.expect("reachable").is_none(), "one leads at a time");
    assert!(b.lead("other").await.expect("reachable").is_some(), "roles are independent");
    let token = first.token();
    drop(first);
    let mut second = None;
    wait_until("a resigned lead can be taken", async || {
        second = b.lead("contract").await.expect("reachable");
        second.is_some()
    })
    .await;
    assert!(second.is_some_and(|lead| lead.token() > token), "fencing tokens grow");
}

async fn names(coordinator: &impl Coordinator) -> Vec<String> {
    let replicas = coordinator.replicas().await.expect("reachable");
    replicas.into_iter().map(|replica| replica.name).collect()
}

async fn wait_until(what: &str, mut check: impl AsyncFnMut() -> bool) {
    for _ in 0..200 {
        if check().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("gave up waiting: {what}");
}
