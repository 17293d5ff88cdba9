//! Why the store did not do what it was asked, named after what its caller can do about it.

use super::database;
use std::path::PathBuf;

/// Why a command or a read failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// It can take or give nothing now: disk full, file damaged, writer gone. Nothing of the command can be relied on.
    #[error("the store is not available: {0}")]
    Away(String),
    /// The disk under the file failed: what was written last may be there or not. Nothing more is written, and the host
    /// ends.
    #[error("the disk under the store failed: {0}")]
    Broken(String),
    /// The record is no longer the caller's to write: its lease lapsed, it is finished, or its claim never reached
    /// the disk.
    #[error("the record is gone: lapsed, finished, or never on disk")]
    Gone,
    /// No more keys fit into this external's state.
    #[error("the external has all the keys in its state that it may have")]
    Full,
}

impl StoreError {
    /// Whether nothing more may be written.
    pub(super) fn is_broken(&self) -> bool {
        matches!(self, Self::Broken(_))
    }
}

impl From<database::Error> for StoreError {
    fn from(error: database::Error) -> Self {
        let reason = error.to_string();
        if error.leaves_the_file_uncertain() { Self::Broken(reason) } else { Self::Away(reason) }
    }
}

/// Why the store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another host has it.
    #[error("{} is held by another process: one file belongs to one host", .0.display())]
    Taken(PathBuf),
    /// The operating system refused.
    #[error("cannot open {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// SQLite refused.
    #[error("cannot open {}: {source}", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The file is not as SQLite left it.
    #[error(
        "{} is damaged: {source}. Stop whoever uses it and copy it with its -wal file. Then put a backup in its place, or \
         save what can be read, with `sqlite3 COPY .recover | sqlite3 NEW`, and ask the provider about what is missing",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// How that shows.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The server cannot be reached, or is not what a store needs.
    #[error("cannot use {address}: {reason}")]
    Server {
        /// Where it is, without the password.
        address: String,
        /// Why.
        reason: String,
    },
    /// A newer host has changed the database.
    #[error("{address} was changed by a newer host (schema {found}, this one knows {known})")]
    NewerServer {
        /// Where it is, without the password.
        address: String,
        /// Its schema.
        found: usize,
        /// The newest schema known here.
        known: usize,
    },
    /// A setting that durability needs did not take.
    #[error("{} cannot be durable here: {pragma} is {found}", path.display())]
    NotDurable {
        /// The file.
        path: PathBuf,
        /// The setting.
        pragma: &'static str,
        /// What it is.
        found: String,
    },
    /// The SQLite library lacks fixes that the store relies on.
    #[error("SQLite {0} is too old: 3.51.3 is needed")]
    LibraryTooOld(&'static str),
    /// An older host has written the file, and it is only to be looked at.
    #[error("{} was written by an older host (schema {found}, this one has {known}): start this one once", path.display())]
    Older {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: usize,
        /// The schema here.
        known: usize,
    },
    /// A newer host has written the file.
    #[error("{} was written by a newer host (schema {found}, this one knows {known})", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: usize,
        /// The newest schema known here.
        known: usize,
    },
}
