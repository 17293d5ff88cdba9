//! Where a value comes from, and what is wrong with it.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

/// A configuration file that was read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SourceFile {
    /// Its path, as it was named.
    pub(super) path: PathBuf,
    /// What it says.
    pub(super) text: String,
}

/// Where a value stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In the defaults that this program carries.
    Default,
    /// In a file, at these bytes.
    File(Arc<SourceFile>, Range<usize>),
    /// In this environment variable.
    Variable(String),
    /// In this option of the command line.
    Flag(&'static str),
}

impl Place {
    /// What faults are sorted by: the process's own first, then each file from its beginning.
    pub(super) fn order(&self) -> (u8, &str, usize) {
        match self {
            Self::Flag(name) => (0, name, 0),
            Self::Variable(name) => (1, name, 0),
            Self::File(file, span) => (2, file.path.to_str().unwrap_or_default(), span.start),
            Self::Default => (3, "", 0),
        }
    }

    /// Line and column, counted from 1, where it is in a file.
    fn position(&self) -> Option<(usize, usize)> {
        let Self::File(file, span) = self else { return None };
        let before = file.text.get(..span.start).unwrap_or(&file.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Some((before.matches('\n').count() + 1, before[line_start..].chars().count() + 1))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self, self.position()) {
            (Self::File(file, _), Some((line, column))) => write!(f, "{}:{line}:{column}", file.path.display()),
            (Self::File(file, _), None) => write!(f, "{}", file.path.display()),
            (Self::Variable(name), _) => f.write_str(name),
            (Self::Flag(name), _) => f.write_str(name),
            (Self::Default, _) => f.write_str("default"),
        }
    }
}

/// Something wrong in the configuration. Never carries the value of a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Fault {
    pub(super) place: Place,
    pub(super) key: String,
    pub(super) message: String,
}

impl Fault {
    pub(super) fn new(place: Place, key: impl Into<String>, message: impl Into<String>) -> Self {
        Self { place, key: key.into(), message: message.into() }
    }

    /// Where it is: `provost.toml:3:10`, an environment variable or an option.
    pub fn place(&self) -> String {
        self.place.to_string()
    }

    /// Line and column, counted from 1, where it is in a file.
    pub fn position(&self) -> Option<(usize, usize)> {
        self.place.position()
    }

    /// The key that it is about, such as `api.listen`; empty where it is about no single one.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What is wrong, for a person.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.key.as_str() {
            "" => write!(f, "{}: {}", self.place, self.message),
            key => write!(f, "{}: {key}: {}", self.place, self.message),
        }
    }
}
