//! Where the store is.

use crate::model::SecretBytes;
use std::path::PathBuf;

/// The `[store]` table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The SQLite file, from `store.url = "sqlite:PATH"`.
    pub path: PathBuf,
    /// What is kept of requests is encrypted with it: [`super::KEY_BYTES`] bytes. None: one is made beside the file.
    pub key: Option<SecretBytes>,
}
