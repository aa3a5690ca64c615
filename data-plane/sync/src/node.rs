//! A running node's sync: its start, and the handle on it.

use std::{
    fs::{File, TryLockError},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, mpsc as std_mpsc},
    thread::{self, JoinHandle},
    time::{Duration, Instant, SystemTime},
};

use gw_snapshot::World;
use tokio::sync::{mpsc, watch};

use crate::{
    CertificateMaterial, Config, Error, Hooks, JoinToken, Published, Status, WorldHandle,
    compile::{AtHand, Cache, Compiler, Source},
    convert::About,
    disk::{Disk, Found, Store},
    driver::{Driver, Parts},
    files,
    identity::{Identity, NodeKey},
    link::{Credentials, Link},
    reclaim::Reclaimer,
    status,
};

/// Content on its way to the compiler may take this much memory.
const AT_HAND_BYTES: usize = 256 << 20;

/// Messages of the control plane that wait for the driver; beyond this the
/// stream's own flow control holds the control plane back.
const LINE_QUEUE: usize = 64;

/// The way to a [`Handle`]: a node's sync, before it runs.
#[derive(Debug)]
pub struct Node;

/// A running node's sync. Dropping it stops the threads without waiting.
pub struct Handle {
    world: WorldHandle,
    status: status::Shared,
    credentials: Arc<Credentials>,
    stop: watch::Sender<bool>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Node {
    /// Starts a node. Returns once a world that was on disk is compiled and
    /// published; a node without one starts empty and syncs in the background.
    ///
    /// # Errors
    /// When the state directory, the node key or the join token is unusable,
    /// or when there is neither a world nor a way to get one. A damaged world
    /// is no error: it is logged, and the node starts without.
    pub fn start(config: Config, hooks: Arc<dyn Hooks>) -> Result<Handle, Error> {
        let state = StateDir::open(&config)?;
        let StateDir { lock, store, found, identity, identity_path, key, token } = state;
        if found.is_none() && config.control_planes.is_empty() {
            return Err(Error::NoControlPlane);
        }
        if found.is_none() && identity.is_none() && token.is_none() {
            return Err(Error::NoToken);
        }
        let status = status::Shared::default();
        let now = SystemTime::now();
        status.update(|status| {
            status.started_at = Some(now);
            status.offline_since = Some(now);
        });
        let credentials = Arc::new(Credentials::new(
            (identity_path, key),
            identity,
            token,
            &config,
            Arc::clone(&hooks),
            status.clone(),
        ));
        let reclaimer = Reclaimer::start().map_err(Error::Start)?;
        let world = Published::new(Arc::new(World::default()), reclaimer.clone());
        let (stop, stopped) = watch::channel(false);
        let parts = parts(&config, hooks, (store, lock), &world, &status, reclaimer)?;
        let (events, line) = mpsc::channel(LINE_QUEUE);
        let link = Link {
            addresses: config.control_planes,
            credentials: Arc::clone(&credentials),
            backoff_min: config.backoff_min,
            backoff_max: config.backoff_max,
            events,
        };
        let (started, wait) = std_mpsc::sync_channel(1);
        let run = move || {
            // Made here, as the starter may itself be inside a runtime.
            let runtime = match tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .thread_name("gw-sync-io")
                .build()
            {
                Ok(runtime) => runtime,
                Err(error) => return drop(started.send(Err(error))),
            };
            let mut driver = Driver::new(parts);
            if let Some(Found { world, root }) = found {
                let done = driver.restore(world);
                tracing::info!(
                    root = %hex::encode(root.to_bytes()),
                    stages = done.stages,
                    left_out = done.left_out,
                    took_ms = u64::try_from(done.took.as_millis()).unwrap_or(u64::MAX),
                    "serving the world from disk"
                );
            }
            // The starter waits for this, unless it panicked.
            let _ = started.send(Ok(()));
            runtime.block_on(async {
                let link = tokio::spawn(link.run());
                driver.run(line, stopped).await;
                link.abort();
            });
            runtime.shutdown_background();
        };
        let thread =
            thread::Builder::new().name("gw-sync".to_owned()).spawn(run).map_err(Error::Start)?;
        let panicked = |_| std::io::Error::other("the sync thread ended as it read the world");
        wait.recv().map_err(panicked).and_then(|started| started).map_err(Error::Start)?;
        let thread = Mutex::new(Some(thread));
        Ok(Handle { world, status, credentials, stop, thread })
    }
}

impl Handle {
    /// Where serving cores find the world.
    pub fn world(&self) -> WorldHandle {
        self.world.clone()
    }

    /// What the node knows of itself now.
    pub fn status(&self) -> Status {
        self.status.read()
    }

