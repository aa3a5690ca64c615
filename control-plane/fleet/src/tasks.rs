//! What runs beside the streams: the database's answers, the clock, and the
//! writing of receipts and signs of life off the critical path.

use std::{
    collections::HashMap,
    sync::Weak,
    time::{Duration, Instant},
};

use gw_fleet_core::{
    replica::{Effect, Event},
    rollout::Written,
};
use gw_model::StageKey;
use tracing::warn;

use crate::{
    backing::{Answer, Backing, BackingError, ReceiptNote},
    hub::Hub,
};

/// A database that does not answer for this long counts as gone.
const DATABASE_TIMEOUT: Duration = Duration::from_secs(5);

/// How often the machine is told that time passes.
const TICK: Duration = Duration::from_millis(100);

/// How often signs of life are written.
const SIGNS: Duration = Duration::from_secs(1);

/// After so long without the database this replica's lease may have run out,
/// and its nodes may have been marked as disconnected by others.
const FORGOTTEN: Duration = Duration::from_secs(5);

/// How long receipts gather before they are written together.
const GATHER: Duration = Duration::from_millis(10);

/// Receipts that wait for the database while it is gone; more are dropped,
/// oldest first.
const NOTES_KEPT: usize = 100_000;

/// Lets the database answer, or be gone.
pub(crate) async fn timed<T>(answer: impl Future<Output = Answer<T>>) -> Answer<T> {
    match tokio::time::timeout(DATABASE_TIMEOUT, answer).await {
        Ok(answer) => answer,
        Err(_) => Err(BackingError::Unavailable("no answer in time".to_owned())),
    }
}

/// Does what an effect wants of the database; `None` for all other effects.
pub(crate) async fn database(backing: &dyn Backing, effect: Effect) -> Option<Event> {
    Some(match effect {
        Effect::Read { since, receipts } => match timed(backing.read(since, &receipts)).await {
            Ok(fresh) => Event::Read(fresh),
            Err(error) => {
                warn!(%error, "cannot read the world");
                Event::ReadFailed
            }
        },
        Effect::OpenEpoch(seen) => {
            warn!(revision = %seen, "the database is behind what was seen; opening a new epoch");
            if let Err(error) = timed(backing.open_epoch(seen)).await {
                warn!(%error, "cannot open a new epoch");
            }
            Event::Wake
        }
        Effect::Commit(stage, release) => {
            let written = written(timed(backing.commit(&stage, release)).await, &stage);
            Event::Written { stage, release, written }
        }
        Effect::Reject { stage, release, node, reason } => {
            let answer = timed(backing.reject(&stage, release, &node, &reason)).await;
            let written = written(answer, &stage);
            Event::Written { stage, release, written }
        }
        Effect::Inquire(stage, release) => {
            let written = written(timed(backing.inquire(&stage, release)).await, &stage);
            Event::Written { stage, release, written }
        }
        _ => return None,
    })
}

fn written(answer: Answer<Written>, stage: &StageKey) -> Written {
    answer.unwrap_or_else(|error| {
        warn!(%stage, %error, "cannot tell where a release stands");
        Written::Unknown
    })
}

/// Tells the machine that time passes.
pub(crate) async fn ticks(hub: Weak<Hub>) {
    let mut interval = tokio::time::interval(TICK);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        interval.tick().await;
        let Some(hub) = hub.upgrade() else { return };
        hub.handle(Event::Tick);
    }
}

/// Writes signs of life, and makes nodes known that connected while the
/// database was gone.
pub(crate) async fn signs_of_life(hub: Weak<Hub>) {
    let mut interval = tokio::time::interval(SIGNS);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut failing_since = None;
    loop {
        interval.tick().await;
        let Some(hub) = hub.upgrade() else { return };
        let (signs, unknown) = hub.signs();
        for (session, facts) in unknown {
            match timed(hub.backing().node_connected(&facts)).await {
                Ok(slot) => hub.registered(session, slot),
                // The others would wait as long, and for nothing.
                Err(_) => break,
            }
        }
        if signs.is_empty() {
            continue;
        }
        match timed(hub.backing().nodes_seen(signs)).await {
            Ok(()) => failing_since = None,
            Err(error) => {
                warn!(%error, "cannot write signs of life");
                if failing_since.get_or_insert_with(Instant::now).elapsed() >= FORGOTTEN {
                    hub.register_again();
                }
            }
        }
    }
}

/// Writes receipts, several together.
pub(crate) async fn receipts(hub: Weak<Hub>) {
    loop {
        {
            let Some(hub) = hub.upgrade() else { return };
            // The hub must be able to end while nothing happens.
            let _nothing = tokio::time::timeout(SIGNS, hub.receipts_noted()).await;
        }
        tokio::time::sleep(GATHER).await;
        let Some(hub) = hub.upgrade() else { return };
        let notes = hub.take_notes();
        if notes.is_empty() {
            continue;
        }
        match timed(hub.backing().record(newest(&notes))).await {
            Ok(()) => {}
            Err(BackingError::Refused(reason)) => warn!(reason, "receipts were refused"),
            Err(error @ BackingError::Unavailable(_)) => {
                warn!(%error, "cannot write receipts");
                hub.put_back(notes, NOTES_KEPT);
                tokio::time::sleep(SIGNS).await;
            }
        }
    }
}

/// One note per node and release, the newest word; that a node was asked is
/// no news beside any word of it.
fn newest(notes: &[ReceiptNote]) -> Vec<ReceiptNote> {
    let mut places = HashMap::new();
    let mut newest: Vec<ReceiptNote> = Vec::with_capacity(notes.len());
    for note in notes {
        let place = *places.entry((&note.node, &note.stage, note.release)).or_insert(newest.len());
        match newest.get_mut(place) {
            None => newest.push(note.clone()),
            Some(before) if note.state.is_some() => *before = note.clone(),
            Some(_) => {}
        }
    }
    newest
}
