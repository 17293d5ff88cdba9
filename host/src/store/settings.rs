//! Where the store is.

use super::database::Address;
use crate::model::SecretBytes;
use std::path::PathBuf;

/// The `[store]` table.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// From `store.url`.
    pub place: Place,
    /// How many connections the host has to a server. A file has those that it needs.
    pub connections: usize,
    /// What is kept of requests is encrypted with it: [`super::KEY_BYTES`] bytes. None: one is made beside the file; of
    /// what is in a server, nothing is kept.
    pub key: Option<SecretBytes>,
}

/// Where the store is.
#[derive(Clone, Debug, PartialEq)]
pub enum Place {
    /// A SQLite file, `sqlite:PATH`: this host's alone.
    File(PathBuf),
    /// A Postgres, `postgres://…`, which hosts can share.
    Server(Address),
}

impl Settings {
    /// A file.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self { place: Place::File(path.into()), connections: 1, key: None }
    }
}
