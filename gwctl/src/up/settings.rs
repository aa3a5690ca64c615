//! What `up` was asked for, kept in `up.json`: flags over memory over defaults.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use gw_ports::Lease;
use serde::{Deserialize, Serialize};

use crate::cli::Global;
use crate::error::{Error, Result};
use crate::up::UpArgs;
use crate::up::ports::{Chooser, Port};

/// Where the data is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Database {
    /// A Postgres of our own.
    Private,
    /// The one of `DATABASE_URL`, which is not written down since it may hold
    /// a password.
    External,
}

/// What runs in a data directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Settings {
    pub(crate) bind: IpAddr,
    pub(crate) admin: Port,
    pub(crate) fleet: Port,
    pub(crate) traffic: Port,
    pub(crate) tls: Port,
    pub(crate) postgres: Port,
    pub(crate) nodes: Vec<NodePorts>,
    pub(crate) account_id: String,
    pub(crate) region: String,
    pub(crate) expose_release: bool,
    pub(crate) node_args: Vec<String>,
    pub(crate) control_plane_args: Vec<String>,
    pub(crate) database: Database,
    /// The functions that run beside the nodes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) functions: Option<Functions>,
}

/// Where functions listen: calls of them are not authenticated.
pub(crate) const FUNCTIONS_HOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Functions that run beside the nodes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Functions {
    /// Absolute.
    pub(crate) folder: PathBuf,
    pub(crate) port: Port,
}

/// A node's own ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NodePorts {
    pub(crate) traffic: Port,
    pub(crate) metrics: Port,
}

/// What an installation is to be, with its ports.
#[derive(Debug)]
pub(crate) struct Settled {
    pub(crate) settings: Settings,
    /// The ports, kept while the parts run.
    pub(crate) leases: Vec<Lease>,
    /// What had to give way.
    pub(crate) notes: Vec<String>,
}

/// The flags that bear on [`Settings`], resolved from the command line.
#[derive(Debug, Clone)]
pub(crate) struct Flags {
    args: UpArgs,
    region: Option<String>,
    external: bool,
}

impl Flags {
    pub(crate) fn of(args: &UpArgs, global: &Global) -> Self {
        let external = std::env::var_os("DATABASE_URL").is_some_and(|url| !url.is_empty());
        let mut args = args.clone();
        if let Some(file) = args.aws_roles.take() {
            // Nodes may be started again from elsewhere.
            let file = std::path::absolute(&file).unwrap_or(file);
            args.node_arg.push(format!("--aws-roles={}", file.display()));
        }
        Self { args, region: global.region.clone(), external }
    }

    /// Whether any flag asks for something.
    pub(crate) fn say_anything(&self) -> bool {
        let a = &self.args;
        let ports =
            [a.admin_port, a.fleet_port, a.traffic_port, a.tls_port, a.node_port, a.functions_port];
        a.nodes.is_some()
            || a.bind.is_some()
            || ports.iter().chain([&a.metrics_port]).any(|p| p.is_some_and(|p| p != 0))
            || a.account_id.is_some()
            || self.region.is_some()
            || a.expose_release
            || a.functions.is_some()
            || a.no_functions
            || !a.node_arg.is_empty()
            || !a.control_plane_arg.is_empty()
    }

    /// What these flags mean after what is remembered.
    pub(crate) fn settle(&self, old: Option<&Settings>) -> Result<Settled> {
        let mut settings = self.wanted(old)?;
        let mut chooser = Chooser::new(settings.bind);
        chooser.settle(&mut settings.admin, "the admin API", "--admin-port")?;
        chooser.settle(&mut settings.fleet, "the fleet", "--fleet-port")?;
        chooser.settle(&mut settings.traffic, "traffic", "--traffic-port")?;
        chooser.settle(&mut settings.tls, "TLS traffic", "--tls-port")?;
        for (at, node) in settings.nodes.iter_mut().enumerate() {
            let name = node_name(at);
            chooser.settle(&mut node.traffic, &format!("{name}'s traffic"), "--node-port")?;
            chooser.settle(&mut node.metrics, &format!("{name}'s metrics"), "--metrics-port")?;
        }
        chooser.move_to(FUNCTIONS_HOST);
        if let Some(functions) = &mut settings.functions {
            chooser.settle(&mut functions.port, "the functions", "--functions-port")?;
        }
        if settings.database == Database::Private {
            chooser.settle(&mut settings.postgres, "Postgres", "DATABASE_URL")?;
        }
        Ok(Settled { settings, leases: chooser.held, notes: chooser.notes })
    }

