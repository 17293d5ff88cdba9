//! What the configuration is read from. [`Sources::of_process`] is the one place that looks at the real environment
//! and at real files; a test hands in its own.

use super::environment::Environment;
use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Reads a whole file.
pub type ReadFile = Box<dyn Fn(&Path) -> io::Result<Vec<u8>>>;

/// Everything that has a say in the configuration, except the defaults.
pub struct Sources {
    /// `--config`: must exist. Without it `provost.toml` is read if there is one.
    pub file: Option<PathBuf>,
    /// What other options of the command line say.
    pub flags: Vec<Flag>,
    /// The environment, by name.
    pub environment: Environment,
    /// How the configuration file and the files of secrets are read.
    pub read: ReadFile,
}

/// An option of the command line that stands for a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// How it is written: `--listen`.
    pub name: &'static str,
    /// The setting: table and key.
    pub key: [&'static str; 2],
    /// What it is set to.
    pub value: String,
}

impl Sources {
    /// The real environment and real files, with what the command line says.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn of_process(file: Option<PathBuf>, flags: Vec<Flag>) -> Self {
        let environment = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
        Self { file, flags, environment: environment.collect(), read: Box::new(read_file) }
    }

    pub(super) fn variable(&self, name: &str) -> Option<&OsString> {
        self.environment.get(name)
    }
}

/// The name of the user that runs this process, as its session has it.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
pub fn user() -> Option<String> {
    ["SUDO_USER", "USER", "LOGNAME"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|user| !user.is_empty()))
}

/// Reads a file that somebody named.
#[expect(clippy::disallowed_methods, reason = "the one place that reads what an operator names")]
pub fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    std::fs::read(path)
}

/// Writes a file that somebody named, in a folder that is made where it is missing.
#[expect(clippy::disallowed_methods, reason = "the one place that writes what an operator names")]
pub fn write_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(path, bytes)
}

impl fmt::Debug for Sources {
    /// The environment holds secrets: only its size is shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sources")
            .field("file", &self.file)
            .field("flags", &self.flags)
            .field("environment", &self.environment.len())
            .finish_non_exhaustive()
    }
}
