//! Functions that are served: started, known by their address, stopped.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::catalog::Catalog;
use crate::error::Error;
use crate::http::{Front, serve};
use crate::invoke::Service;
use crate::options::{Options, Source};
use crate::pool::Home;
use crate::queue::Queue;
use crate::runtime::{Place, Planner};

/// Functions that are served until stopped or dropped. Dropped, their
/// processes are killed without being asked first.
#[derive(Debug)]
pub struct Functions {
    address: SocketAddr,
    service: Arc<Service>,
}

impl Functions {
    /// Reads what is declared and listens. No environment is started before
    /// its first invocation.
    ///
    /// # Errors
    /// When nothing is declared, an interpreter or a package is missing, a
    /// crate does not build, or the address is taken.
    pub async fn start(options: Options) -> Result<Self, Error> {
        let listener = TcpListener::bind(options.listen).await;
        let taken = |source| Error::Listen { address: options.listen, source };
        let listener = listener.map_err(taken)?;
        let address = listener.local_addr().map_err(taken)?;
        let home = Arc::new(Home {
            log: options.log,
            idle: options.idle,
            settle: options.settle,
            launcher: options.launcher,
            stop: CancellationToken::new(),
            tracker: TaskTracker::new(),
        });
        let place = Place { region: options.region, account: options.account };
        let source = options.source.clone();
        let made = tokio::task::spawn_blocking({
            let home = home.clone();
            move || {
                let catalog = match options.source {
                    Source::Folder(folder) => Catalog::read(&folder)?,
                    Source::Declared(catalog) => catalog,
                };
                Service::new(catalog, home, place, Planner::new(options.client)?)
            }
        });
        let service = match made.await {
            Ok(service) => Arc::new(service?),
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        };
        let front = Front { service: service.clone(), queue: Arc::new(Queue::default()) };
        tokio::spawn(serve(listener, front));
        if options.watch {
            let (watched, stop) = (service.clone(), home.stop.clone());
            tokio::spawn(async move {
                stop.run_until_cancelled(crate::watch::watch(watched, source)).await;
            });
        }
        Ok(Self { address, service })
    }

    /// Where the Invoke API listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The same for `AWS_ENDPOINT_URL_LAMBDA`, as somebody on this machine
    /// writes it.
    pub fn url(&self) -> String {
        let ip = match self.address.ip() {
            ip if !ip.is_unspecified() => ip,
            IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        };
        format!("http://{}", SocketAddr::new(ip, self.address.port()))
    }

    /// The names of what is served now.
    pub fn names(&self) -> Vec<String> {
        self.service.world().members.keys().cloned().collect()
    }

    /// Stops listening, ends every process (asked first, killed after two
    /// seconds) and returns when all have ended.
    pub async fn stop(self) {
        let home = self.service.home.clone();
        home.stop.cancel();
        home.tracker.close();
        home.tracker.wait().await;
    }
}

impl Drop for Functions {
    fn drop(&mut self) {
        self.service.home.stop.cancel();
    }
}
