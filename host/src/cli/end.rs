//! The exit codes: the one place that has them, for the program, its help and its man pages.

use std::process::ExitCode;

/// How a command ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It was done.
    Done,
    /// It failed.
    Failed,
    /// What it was told to do cannot be right. The parser ends with this code too.
    Unusable,
    /// A host left with something unfinished.
    LeftOff,
    /// The disk under a host's store failed.
    DiskFailed,
}

impl End {
    const ALL: [Self; 5] = [Self::Done, Self::Failed, Self::Unusable, Self::LeftOff, Self::DiskFailed];

    /// Its code.
    pub(super) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Unusable => 2,
            Self::LeftOff => 3,
            Self::DiskFailed => 4,
        }
    }

    fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done; plugin call: the plugin answered, if only with a decline",
            Self::Failed => "failed; plugin inspect: a host would refuse it; plugin call: nothing was decided",
            Self::Unusable => "the command line, a file that it names, or the configuration is wrong",
            Self::LeftOff => {
                "serve: told to stop twice, or out of time; what had not ended is on disk, and goes on at the next start"
            }
            Self::DiskFailed => {
                "serve: the disk under the store failed; see to it, then start again: what was under way is found out"
            }
        }
    }

    /// All of them, for people.
    pub(super) fn table() -> String {
        let lines = Self::ALL.map(|end| format!("\n  {}  {}", end.code(), end.meaning()));
        format!("Exit status:{}", lines.concat())
    }
}

impl From<End> for ExitCode {
    fn from(end: End) -> Self {
        Self::from(end.code())
    }
}
