//! Generated code is checked in, so that a clone builds without `protoc`; a
//! test proves that it is fresh.

use std::{fs, path::Path};

const PROTO: &str = "gatewright/fleet/v1/fleet.proto";
const GENERATED: &str = "proto/src/gatewright.fleet.v1.rs";

/// Rewrites the generated code.
pub(crate) fn write() -> Result<(), String> {
    let target = crate::root().join(GENERATED);
    fs::write(&target, generate()?).map_err(|error| format!("{}: {error}", target.display()))
}

fn generate() -> Result<String, String> {
    let include = crate::root().join("proto");
    let descriptors = protox::compile([include.join(PROTO)], [&include])
        .map_err(|error| format!("{PROTO}: {error}"))?;
    let out = std::env::temp_dir().join(format!("gw-codegen-{}", std::process::id()));
    let fail = |error: std::io::Error| error.to_string();
    fs::create_dir_all(&out).map_err(fail)?;
    tonic_prost_build::configure()
        .out_dir(&out)
        .bytes(".")
        .compile_fds(descriptors)
        .map_err(fail)?;
    let code = read(&out.join("gatewright.fleet.v1.rs"));
    fs::remove_dir_all(&out).map_err(fail)?;
    code
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    #[test]
    fn generated_code_is_fresh() {
        let found = super::read(&crate::root().join(super::GENERATED)).expect("generated code");
        assert!(
            found == super::generate().expect("code generation"),
            "{} is stale: run `cargo run -p gw-xtask -- codegen`",
            super::GENERATED
        );
    }
}
