//! What every [`Coordinator`] must do. An implementation's tests call
//! [`check`] with a function that makes coordinators over one shared service:
//! each stands for one replica.

use std::{future::Future, sync::Arc, time::Duration};

use crate::{Coordinator, Leadership, Replica, Role};

/// How long the suite waits for something to happen.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs the whole suite.
///
/// `commit` commits a revision by some replica.
///
/// # Panics
/// When the implementation breaks the contract, saying where.
pub async fn check<C, Made, Commit, Committed>(make: impl Fn() -> Made, commit: Commit)
where
    C: Coordinator,
    Made: Future<Output = C>,
    Commit: Fn() -> Committed,
    Committed: Future<Output = ()>,
{
    let (one, two) = (Arc::new(make().await), Arc::new(make().await));
    one_leads(&*one, &*two).await;
    roles_are_apart(&*one, &*two).await;
    a_dropped_leader_is_followed(&*one, &*two).await;
    tokens_fence(&*one, &*two).await;
    leases_end(&*one, &*two).await;
    revisions_wake(&*one, &*two, &commit).await;
}

/// Campaigns until it is won: a lock may take a moment to be freed.
async fn win(coordinator: &dyn Coordinator, role: Role, replica: &str) -> Box<dyn Leadership> {
    let won = async {
        loop {
            let outcome = coordinator.campaign(role, replica).await.expect("campaign works");
            if let Some(leadership) = outcome {
                return leadership;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, won).await.expect("a free role is won")
}

async fn one_leads(one: &dyn Coordinator, two: &dyn Coordinator) {
    let first = win(one, Role::Rollouts, "one").await;
    assert!(first.held(), "who won leads");
    let second = two.campaign(Role::Rollouts, "two").await.expect("campaign works");
    assert!(second.is_none(), "two replicas never lead at once");
    let again = one.campaign(Role::Rollouts, "one").await.expect("campaign works");
    assert!(again.is_none(), "not even the leader itself wins a held role");
    let token = first.token();
    first.resign().await;
    let second = win(two, Role::Rollouts, "two").await;
    assert!(second.token() > token, "tokens grow with each change of hands");
    second.resign().await;
}

async fn roles_are_apart(one: &dyn Coordinator, two: &dyn Coordinator) {
    let rollouts = win(one, Role::Rollouts, "one").await;
    let retention = win(two, Role::Retention, "two").await;
    assert!(rollouts.held() && retention.held(), "each role has a leader of its own");
    rollouts.resign().await;
    retention.resign().await;
}

async fn a_dropped_leader_is_followed(one: &dyn Coordinator, two: &dyn Coordinator) {
    let first = win(one, Role::Retention, "one").await;
    let token = first.token();
    drop(first);
    let second = win(two, Role::Retention, "two").await;
    assert!(second.token() > token, "tokens grow when a leader vanishes too");
    second.resign().await;
}

async fn tokens_fence(one: &dyn Coordinator, two: &dyn Coordinator) {
    let first = win(one, Role::Rollouts, "one").await;
    let former = first.token();
    assert!(one.fence(Role::Rollouts, former).await.expect("fence works"));
    first.resign().await;
    let second = win(two, Role::Rollouts, "two").await;
    let late = one.fence(Role::Rollouts, former).await.expect("fence works");
    assert!(!late, "a former leader's write is refused");
    assert!(two.fence(Role::Rollouts, second.token()).await.expect("fence works"));
    second.resign().await;
}

async fn leases_end(one: &dyn Coordinator, two: &dyn Coordinator) {
    let replica = |name: &str| Replica { name: name.to_owned(), address: format!("{name}:1") };
    let names = |replicas: Vec<Replica>| -> Vec<String> {
        replicas.into_iter().map(|replica| replica.name).collect()
    };
    let long = Duration::from_secs(600);
    one.renew(&replica("one"), long).await.expect("renew works");
    two.renew(&replica("two"), long).await.expect("renew works");
    let both = one.replicas().await.expect("replicas works");
    assert_eq!(both, [replica("one"), replica("two")], "each replica sees all");
    two.renew(&replica("two"), Duration::from_millis(1)).await.expect("renew works");
    let ended = async {
        while names(one.replicas().await.expect("replicas works")) != ["one"] {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, ended).await.expect("a lease that is not renewed ends");
    one.leave("one").await.expect("leave works");
    assert!(one.replicas().await.expect("replicas works").is_empty(), "who left is gone");
}

async fn revisions_wake<Commit, Committed>(
    one: &dyn Coordinator,
    two: &dyn Coordinator,
    commit: &Commit,
) where
    Commit: Fn() -> Committed,
    Committed: Future<Output = ()>,
{
    for coordinator in [one, two] {
        let mut wakes = coordinator.revisions();
        // The first word says that listening has begun.
        let ready = wakes.wait_for(|count| *count > 0);
        drop(tokio::time::timeout(PATIENCE, ready).await.expect("listening begins"));
        wakes.mark_unchanged();
        commit().await;
        let woken = tokio::time::timeout(PATIENCE, wakes.changed()).await;
        woken.expect("a committed revision wakes every replica").expect("the listener lives");
    }
}
