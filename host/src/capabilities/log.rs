//! `log`, and what a plugin writes to stdout and stderr: tagged, redacted, and cut when it is too much.

use super::Call;
use super::redact::redacted;

/// How much a line matters, by the plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// For its author.
    Debug,
    /// Worth knowing.
    Info,
    /// Worth a look.
    Warn,
    /// Somebody should act.
    Error,
}

/// Where a plugin wrote a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// `log.write`.
    Log,
    /// Its standard output.
    Stdout,
    /// Its standard error, panics included.
    Stderr,
}

impl Stream {
    fn name(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }
}

/// How much one call may still log.
#[derive(Debug)]
pub(super) struct Journal {
    left: u64,
    cut: u64,
}

impl Journal {
    pub(super) fn new(limit: u64) -> Self {
        Self { left: limit, cut: 0 }
    }

    pub(super) fn cut(&self) -> u64 {
        self.cut
    }

    /// As much of `text` as there is room for.
    fn admit<'a>(&mut self, text: &'a str) -> &'a str {
        let room = usize::try_from(self.left).unwrap_or(usize::MAX).min(text.len());
        let (admitted, cut) = text.split_at(text.floor_char_boundary(room));
        self.left -= admitted.len() as u64;
        self.cut += cut.len() as u64;
        admitted
    }
}

impl Call {
    /// Writes one line to the log.
    pub fn log(&mut self, level: Level, stream: Stream, message: &str, fields: &[(String, String)]) {
        let mut line = message.to_owned();
        for (name, value) in fields {
            line = format!("{line} {name}={value}");
        }
        let admitted = self.journal.admit(&line);
        if admitted.is_empty() {
            return;
        }
        let line = redacted(admitted, &self.scope.provider);
        let (external, plugin, stream) = (&self.scope.provider.external, self.scope.version.short(), stream.name());
        match level {
            Level::Debug => tracing::debug!(target: "provost::plugin", external, plugin, stream, "{line}"),
            Level::Info => tracing::info!(target: "provost::plugin", external, plugin, stream, "{line}"),
            Level::Warn => tracing::warn!(target: "provost::plugin", external, plugin, stream, "{line}"),
            Level::Error => tracing::error!(target: "provost::plugin", external, plugin, stream, "{line}"),
        }
    }

    /// Adds bytes that were cut before they came here.
    pub fn log_was_cut(&mut self, bytes: u64) {
        self.journal.cut += bytes;
    }

    /// `text` as it may be shown to an operator.
    pub fn redacted(&self, text: &str) -> String {
        redacted(text, &self.scope.provider)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::call;
    use super::*;

    #[test]
    fn what_is_too_much_is_cut_between_letters_and_counted() {
        let mut journal = Journal::new(4);
        assert_eq!(journal.admit("aß"), "aß");
        assert_eq!(journal.admit("ßb"), "");
        assert_eq!((journal.admit("cd"), journal.cut()), ("c", 4));
    }

    #[test]
    fn a_flood_of_lines_is_counted_in_the_report() {
        let (mut call, _) = call("https://a.example");
        for _ in 0..3 {
            call.log(Level::Debug, Stream::Log, &"x".repeat(32 << 10), &[("a".into(), "b".into())]);
        }
        assert_eq!(call.into_report().log_cut, (32 << 10) + 3 * 4);
    }
}
