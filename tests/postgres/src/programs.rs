//! Where Postgres' programs are: in `PATH`, or where Debian puts what is no command for everybody.

use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

const DEBIAN: &str = "/usr/lib/postgresql";
const NEEDED: [&str; 3] = ["initdb", "postgres", "psql"];

/// What `psql` is to write between rows and columns: characters that separate, and no text has.
pub(crate) const ROW: &str = "\u{1e}";
pub(crate) const COLUMN: &str = "\u{1f}";

/// Debian's package of all that is needed, if any of it is missing here.
pub fn missing() -> Option<&'static str> {
    Programs::find().is_err().then_some("postgresql")
}

/// The folder that has all of them.
#[derive(Clone, Debug)]
pub struct Programs(PathBuf);

impl Programs {
    /// Looks for them; of several versions, the newest.
    ///
    /// # Errors
    /// Where they are missing, with what to install.
    pub fn find() -> Result<Self> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut folders: Vec<_> = std::env::split_paths(&path).collect();
        folders.extend(debian());
        let found = folders.into_iter().find(|folder| NEEDED.iter().all(|name| folder.join(name).is_file()));
        let missing = || format!("{} are not there: install Debian's postgresql", NEEDED.join(", "));
        found.map(Self).with_context(missing)
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.0
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

fn debian() -> Vec<PathBuf> {
    let versions = Path::new(DEBIAN).read_dir().into_iter().flatten().flatten().map(|entry| entry.path());
    let number = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    let mut versions: Vec<_> = versions.collect();
    versions.sort_by_key(|path| std::cmp::Reverse(number(path)));
    versions.into_iter().map(|version| version.join("bin")).collect()
}
