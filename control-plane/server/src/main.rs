//! `gw-control-plane`: one replica of the control plane. It brings the schema
//! up to date, takes admin calls over HTTP and nodes' streams over mutual TLS,
//! and ends cleanly on SIGTERM.

mod admin;
mod args;
mod bootstrap;
mod chores;
mod ready;

use std::{path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

use clap::Parser as _;
use gw_app::{App, Parts};
use gw_coord::{Coordinator, PostgresCoordinator};
use gw_fleet::{AppBacking, AppFleet, Hub};
use gw_model::AccountId;
use gw_store::Store;
use sha2::{Digest as _, Sha256};
use tokio::{net::TcpListener, signal::unix::SignalKind};
use tokio_util::sync::CancellationToken;

use args::Args;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How long a start waits for its database.
const DATABASE_PATIENCE: Duration = Duration::from_secs(60);

/// Why the control plane did not start, or ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Flags that make no sense.
    #[error("{0}")]
    Usage(String),
    /// Not 64 hex digits.
    #[error("{0} does not hold a master key: 64 hex digits are needed")]
    MasterKey(String),
    /// A file that cannot be read or written.
    #[error("{path}: {error}", path = .0.display(), error = .1)]
    File(PathBuf, std::io::Error),
    /// A socket that cannot be had.
    #[error("cannot listen on {0}: {1}")]
    Listen(std::net::SocketAddr, std::io::Error),
    /// The database, at the start.
    #[error("the database cannot be used")]
    Store(#[from] gw_store::Error),
    /// A use case, at the start.
    #[error(transparent)]
    App(#[from] gw_app::Error),
    /// The fleet's CA.
    #[error(transparent)]
    Ca(#[from] gw_fleet::LoadCaError),
    /// The fleet's listener.
    #[error(transparent)]
    Fleet(#[from] gw_fleet::ServeError),
    /// The admin listener, or signals.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

impl Error {
    /// The database is out of reach, perhaps for a moment only.
    fn is_unavailable(&self) -> bool {
        use gw_app::Error::Unavailable;
        matches!(
            self,
            Self::Store(gw_store::Error::Unavailable(_))
                | Self::App(Unavailable(_))
                | Self::Ca(gw_fleet::LoadCaError::App(Unavailable(_)))
        )
    }
}

fn main() -> ExitCode {
    gw_telemetry::init();
    let args = Args::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let outcome = runtime.map_err(Error::Io).and_then(|runtime| runtime.block_on(run(args)));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let mut text = error.to_string();
            let mut source = std::error::Error::source(&error);
            while let Some(cause) = source {
                text = format!("{text}: {cause}");
                source = cause.source();
            }
            tracing::error!(error = %text, "the control plane ends");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> Result<(), Error> {
    if args.account_id.len() != 12 || !args.account_id.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Error::Usage(format!("--account-id {:?} is not 12 digits", args.account_id)));
    }
    // A second provider in the process is no fault: both are ring.
    let _already_set = rustls::crypto::ring::default_provider().install_default();
    let replica = args
        .replica
        .clone()
        .unwrap_or_else(|| format!("replica-{}", uuid::Uuid::new_v4().simple()));
    let admin = listen(args.admin_listen).await?;
    let admin_address = admin.local_addr()?;
    let fleet = listen(args.fleet_listen).await?;

    let store = Store::open(&args.database_url, &gw_store::Options::default())?;
    patiently(async || store.migrate().await.map_err(Error::Store)).await?;
    let master_key = bootstrap::master_key(&args.master_key_file)?;
    let mut parts = Parts::new(store.clone(), master_key);
    parts.release_wait = Duration::from_millis(args.release_wait_ms);
    args.quota.iter().for_each(|quota| parts.limits.set(quota));
    parts.domains.unknown_certificates = args.unknown_certificates;
    if let Some(suffix) = args.domain_suffix.first() {
        suffix.trim_matches('.').clone_into(&mut parts.domains.suffix);
    }
    let base = App::new(parts);
    let revision = patiently(async || base.epoch_check().await.map_err(Error::App)).await?;

    let ca = patiently(async || gw_fleet::load_ca(&base).await.map_err(Error::Ca)).await?;
    let ca = Arc::new(ca);
    let ca_sha256 = hex(&Sha256::digest(ca.certificate_der()));
    let account = AccountId::new(&*args.account_id);
    let region = gw_api::RegionRule::parse(&args.region);
    let first_region = match &region {
        gw_api::RegionRule::Fixed(region) => region.to_string(),
        gw_api::RegionRule::PerSignature => gw_api::RegionRule::DEFAULT_REGION.to_owned(),
    };
    let file = args.bootstrap_file.as_deref();
    patiently(async || bootstrap::write(&base, file, &account, &first_region, &ca_sha256).await)
        .await?;

    let coordinator: Arc<dyn Coordinator> = Arc::new(PostgresCoordinator::new(store));
    let hub = open_hub(&args, &replica, &base);
    hub.follow(coordinator.revisions());
    let app = base.with_fleet(Arc::new(AppFleet::new(hub.clone())));
    let config = gw_api::Config {
        account,
        region,
        ca_sha256,
        ca_pem: ca.certificate_pem(),
        replica: replica.clone(),
        traffic_url: args.traffic_url.clone(),
    };

    let stop = CancellationToken::new();
    let own = gw_coord::Replica { name: replica.clone(), address: admin_address.to_string() };
    let chores = [
        tokio::spawn(chores::keep_lease(coordinator.clone(), own, stop.clone())),
        tokio::spawn(chores::retain(
            app.clone(),
            coordinator,
            replica.clone(),
            chores::Beats::default(),
            stop.clone(),
        )),
    ];
    let router = gw_api::router(app, config);
    let serving = admin::serve(admin, router, admin::HEAD_TIMEOUT, stop.clone());
    if let Some(file) = &args.ready_file {
        ready::write(file, admin_address, fleet.local_addr()?, &replica)
            .map_err(|error| Error::File(file.clone(), error))?;
    }
    tracing::info!(%replica, %revision, admin = %admin_address, fleet = %fleet.local_addr()?, "serving");

    let streams =
        gw_fleet::serve(hub, ca, fleet, &args.fleet_names, stop.clone().cancelled_owned());
    let ended = tokio::select! {
        ended = serving => ended.map_err(Error::Io),
        ended = streams => ended.map_err(Error::Fleet),
        () = terminated() => Ok(()),
    };
    stop.cancel();
    for chore in chores {
        // A chore ends between two steps, never within one.
        let _joined = tokio::time::timeout(Duration::from_secs(5), chore).await;
    }
    ended
}

async fn listen(address: std::net::SocketAddr) -> Result<TcpListener, Error> {
    TcpListener::bind(address).await.map_err(|error| Error::Listen(address, error))
}

/// Takes a step of the start again while the database is out of reach: it may
/// be starting itself, or the machine be busy.
async fn patiently<T>(mut step: impl AsyncFnMut() -> Result<T, Error>) -> Result<T, Error> {
    let end = tokio::time::Instant::now() + DATABASE_PATIENCE;
    loop {
        match step().await {
            Err(error) if error.is_unavailable() && tokio::time::Instant::now() < end => {
                tracing::warn!(%error, "waiting for the database");
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
            outcome => return outcome,
        }
    }
}

fn open_hub(args: &Args, replica: &str, app: &App) -> Arc<Hub> {
    let mut options = gw_fleet::Options { replica: replica.to_owned(), ..Default::default() };
    options.timing.prepare_ms = args.rollout_deadline_ms;
    options.traffic_suffixes.clone_from(&args.domain_suffix);
    Hub::start(options, Arc::new(AppBacking::new(app.clone(), replica)))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes any text");
        text
    })
}

/// Resolves on SIGTERM and on SIGINT.
async fn terminated() {
    let wait = async |kind| match tokio::signal::unix::signal(kind) {
        Ok(mut signal) => {
            signal.recv().await;
        }
        Err(error) => {
            tracing::error!(%error, "signals cannot be received");
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = wait(SignalKind::terminate()) => {}
        () = wait(SignalKind::interrupt()) => {}
    }
}
