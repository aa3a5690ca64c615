#!/usr/bin/env bash
# The AWS SDK for Rust, a workspace of its own with its own lock file.
set -euo pipefail
target=${CARGO_TARGET_DIR_RUST_STORY:-$PWD/target/ecosystem-rust}
CARGO_TARGET_DIR=$target ${CARGO:-cargo} build --locked --quiet \
    --manifest-path tests/ecosystem/rust/Cargo.toml
exec "$target/debug/rust-story"
