//! The node's certificate over its life: issued, stored, renewed.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use tonic::transport::Channel;

use crate::{
    Hooks,
    identity::{self, Identity, JoinToken},
    status,
};

/// How long a renewal or a join may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// How soon a failed renewal is tried again. A third of the certificate's
/// life is left for it.
const RETRY_AFTER: Duration = Duration::from_secs(30);

/// Who the node is, and may become.
pub(crate) struct Credentials {
    path: PathBuf,
    token: Option<JoinToken>,
    node_name: String,
    labels: BTreeMap<String, String>,
    current: Mutex<Option<Identity>>,
    hooks: Arc<dyn Hooks>,
    status: status::Shared,
}

impl Credentials {
    pub(crate) fn new(
        path: PathBuf,
        stored: Option<Identity>,
        token: Option<JoinToken>,
        config: &crate::Config,
        hooks: Arc<dyn Hooks>,
        status: status::Shared,
    ) -> Self {
        let credentials = Self {
            path,
            token,
            node_name: config.node_name.clone().unwrap_or_default(),
            labels: config.labels.clone(),
            current: Mutex::new(None),
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
        let material = Arc::clone(&identity.material);
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Some(identity);
        self.status.update(|status| {
            status.node_id = Some(material.node_id.clone());
            status.certificate_not_after = Some(material.not_after);
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

    /// Renews the certificate when two thirds of its life are over, again and
    /// again. The open stream goes on under the old one.
    pub(crate) async fn keep_renewed(self: Arc<Self>, channel: Channel) {
        loop {
            let Some(identity) = self.current() else { return };
            let material = &identity.material;
            let now = SystemTime::now();
            if !material.wants_renewal(now) {
                let life = material.not_after.duration_since(material.not_before);
                let due = material.not_before + life.unwrap_or_default() * 2 / 3;
                // The clock may be set meanwhile: look again every minute.
                let wait = due.duration_since(now).unwrap_or_default();
                let wait = wait.clamp(Duration::from_millis(100), Duration::from_secs(60));
                tokio::time::sleep(wait).await;
                continue;
            }
            let renewing = identity::renew(channel.clone(), &identity);
            let renewed = match tokio::time::timeout(CALL_TIMEOUT, renewing).await {
                Ok(Ok(identity)) => self.install(identity).await.map_err(|e| e.to_string()),
                Ok(Err(error)) => Err(error.to_string()),
                Err(_) => Err("the control plane does not answer".to_owned()),
            };
            match renewed {
                Ok(()) => tracing::info!("certificate renewed"),
                Err(error) => {
                    tracing::warn!(%error, "certificate not renewed");
                    tokio::time::sleep(RETRY_AFTER).await;
                }
            }
        }
    }

    /// Stores an identity and makes it the current one.
    async fn install(&self, identity: Identity) -> Result<(), String> {
        let (path, stored) = (self.path.clone(), identity.clone());
        let saved = tokio::task::spawn_blocking(move || stored.save(&path)).await;
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
