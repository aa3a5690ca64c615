//! The file that tells a supervisor where a replica serves.

use std::{fs, io, net::SocketAddr, path::Path};

/// Writes the file whole: a reader sees nothing or all of it.
pub(crate) fn write(
    path: &Path,
    admin: SocketAddr,
    fleet: SocketAddr,
    replica: &str,
) -> io::Result<()> {
    let ready = serde_json::json!({
        "admin_address": admin,
        "fleet_address": fleet,
        "pid": std::process::id(),
        "replica": replica,
    });
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    fs::write(&beside, format!("{ready:#}\n"))?;
    fs::rename(&beside, path)
}
