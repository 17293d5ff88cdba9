//! What a command has to say, and how it ends.

use super::end::End;
use super::plain::plain_json;
use crate::config::Fault;
use clap::builder::styling::{AnsiColor, Style};
use std::fmt::Display;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

/// What a command says.
#[derive(Debug)]
pub(super) struct Said {
    /// Data, for stdout.
    pub(super) data: String,
    /// Talk, for stderr.
    pub(super) talk: String,
    /// How it ends.
    pub(super) end: End,
}

impl Said {
    /// Nothing, and all is well.
    pub(super) fn done() -> Self {
        Self::ending(End::Done)
    }

    /// Nothing yet, and this end.
    pub(super) fn ending(end: End) -> Self {
        Self { data: String::new(), talk: String::new(), end }
    }

    /// An error that ended the command.
    pub(super) fn failed(error: &anyhow::Error) -> Self {
        Self::ending(End::Failed).error(format_args!("{error:#}"))
    }

    /// A configuration with faults, all of them.
    pub(super) fn faults(faults: &[Fault]) -> Self {
        faults.iter().fold(Self::ending(End::Unusable), Self::error)
    }

    /// A command line that cannot be right.
    pub(super) fn unusable(error: impl Display) -> Self {
        Self::ending(End::Unusable).error(error)
    }

    /// A file that the command line names and that cannot be read.
    pub(super) fn unreadable(file: &Path, error: &io::Error) -> Self {
        Self::unusable(format_args!("{} cannot be read: {error}", file.display()))
    }

    /// The same with data as it stands.
    pub(super) fn raw(mut self, data: &str) -> Self {
        self.data += data;
        self
    }

    /// The same with a line of data.
    pub(super) fn line(mut self, line: &str) -> Self {
        self.data += line;
        self.data.push('\n');
        self
    }

    /// The same with data in JSON.
    pub(super) fn with(self, json: &serde_json::Value) -> Self {
        self.line(&plain_json(&format!("{json:#}")))
    }

    /// The same with an error.
    pub(super) fn error(mut self, error: impl Display) -> Self {
        self.talk += &line("error", AnsiColor::Red, error);
        self
    }

    /// The same with a warning.
    pub(super) fn warn(mut self, warning: impl Display) -> Self {
        self.talk += &line("warning", AnsiColor::Yellow, warning);
        self
    }

    /// The same with something worth knowing.
    pub(super) fn note(mut self, note: impl Display) -> Self {
        self.talk += &line("note", AnsiColor::Cyan, note);
        self
    }

    /// Writes everything: talk in colour where that is wanted, data byte for byte. Who stops reading is not an error.
    pub(super) fn print(self) -> ExitCode {
        let _ = anstream::stderr().write_all(self.talk.as_bytes());
        let mut out = io::stdout();
        let written = out.write_all(self.data.as_bytes()).and_then(|()| out.flush());
        let lost = written.is_err_and(|error| error.kind() != io::ErrorKind::BrokenPipe);
        ExitCode::from(if lost && self.end == End::Done { End::Failed } else { self.end })
    }
}

fn line(word: &str, color: AnsiColor, text: impl Display) -> String {
    let style = Style::new().bold().fg_color(Some(color.into()));
    format!("{style}{word}{style:#}: {text}\n")
}
