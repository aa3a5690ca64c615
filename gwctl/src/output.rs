//! Data goes to standard output, all else to standard error.

use std::io::{self, IsTerminal as _, Write as _};

use comfy_table::{ContentArrangement, Table, presets};
use owo_colors::OwoColorize as _;
use serde::Serialize;

use crate::error::{Error, Result};

/// How data is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum Format {
    /// Columns for people.
    #[default]
    Table,
    /// One JSON value for programs.
    Json,
}

/// Where a command prints.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    pub(crate) format: Format,
    pub(crate) quiet: bool,
}

impl Output {
    /// Prints data: as JSON, or as `text` makes it.
    pub(crate) fn data<T: Serialize>(
        self,
        value: &T,
        text: impl FnOnce(&T) -> String,
    ) -> Result<()> {
        match self.format {
            Format::Json => {
                let json = serde_json::to_string_pretty(value)
                    .map_err(|e| Error::failed(format!("cannot print as JSON: {e}")))?;
                self.line(&json)
            }
            Format::Table => self.line(text(value).trim_end()),
        }
    }

    /// Prints one text to standard output as it is.
    #[expect(clippy::unused_self, reason = "reads like its siblings")]
    pub(crate) fn line(self, text: &str) -> Result<()> {
        let mut out = io::stdout().lock();
        writeln!(out, "{text}").and_then(|()| out.flush()).map_err(|e| Error::output(&e))
    }

    /// Tells the person at the terminal something, unless they want silence.
    pub(crate) fn note(self, text: &str) {
        if !self.quiet {
            warn(text);
        }
    }
}

/// Writes to standard error. That nobody reads it is no reason to fail.
pub(crate) fn warn(text: &str) {
    writeln!(io::stderr().lock(), "{text}").ok();
}

/// An empty table with these column titles.
pub(crate) fn table(columns: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_content_arrangement(if io::stdout().is_terminal() {
        ContentArrangement::Dynamic
    } else {
        // Whoever pipes a table wants whole lines.
        ContentArrangement::Disabled
    });
    table.set_header(columns.iter().map(|c| c.to_uppercase()));
    table
}

/// A table as text, without the spaces that would trail each line.
pub(crate) fn render(table: &Table) -> String {
    let mut table = table.clone();
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

/// What a colour says.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Tone {
    /// As wished.
    Good,
    /// Look here.
    Warn,
    /// Wrong.
    Bad,
}

/// Colours `text` where standard error is a terminal that wants colours.
pub(crate) fn paint(text: &str, tone: Tone) -> String {
    if !io::stderr().is_terminal() || std::env::var_os("NO_COLOR").is_some() {
        return text.to_owned();
    }
    match tone {
        Tone::Good => text.green().to_string(),
        Tone::Warn => text.yellow().to_string(),
        Tone::Bad => text.red().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_have_no_trailing_spaces() {
        let mut t = table(&["id", "name"]);
        t.add_row(["a1", "pets"]);
        t.add_row(["b2", "a longer name"]);
        let text = render(&t);
        assert!(text.lines().all(|l| l == l.trim_end()), "{text:?}");
        assert!(text.lines().next().is_some_and(|l| l.contains("ID") && l.contains("NAME")));
    }
}