    /// Waits until the node may get traffic, at most for `timeout`.
    pub fn wait_ready(&self, timeout: Duration) -> bool {
        let until = Instant::now() + timeout;
        while !self.status().ready {
            if Instant::now() >= until {
                return false;
            }
            thread::sleep(Duration::from_millis(10));
        }
        true
    }

    /// What the node shows to clients of its TLS listeners unless the operator
    /// has something better: a certificate of the fleet's CA for the names of
    /// its APIs. `None` until the control plane has given one.
    /// [`Hooks::certificate_changed`] tells when to ask again.
    pub fn certificate(&self) -> Option<Arc<CertificateMaterial>> {
        self.credentials.current()?.traffic
    }

    /// Leaves the fleet's stream, lets the disk finish and ends the threads.
    /// The world stays published. Does nothing the second time.
    pub fn shutdown(&self) {
        // Without a receiver the thread has ended already.
        let _ = self.stop.send(true);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!("the sync thread panicked");
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
    }
}

fn parts(
    config: &Config,
    hooks: Arc<dyn Hooks>,
    (store, lock): (Store, File),
    world: &WorldHandle,
    status: &status::Shared,
    reclaimer: Reclaimer,
) -> Result<Parts, Error> {
    let cache = Cache::new(config.compiled_budget_bytes, reclaimer.clone());
    let at_hand = Arc::new(AtHand::new(AT_HAND_BYTES));
    let source = Source {
        at_hand: Arc::clone(&at_hand),
        contents: Arc::clone(store.contents()),
        limits: config.compile.clone(),
        max_deployment_bytes: config.max_deployment_bytes,
    };
    let (input, inputs) = mpsc::unbounded_channel();
    let done = input.clone();
    // Without a receiver the node is shutting down.
    let tell = move |ended| drop(done.send(ended));
    let compiler = Compiler::start(source, cache.clone(), tell).map_err(Error::Start)?;
    let disk = Disk::start(store, config.retained_disk_bytes, lock, status.clone())
        .map_err(Error::Start)?;
    let boot = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let about = About {
        node_id: String::new(),
        boot_epoch: u64::try_from(boot.as_millis()).unwrap_or_default(),
        build: config.build.clone(),
        traffic_address: config.traffic_address.clone(),
        metrics_address: config.metrics_address.clone(),
    };
    Ok(Parts {
        hooks,
        status: status.clone(),
        world: world.clone(),
        compiler,
        cache,
        at_hand,
        disk,
        reclaimer,
        max_deployment_bytes: config.max_deployment_bytes,
        about,
        inputs,
        input,
    })
}

/// What a start finds in the state directory.
struct StateDir {
    lock: File,
    store: Store,
    found: Option<Found>,
    identity: Option<Identity>,
    identity_path: PathBuf,
    key: NodeKey,
    token: Option<JoinToken>,
}

impl StateDir {
    fn open(config: &Config) -> Result<Self, Error> {
        let dir = &config.state_dir;
        let unusable = |source| Error::StateDir { path: dir.clone(), source };
        files::make_dir(dir).map_err(unusable)?;
        let lock = lock(dir)?;
        let key = NodeKey::load(config.node_key.as_deref(), &dir.join("node.key"))?;
        let token = config.join_token.as_deref().map(str::parse::<JoinToken>).transpose()?;
        let identity_path = dir.join("identity.json");
        let stored = Identity::load(&identity_path, &key).unwrap_or_else(|error| {
            tracing::error!(%error, "the stored identity is not usable");
            None
        });
        let world_dir = dir.join("world");
        let disk = |error: crate::DiskError| unusable(std::io::Error::other(error));
        // A token of another fleet is an order to change sides: neither the
        // certificate nor the world of the former fleet means anything there.
        let (identity, moved) = match (stored, &token) {
            (Some(stored), Some(token)) if stored.ca_digest() != token.ca => (None, true),
            (stored, _) => (stored, false),
        };
        if moved {
            tracing::warn!("the join token is of another fleet; starting without a world");
            Store::forget(&world_dir).map_err(disk)?;
        }
        let (store, found) = Store::open(&world_dir, &key).map_err(disk)?;
        let found = found.unwrap_or_else(|error| {
            tracing::error!(%error, "the world on disk is refused; starting without one");
            None
        });
        Ok(Self { lock, store, found, identity, identity_path, key, token })
    }
}

fn lock(dir: &Path) -> Result<File, Error> {
    let unusable = |source| Error::StateDir { path: dir.to_owned(), source };
    let file = files::create(&dir.join("lock")).map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::InUse(dir.to_owned())),
        Err(TryLockError::Error(source)) => Err(unusable(source)),
    }
}
