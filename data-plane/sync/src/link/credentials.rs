//! The node's certificates over their lives: issued, stored, renewed.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use tokio::sync::watch;
use tonic::transport::Channel;

use crate::{
    Hooks,
    identity::{self, Identity, JoinToken, NodeKey},
    status,
};

/// How long a renewal or a join may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// How soon a failed renewal is tried again. A third of the certificate's
/// life is left for it.
const RETRY_AFTER: Duration = Duration::from_secs(30);

/// How soon a renewal is tried again that succeeded and yet left something due.
const AGAIN_AFTER: Duration = Duration::from_secs(600);

/// Who the node is, and may become.
pub(crate) struct Credentials {
    /// The identity file, and what seals its keys.
    file: (PathBuf, NodeKey),
    token: Option<JoinToken>,
    node_name: String,
    labels: BTreeMap<String, String>,
    current: Mutex<Option<Identity>>,
    /// What the control plane puts on a traffic certificate now.
    names: watch::Sender<Vec<String>>,
    hooks: Arc<dyn Hooks>,
    status: status::Shared,
}

impl Credentials {
    pub(crate) fn new(
        file: (PathBuf, NodeKey),
        stored: Option<Identity>,
        token: Option<JoinToken>,
        config: &crate::Config,
        hooks: Arc<dyn Hooks>,
        status: status::Shared,
    ) -> Self {
        let credentials = Self {
            file,
            token,
            node_name: config.node_name.clone().unwrap_or_default(),
            labels: config.labels.clone(),
            current: Mutex::new(None),
            names: watch::Sender::default(),
            hooks,
            status,
        };
        if let Some(identity) = stored {
            credentials.set(identity);
        }
        credentials
    }

    pub(crate) fn current(&self) -> Option<Identity> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn token(&self) -> Option<&JoinToken> {
        self.token.as_ref()
    }

    fn set(&self, identity: Identity) {
        self.status.update(|status| {
            status.node_id = Some(identity.node_id.clone());
            status.certificate_not_after = Some(identity.material.not_after);
            status.traffic_certificate_not_after =
                identity.traffic.as_ref().map(|traffic| traffic.not_after);
        });
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Some(identity);
    }

    /// Takes note of the names that a traffic certificate would have now. A
    /// renewal follows if the present one lacks any.
    pub(crate) fn traffic_names(&self, names: &[String]) {
        self.names.send_if_modified(|known| {
            let news = known != names;
            if news {
                *known = names.to_vec();
            }
            news
        });
    }

    /// Joins over a channel whose trust comes from the token.
    pub(crate) async fn join(&self, channel: Channel) -> Result<Identity, String> {
        let token = self.token().ok_or("no join token is given")?;
        let joining = identity::join(channel, token, &self.node_name, &self.labels);
        let identity = match tokio::time::timeout(CALL_TIMEOUT, joining).await {
            Ok(joined) => joined.map_err(|error| format!("cannot join: {error}"))?,
            Err(_) => return Err("cannot join: the control plane does not answer".to_owned()),
        };
        self.install(identity.clone()).await.map_err(|error| format!("cannot join: {error}"))?;
        Ok(identity)
    }

    /// Renews the certificates when two thirds of a life are over or a name is
    /// missing, again and again. The open stream goes on under the old one.
    pub(crate) async fn keep_renewed(self: Arc<Self>, channel: Channel) {
        let mut wanted = self.names.subscribe();
        loop {
            let names = wanted.borrow_and_update().clone();
            let Some(identity) = self.current() else { return };
            // The clock may be set meanwhile: look again every minute.
            let wait = identity.renewal_due(&names).duration_since(SystemTime::now());
            if let Ok(wait) = wait {
                let wait = wait.clamp(Duration::from_millis(100), Duration::from_secs(60));
                tokio::select! {
                    () = tokio::time::sleep(wait) => {}
                    // The sender lives as long as `self`.
                    _ = wanted.changed() => {}
                }
                continue;
            }
            let renewing = identity::renew(channel.clone(), &identity);
            let renewed = match tokio::time::timeout(CALL_TIMEOUT, renewing).await {
                Ok(Ok(identity)) => self.install(identity).await.map_err(|e| e.to_string()),
                Ok(Err(error)) => Err(error.to_string()),
                Err(_) => Err("the control plane does not answer".to_owned()),
            };
            match renewed {
                Ok(()) => {
                    tracing::info!("certificates renewed");
                    let now = SystemTime::now();
                    if self.current().is_some_and(|now_is| now_is.renewal_due(&names) <= now) {
                        tokio::time::sleep(AGAIN_AFTER).await;
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "certificates not renewed");
                    tokio::time::sleep(RETRY_AFTER).await;
                }
            }
        }
    }

    /// Stores an identity and makes it the current one.
    async fn install(&self, identity: Identity) -> Result<(), String> {
        let ((path, key), stored) = (self.file.clone(), identity.clone());
        let saved = tokio::task::spawn_blocking(move || stored.save(&path, &key)).await;
        match saved {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(error.to_string()),
            Err(error) => return Err(error.to_string()),
        }
        self.set(identity);
        self.hooks.certificate_changed();
        Ok(())
    }
}
