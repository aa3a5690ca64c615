//! Repository chores. `cargo run -p gw-xtask -- codegen` rewrites the checked-in
//! code that is generated from the `.proto` files; `tidy` checks the house rules.

mod codegen;
mod tidy;

use std::process::ExitCode;

fn main() -> ExitCode {
    let outcome = match std::env::args().nth(1).as_deref() {
        Some("codegen") => codegen::write(),
        Some("tidy") => tidy::check(),
        _ => Err("usage: gw-xtask codegen | tidy".to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

/// The root of the checkout.
fn root() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("xtask stands two folders below the root")
        .to_owned()
}
