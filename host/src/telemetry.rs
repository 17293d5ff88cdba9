//! Metric names in one list; the set-up of logs. Imports nothing of ours.

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// The `[log]` table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `trace`, `debug`, `info`, `warn` or `error`, or directives such as `info,provost::egress=debug`.
    pub level: String,
    /// None: text on a terminal, JSON otherwise.
    pub format: Option<Format>,
}

// What egress measures.

/// How long requests to providers took, in seconds. Labels: `external`, `result` (a status class, or the error's name).
pub const EGRESS_SECONDS: &str = "provost_egress_seconds";