    fn wanted(&self, old: Option<&Settings>) -> Result<Settings> {
        let a = &self.args;
        let database = if self.external { Database::External } else { Database::Private };
        if let Some(old) = old.filter(|old| old.database != database) {
            return Err(other_database(old.database));
        }
        let traffic = Port::wanted(a.traffic_port, old.map(|o| o.traffic), 8080);
        // Who wants any free port for traffic does not expect 8443 to be taken.
        let tls_default = if traffic.number == 0 { 0 } else { 8443 };
        let count = a.nodes.map_or_else(|| old.map_or(2, |o| o.nodes.len()), usize::from);
        Ok(Settings {
            bind: a.bind.or(old.map(|o| o.bind)).unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            admin: Port::wanted(a.admin_port, old.map(|o| o.admin), 9080),
            fleet: Port::wanted(a.fleet_port, old.map(|o| o.fleet), 9081),
            traffic,
            tls: Port::wanted(a.tls_port, old.map(|o| o.tls), tls_default),
            postgres: Port::wanted(None, old.map(|o| o.postgres), 0),
            nodes: (0..count).map(|at| self.node(at, old)).collect(),
            account_id: a
                .account_id
                .clone()
                .or_else(|| old.map(|o| o.account_id.clone()))
                .unwrap_or_else(|| "000000000000".to_owned()),
            region: self
                .region
                .clone()
                .or_else(|| old.map(|o| o.region.clone()))
                .unwrap_or_else(|| "per-signature".to_owned()),
            expose_release: a.expose_release || old.is_some_and(|o| o.expose_release),
            node_args: some_or_old(&a.node_arg, old.map(|o| &o.node_args)),
            control_plane_args: some_or_old(
                &a.control_plane_arg,
                old.map(|o| &o.control_plane_args),
            ),
            database,
            functions: self.functions(old)?,
        })
    }

    fn functions(&self, old: Option<&Settings>) -> Result<Option<Functions>> {
        let a = &self.args;
        let old = old.and_then(|old| old.functions.as_ref()).filter(|_| !a.no_functions);
        let folder = match (&a.functions, old) {
            (Some(folder), _) => {
                std::path::absolute(folder).map_err(Error::io(folder.display()))?
            }
            (None, Some(old)) => old.folder.clone(),
            (None, None) => return Ok(None),
        };
        let port = Port::wanted(a.functions_port, old.map(|old| old.port), 3001);
        Ok(Some(Functions { folder, port }))
    }

    fn node(&self, at: usize, old: Option<&Settings>) -> NodePorts {
        let offset = u16::try_from(at).unwrap_or(u16::MAX);
        // The first node's port is given; the others follow, any free one stays so.
        let follow = |port: u16| if port == 0 { 0 } else { port.saturating_add(offset) };
        let old = old.and_then(|o| o.nodes.get(at));
        NodePorts {
            traffic: Port::wanted(self.args.node_port.map(follow), old.map(|o| o.traffic), 0),
            metrics: Port::wanted(
                self.args.metrics_port.map(follow),
                old.map(|o| o.metrics),
                follow(9090),
            ),
        }
    }
}

fn some_or_old(new: &[String], old: Option<&Vec<String>>) -> Vec<String> {
    if new.is_empty() { old.cloned().unwrap_or_default() } else { new.to_vec() }
}

fn other_database(was: Database) -> Error {
    match was {
        Database::External => Error::usage("this data directory was started with DATABASE_URL")
            .hint("set DATABASE_URL again, or start with another --state-dir"),
        Database::Private => Error::usage("this data directory has a Postgres of its own")
            .hint("unset DATABASE_URL, or start with another --state-dir"),
    }
}

/// The name of the node at a place, from 0.
pub(crate) fn node_name(at: usize) -> String {
    format!("n{}", at + 1)
}

impl Settings {
    /// An address to listen on.
    pub(crate) fn listen(&self, port: Port) -> SocketAddr {
        SocketAddr::new(self.bind, port.number)
    }

    /// The same as clients on this machine write it.
    pub(crate) fn reach(&self, port: Port) -> SocketAddr {
        let ip = match self.bind {
            ip if !ip.is_unspecified() => ip,
            IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(_) => IpAddr::V6(std::net::Ipv6Addr::LOCALHOST),
        };
        SocketAddr::new(ip, port.number)
    }

    pub(crate) fn admin_url(&self) -> String {
        format!("http://{}", self.reach(self.admin))
    }

