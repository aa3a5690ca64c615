//! The file that tells a supervisor where the node serves.

use std::{fs, io, net::SocketAddr, path::Path};

use serde::Serialize;

/// Its content.
#[derive(Debug, Serialize)]
pub(crate) struct Ready<'a> {
    pub(crate) node_id: Option<&'a str>,
    pub(crate) traffic_addresses: &'a [SocketAddr],
    pub(crate) tls_addresses: &'a [SocketAddr],
    pub(crate) metrics_address: SocketAddr,
    pub(crate) pid: u32,
}

/// Writes the file whole: a reader sees the former content or this one.
pub(crate) fn write(path: &Path, ready: &Ready<'_>) -> io::Result<()> {
    let mut text = serde_json::to_vec_pretty(ready)?;
    text.push(b'\n');
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    fs::write(&beside, text)?;
    fs::rename(&beside, path)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn written_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ready.json");
        let address = "127.0.0.1:1".parse().unwrap();
        let ready = Ready {
            node_id: Some("n1"),
            traffic_addresses: &[address],
            tls_addresses: &[],
            metrics_address: address,
            pid: 7,
        };
        write(&path, &ready).unwrap();
        let read: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        assert_eq!(read["traffic_addresses"][0], "127.0.0.1:1");
        assert_eq!(read["node_id"], "n1");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
