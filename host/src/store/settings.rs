//! Where the store is.

use std::path::PathBuf;

/// The `[store]` table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The SQLite file, from `store.url = "sqlite:PATH"`.
    pub path: PathBuf,
}