    /// The Lambda API of the functions, if any run.
    pub(crate) fn functions_url(&self) -> Option<String> {
        let functions = self.functions.as_ref()?;
        Some(format!("http://{}", SocketAddr::new(FUNCTIONS_HOST, functions.port.number)))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
pub(crate) mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::{Cli, Command};

    /// The flags of `gwctl up MORE`.
    pub(crate) fn flags(more: &[&str], external: bool) -> Flags {
        let cli = Cli::try_parse_from(["gwctl", "up"].iter().chain(more)).unwrap();
        let Command::Up(args) = cli.command else { panic!("up") };
        Flags { external, ..Flags::of(&args, &cli.global) }
    }

    #[test]
    fn the_first_time_takes_flags_and_defaults() {
        let settings = flags(&["--nodes", "3", "--node-port", "7000"], false).wanted(None).unwrap();
        assert_eq!(settings.admin, Port { number: 9080, auto: true });
        let traffic: Vec<_> = settings.nodes.iter().map(|n| n.traffic.number).collect();
        assert_eq!(traffic, [7000, 7001, 7002]);
        let metrics: Vec<_> = settings.nodes.iter().map(|n| n.metrics.number).collect();
        assert_eq!(metrics, [9090, 9091, 9092]);
        assert_eq!(settings.tls.number, 8443);
        assert_eq!(flags(&["--traffic-port", "0"], false).wanted(None).unwrap().tls.number, 0);
    }

    #[test]
    fn the_second_time_is_as_the_first() {
        let zero = [
            "--admin-port",
            "0",
            "--fleet-port",
            "0",
            "--traffic-port",
            "0",
            "--metrics-port",
            "0",
            "--node-arg=--cores",
            "--node-arg=1",
            "--expose-release",
        ];
        let Settled { settings: first, notes, .. } = flags(&zero, false).settle(None).unwrap();
        assert!(notes.is_empty(), "{notes:?}");
        let json = serde_json::to_string(&first).unwrap();
        let remembered: Settings = serde_json::from_str(&json).unwrap();
        assert_eq!(flags(&[], false).settle(Some(&remembered)).unwrap().settings, first);
        assert_eq!(flags(&zero, false).settle(Some(&remembered)).unwrap().settings, first);
        assert_eq!(first.node_args, ["--cores", "1"]);
        let more = flags(&["--nodes", "3"], false).settle(Some(&first)).unwrap().settings;
        assert_eq!(more.nodes[..2], first.nodes[..]);
    }

    #[test]
    fn the_file_of_roles_is_remembered_for_every_node() {
        let zero = ["--aws-roles", "roles.toml", "--node-arg", "--cores=1"];
        let first = flags(&zero, false).settle(None).unwrap().settings;
        let expected = std::path::absolute("roles.toml").unwrap();
        let roles = format!("--aws-roles={}", expected.display());
        assert_eq!(first.node_args, ["--cores=1", roles.as_str()]);
        let again = flags(&[], false).settle(Some(&first)).unwrap().settings;
        assert_eq!(again.node_args, first.node_args);
    }

    #[test]
    fn functions_are_remembered_until_told_otherwise() {
        let zero = ["--admin-port", "0", "--fleet-port", "0", "--traffic-port", "0"];
        let with = [&zero[..], &["--functions", "/f", "--functions-port", "0"]].concat();
        let first = flags(&with, false).settle(None).unwrap().settings;
        let url = first.functions_url().unwrap();
        assert!(url.starts_with("http://127.0.0.1:") && !url.ends_with(":0"), "{url}");
        let again = flags(&zero, false).wanted(Some(&first)).unwrap();
        assert_eq!(again.functions, first.functions);
        let none = flags(&["--no-functions"], false).wanted(Some(&first)).unwrap();
        assert_eq!((none.functions_url(), none.functions), (None, None));
        let relative = flags(&["--functions", "f"], false).wanted(None).unwrap();
        let functions = relative.functions.unwrap();
        assert!(functions.folder.is_absolute());
        assert_eq!(functions.port, Port { number: 3001, auto: true });
    }

    #[test]
    fn the_database_does_not_change_silently() {
        let settings = flags(&[], false).wanted(None).unwrap();
        assert!(flags(&[], true).wanted(Some(&settings)).is_err());
        let external = flags(&[], true).wanted(None).unwrap();
        let error = flags(&[], false).wanted(Some(&external)).unwrap_err();
        assert!(error.to_string().contains("DATABASE_URL"), "{error}");
    }

    #[test]
    fn an_open_bind_is_reached_by_loopback() {
        let settings = flags(&["--bind", "0.0.0.0"], false).wanted(None).unwrap();
        assert_eq!(settings.admin_url(), "http://127.0.0.1:9080");
    }
}
