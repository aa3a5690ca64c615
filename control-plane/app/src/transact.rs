//! The one way to write: a transaction that is tried again when it met
//! another one, and that carries its audit row.

use std::time::Duration;

use gw_store::Audit;
use serde_json::Value;

use crate::{Caller, Error, error::Kind};

/// How often a transaction is tried before its caller is told.
const TRIES: u32 = 8;

/// Runs `$body` in a transaction `$txn` and commits it. The body's value is
/// `Ok((answer, audit))` with `audit: Option<Audit>`; what comes out is
/// `Ok((answer, revision))`, the revision being `None` where no node can
/// notice the change. A body runs again from its start after a deadlock or a
/// serialization failure, so it must not consume what it captures.
macro_rules! transact {
    ($app:expr, |$txn:ident| $body:block) => {{
        let mut tries = 0_u32;
        loop {
            let outcome: $crate::Result<_> = async {
                let mut $txn = $app.store().begin().await?;
                let (answer, audit) = async { $crate::Result::Ok($body) }.await?;
                let revision = $txn.commit(audit.as_ref()).await?;
                Ok((answer, revision))
            }
            .await;
            match outcome {
                Err(error) if $crate::transact::again(&error, &mut tries).await => {}
                outcome => break outcome,
            }
        }
    }};
}

pub(crate) use transact;

/// Whether to try once more; waits a moment that differs between rivals.
pub(crate) async fn again(error: &Error, tries: &mut u32) -> bool {
    *tries += 1;
    if !matches!(error, Error::Contended(_)) || *tries >= TRIES {
        return false;
    }
    let most_ms = 4_u64 << *tries;
    tokio::time::sleep(Duration::from_millis(fastrand::u64(1..=most_ms))).await;
    true
}

impl Caller {
    /// An audit row of this caller.
    pub(crate) fn audit(&self, operation: &'static str, resource: String) -> Audit {
        Audit {
            scope: self.scope.clone(),
            actor: self.arn.clone(),
            operation,
            resource,
            request_id: self.request_id.clone(),
            detail: None,
        }
    }

    /// The same with more to tell.
    pub(crate) fn audit_with(
        &self,
        operation: &'static str,
        resource: String,
        detail: Value,
    ) -> Audit {
        Audit { detail: Some(detail), ..self.audit(operation, resource) }
    }
}

/// A row, or the news that it is not there.
pub(crate) trait Found<T> {
    fn found(self, kind: Kind, id: impl AsRef<str>) -> Result<T, Error>;
}

impl<T> Found<T> for Option<T> {
    fn found(self, kind: Kind, id: impl AsRef<str>) -> Result<T, Error> {
        self.ok_or_else(|| Error::not_found(kind, id.as_ref()))
    }
}
