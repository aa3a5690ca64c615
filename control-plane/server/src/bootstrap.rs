//! What the first start leaves behind: the master key's file, and the
//! administrator's credentials with a join token.

use std::{
    fs,
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
    time::Duration,
};

use gw_app::{App, Caller, MasterKey, SystemEntropy};
use gw_model::{AccountId, Scope};
use serde::{Deserialize, Serialize};

use crate::Error;

/// The bootstrap token admits this many nodes within its life.
const JOIN_USES: u32 = 1000;

/// How long the bootstrap token lives; a start after that makes a new one.
const JOIN_LIFE: Duration = Duration::from_secs(30 * 24 * 3600);

/// The content of the bootstrap file.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Bootstrap {
    access_key_id: String,
    secret_access_key: String,
    bearer_token: String,
    join_token: String,
    account_id: String,
    region: String,
}

/// The key that seals secrets: from the environment, or from its file, which
/// the first start makes.
pub(crate) fn master_key(file: &Path) -> Result<MasterKey, Error> {
    if let Ok(text) = std::env::var("GATEWRIGHT_MASTER_KEY") {
        return MasterKey::from_hex(&text)
            .map_err(|_| Error::MasterKey("GATEWRIGHT_MASTER_KEY".into()));
    }
    match fs::read_to_string(file) {
        Ok(text) => {
            MasterKey::from_hex(&text).map_err(|_| Error::MasterKey(file.display().to_string()))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let key = MasterKey::generate(&SystemEntropy::default());
            write_secret(file, key.to_hex().as_bytes())?;
            Ok(key)
        }
        Err(error) => Err(Error::File(file.to_owned(), error)),
    }
}

/// Makes the first administrator and keeps the file's join token usable.
pub(crate) async fn write(
    app: &App,
    file: Option<&Path>,
    account: &AccountId,
    region: &str,
    ca_sha256: &str,
) -> Result<(), Error> {
    let made = app.bootstrap(account).await?;
    let Some(file) = file else {
        if made.is_some() {
            tracing::warn!(
                "the first administrator was made, and no --bootstrap-file keeps its secret"
            );
        }
        return Ok(());
    };
    let mut known: Bootstrap =
        fs::read(file).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
    if let Some(made) = made {
        known.access_key_id = made.access_key_id.clone();
        known.secret_access_key = made.secret_access_key.to_string();
        known.bearer_token = made.bearer_token.to_string();
    } else if known.bearer_token.is_empty() {
        // The file was lost. Who can start a control plane holds the master
        // key and the database, so new credentials give nothing away.
        let made = app.admin_credentials_issue(account).await?;
        tracing::warn!(file = %file.display(), "the bootstrap file was lost: new administrator credentials");
        known.access_key_id = made.access_key_id.clone();
        known.secret_access_key = made.secret_access_key.to_string();
        known.bearer_token = made.bearer_token.to_string();
    }
    known.account_id = account.to_string();
    known.region = region.to_owned();
    known.join_token = usable_token(app, account, &known.join_token, ca_sha256).await?;
    let text = serde_json::to_vec_pretty(&known)
        .map_err(|error| Error::File(file.to_owned(), io::Error::other(error)))?;
    write_secret(file, &text)
}

/// The same token while nodes can join by it, else a new one.
async fn usable_token(
    app: &App,
    account: &AccountId,
    token: &str,
    ca_sha256: &str,
) -> Result<String, Error> {
    let prefix = format!("gwj1.{ca_sha256}.");
    if let Some(secret) = token.strip_prefix(&prefix)
        && app.join_token_usable(secret).await?
    {
        return Ok(token.to_owned());
    }
    let caller = Caller::system(Scope::new(account.clone(), "-"));
    let made = app.join_token_create(&caller, JOIN_USES, JOIN_LIFE, &Default::default()).await?;
    Ok(format!("{prefix}{}", made.secret.as_str()))
}

/// Writes a file whole, readable by its owner only.
fn write_secret(path: &Path, content: &[u8]) -> Result<(), Error> {
    let write = || {
        let mut beside = path.as_os_str().to_owned();
        beside.push(".new");
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder)?;
        }
        fs::remove_file(&beside).ok();
        let mut file =
            fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&beside, path)
    };
    write().map_err(|error| Error::File(path.to_owned(), error))
}
