//! `log`, and what a plugin writes to stdout and stderr: tagged, redacted, and cut when it is too much.

use super::Call;
use super::redact::{escaped, hidden, without_credentials};
use crate::egress::Placeholder;

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

impl Level {
    /// Its name in a log.
    pub fn name(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

impl Stream {
    /// Its name in a log.
    pub fn name(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }
}

/// What a line costs beside its text: a log writes its time, target and tags with it.
const LINE: u64 = 128;

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

    /// One line of as much of the parts as there is room for; empty where there is none. The rest is counted, not
    /// copied.
    fn admit<'a>(&mut self, parts: impl Iterator<Item = &'a str>) -> String {
        let mut room = usize::try_from(self.left.saturating_sub(LINE)).unwrap_or(usize::MAX);
        let mut line = String::new();
        for part in parts {
            let (admitted, cut) = part.split_at(part.floor_char_boundary(room));
            line.push_str(admitted);
            self.cut += cut.len() as u64;
            // Nothing follows what was cut.
            room = if cut.is_empty() { room - admitted.len() } else { 0 };
        }
        if !line.is_empty() {
            self.left -= LINE + line.len() as u64;
        }
        line
    }
}

impl Call {
    /// Writes one line to the log.
    pub fn log(&mut self, level: Level, stream: Stream, message: &str, fields: &[(String, String)]) {
        let fields = fields.iter().flat_map(|(name, value)| [" ", name, "=", value]);
        let admitted = self.journal.admit(std::iter::once(message).chain(fields));
        if admitted.is_empty() {
            return;
        }
        let line = self.redacted(&admitted);
        if let Some(transcript) = &self.transcript {
            transcript.line(level, stream, &line);
        }
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
        escaped(&self.hidden(&without_credentials(text)))
    }

    /// `text` without what nobody may read: the provider's secrets, as they are and as this call has put them together,
    /// and card numbers.
    pub fn hidden(&self, text: &str) -> String {
        let configured = self.scope.provider.secrets.values().flat_map(|secret| &secret.values);
        hidden(text, configured.chain(self.placeholders.iter().map(Placeholder::value)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Piece;
    use super::super::testing::call;
    use super::*;

    #[test]
    fn what_is_too_much_is_cut_between_letters_and_counted() {
        let mut journal = Journal::new(2 * LINE + 5);
        let mut admit = |parts: &[&str]| (journal.admit(parts.iter().copied()), journal.cut());
        assert_eq!(admit(&["a", "ß"]), ("aß".into(), 0));
        assert_eq!(admit(&["c", "ßb", "d"]), ("c".into(), 4));
        assert_eq!(admit(&["e"]), (String::new(), 5));
    }

    #[test]
    fn short_lines_use_a_call_s_log_up_as_long_ones_do() {
        let mut journal = Journal::new(64 << 10);
        let written = (0..65_536).filter(|_| !journal.admit(["x"].into_iter()).is_empty()).count();
        assert_eq!((written, journal.cut()), (508, 65_536 - 508));
    }

    #[test]
    fn a_secret_is_hidden_in_the_forms_that_the_call_has_made_of_it_too() {
        let (mut call, _) = call("https://a.example");
        let basic = call.basic(&Piece::Plain(b"user".to_vec()), &Piece::Secret("key".into())).unwrap();
        let value = call.placeholders.iter().find(|placeholder| placeholder.token() == basic).unwrap().value().clone();
        let sent = String::from_utf8(value.expose().to_vec()).unwrap();
        for text in [sent.as_str(), "s3cret-value", "4111 1111 1111 1111", "password=x"] {
            assert!(!call.redacted(&format!("got {text}")).contains(text), "{text}");
        }
        assert_eq!(call.hidden("authorization: expired"), "authorization: expired", "a reason is for callers too");
    }

    #[test]
    fn fields_are_written_behind_the_message() {
        let mut journal = Journal::new(1 << 10);
        let fields = ["paid", " ", "id", "=", "7"];
        assert_eq!(journal.admit(fields.into_iter()), "paid id=7");
    }

    #[test]
    fn many_fields_behind_a_long_message_are_counted_and_not_copied() {
        let (mut call, _) = call("https://a.example");
        let fields = vec![(String::new(), String::new()); 100_000];
        // 300 GB, if the line were copied for every field.
        call.log(Level::Debug, Stream::Log, &"x".repeat(3 << 20), &fields);
        assert_eq!(call.into_report().log_cut, (3 << 20) + 200_000 - ((64 << 10) - LINE));
    }

    #[test]
    fn a_flood_of_lines_is_counted_in_the_report() {
        let (mut call, _) = call("https://a.example");
        for _ in 0..3 {
            call.log(Level::Debug, Stream::Log, &"x".repeat(32 << 10), &[("a".into(), "b".into())]);
        }
        assert_eq!(call.into_report().log_cut, (32 << 10) + 3 * 4 + 2 * LINE);
    }
}
