//! A node's world: the fleet stream, compilation, the swap and the disk.
//!
//! [`Node::start`] gives a running node's connection to its fleet. It reads
//! the last good world from the state directory, compiles and publishes it,
//! and only then looks for a control plane; with no world on disk it joins,
//! connects and syncs in the background. The [`Handle`] is all that the proxy
//! needs:
//!
//! ```no_run
//! # struct MyHooks;
//! # impl gw_sync::Hooks for MyHooks {}
//! let mut config = gw_sync::Config::new("/var/lib/gatewright");
//! config.control_planes = vec!["127.0.0.1:9081".to_owned()];
//! config.join_token = std::env::var("GATEWRIGHT_JOIN_TOKEN").ok();
//! let node = gw_sync::Node::start(config, std::sync::Arc::new(MyHooks))?;
//! let mut reader = node.world().reader(); // one for each serving core
//! let _world = reader.current();          // once for each request; a load and a compare
//! node.shutdown();
//! # Ok::<(), gw_sync::Error>(())
//! ```
//!
//! Nothing here runs on a serving core. There are four threads: `gw-sync`
//! drives the stream, `gw-compile` compiles at a low priority, `gw-disk`
//! writes, `gw-reclaim` drops what no request uses any more.
//!
//! What this crate refuses to do: it decides nothing about rollouts (that is
//! `gw-fleet-core`), and it never stops traffic. A lost control plane, an
//! expired certificate or a broken disk is shown in [`Status`].

mod channel;
mod compile;
mod config;
mod convert;
mod disk;
mod driver;
mod error;
mod fetch;
mod files;
#[doc(hidden)]
pub mod fuzz;
mod identity;
mod link;
mod node;
mod publish;
mod reclaim;
mod status;
mod test_call;

pub use config::{Config, Hooks, Load};
pub use disk::Error as DiskError;
pub use error::Error;
pub use identity::{CertificateMaterial, Error as IdentityError, JoinToken};
pub use node::{Handle, Node};
pub use publish::{Published, Reader, WorldHandle, WorldReader};
pub use status::Status;
