//! `functions launch`: what stands before each runtime's command.
//!
//! A runtime must not outlive us, however we end. Only the process itself can
//! ask the kernel for that, so it is this program first: it asks, and becomes
//! the runtime.

use std::convert::Infallible;
use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use rustix::process::{Signal, set_parent_process_death_signal};

use crate::error::{Error, Result};

/// Becomes the command.
pub(super) fn launch(command: &[OsString]) -> Result<()> {
    let Err(error) = replace(command);
    Err(error)
}

fn replace(command: &[OsString]) -> Result<Infallible> {
    let (program, args) = command.split_first().ok_or_else(|| Error::usage("no command"))?;
    set_parent_process_death_signal(Some(Signal::KILL))
        .map_err(|error| Error::failed(format!("no signal from the parent's end: {error}")))?;
    let error = Command::new(program).args(args).exec();
    Err(Error::failed(format!("{}: {error}", program.display())))
}
