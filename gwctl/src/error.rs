//! What a command can end with, and the exit code that scripts can trust.

use std::fmt;
use std::io;

/// The result of a command.
pub(crate) type Result<T> = std::result::Result<T, Error>;

/// Why a command failed. The exit codes are part of the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Anything that has no code of its own.
    Failed,
    /// The command line or a file named on it makes no sense.
    Usage,
    /// The server understood and said no.
    Refused,
    /// Nobody answered, or the server cannot take calls now.
    Unavailable,
    /// A node found the release's content at fault.
    Rejected,
    /// The last receipt did not come in time.
    TimedOut,
    /// Whoever read our output has gone, which is no failure.
    ClosedPipe,
}

impl Kind {
    /// The exit code of the process.
    pub(crate) fn exit_code(self) -> u8 {
        match self {
            Kind::ClosedPipe => 0,
            Kind::Failed => 1,
            Kind::Usage => 2,
            Kind::Refused => 3,
            Kind::Unavailable => 4,
            Kind::Rejected => 5,
            Kind::TimedOut => 6,
        }
    }
}

/// A failure: what happened, and what to do next.
#[derive(Debug, thiserror::Error)]
pub(crate) struct Error {
    pub(crate) kind: Kind,
    message: String,
    /// What became of things, beside the failure.
    note: Option<String>,
    hint: Option<String>,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.message)?;
        if let Some(note) = &self.note {
            write!(f, "\nnote: {note}")?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\nnext: {hint}")?;
        }
        Ok(())
    }
}

impl Error {
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), note: None, hint: None }
    }

    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::new(Kind::Failed, message)
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    pub(crate) fn refused(message: impl Into<String>) -> Self {
        Self::new(Kind::Refused, message)
    }

    /// Several lines as a list of so many `things`, behind the type of AWS's
    /// error; one stays as it is.
    pub(crate) fn listed(mut self, things: &str) -> Self {
        let (kind, rest) = match self.message.split_once(": ") {
            Some((kind, rest)) if kind.ends_with("Exception") => (format!("{kind}: "), rest),
            _ => (String::new(), self.message.as_str()),
        };
        let lines: Vec<&str> = rest.lines().collect();
        if lines.len() > 1 {
            let list = lines.join("\n  ");
            self.message = format!("{kind}{} {things}:\n  {list}", lines.len());
        }
        self
    }

    /// Adds what to do next.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds what became of things.
    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    /// What happened, alone.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// Wraps an I/O error with what was tried.
    pub(crate) fn io(what: impl fmt::Display) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::failed(format!("{what}: {error}"))
    }

    /// An error of writing to standard output.
    pub(crate) fn output(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::new(Kind::ClosedPipe, "closed pipe"),
            _ => Self::failed(format!("cannot write to standard output: {error}")),
        }
    }
}

impl From<gw_local_postgres::Error> for Error {
    fn from(error: gw_local_postgres::Error) -> Self {
        Self::failed(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_never_change() {
        let codes = [
            (Kind::ClosedPipe, 0),
            (Kind::Failed, 1),
            (Kind::Usage, 2),
            (Kind::Refused, 3),
            (Kind::Unavailable, 4),
            (Kind::Rejected, 5),
            (Kind::TimedOut, 6),
        ];
        for (kind, code) in codes {
            assert_eq!(kind.exit_code(), code, "{kind:?}");
        }
    }

    #[test]
    fn a_closed_pipe_is_no_failure() {
        let error = Error::output(&io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!(error.kind.exit_code(), 0);
        assert_eq!(Error::output(&io::Error::other("full")).kind, Kind::Failed);
    }

    #[test]
    fn faults_stand_on_lines_of_their_own() {
        let told = |message: &str| Error::refused(message).listed("faults").to_string();
        assert_eq!(told("GET /: one"), "error: GET /: one");
        assert_eq!(told("GET /: one\nPUT /: two"), "error: 2 faults:\n  GET /: one\n  PUT /: two");
        assert_eq!(
            told("BadRequestException: GET /: one\nPUT /: two"),
            "error: BadRequestException: 2 faults:\n  GET /: one\n  PUT /: two"
        );
    }

    #[test]
    fn the_hint_stands_on_a_line_of_its_own() {
        let error = Error::usage("two APIs are named pets").hint("name one by id");
        assert_eq!(error.to_string(), "error: two APIs are named pets\nnext: name one by id");
    }
}
