//! One call: what it may use, and what is known of it afterwards, however it ended.

use super::log::Journal;
use super::{Limits, Name, Provider, Records, Transcript};
use crate::clock::Clock;
use crate::egress::{Egress, Placeholder};
use crate::model::{Departures, Description, Event, Failure, Reference, Seed, Version, Write};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// What a call of a provider's plugin works with.
#[derive(Clone)]
pub struct Scope {
    /// The provider's configuration.
    pub provider: Arc<Provider>,
    /// The plugin that is called.
    pub version: Version,
    /// What that plugin says of itself.
    pub description: Arc<Description>,
    /// What is kept while the call runs.
    pub records: Arc<dyn Records>,
    /// The way out.
    pub egress: Arc<Egress>,
    /// The time.
    pub clock: Clock,
}

/// What stands behind a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    /// An operation: money may move.
    Operation {
        /// The host's name for it.
        reference: Reference,
        /// What its keys toward the provider are made from.
        seed: Seed,
        /// 1 for the first try.
        attempt: u32,
        /// Where the provider can tell about this very operation.
        webhook_url: Option<String>,
        /// The call is made again: what was about to leave then, in order, and nothing else may leave now (rule 8).
        again: Option<Vec<Write>>,
    },
    /// A question, or a webhook: whatever could move money is denied.
    Reading {
        /// The operation that it is about, where there is one.
        reference: Option<Reference>,
    },
}

/// What is known of a call afterwards, however it ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Which writes left, and which were answered (rule 2).
    pub departures: Departures,
    /// The writes that were about to leave, in order.
    pub writes: Vec<Write>,
    /// What it emitted; counts only if the call succeeded. [`Event::Payment`] and [`Event::Subscription`] alone.
    pub emitted: Vec<Event>,
    /// What the provider has named; counts however the call ended.
    pub learned: Vec<Name>,
    /// A verifying function of `secrets` returned true (rule 24).
    pub verified: bool,
    /// The host held a request back: what the plugin says of it is not the provider's word.
    pub held_back: bool,
    /// Requests that were asked for, the denied ones too.
    pub requests: u32,
    /// Bytes of log that were cut.
    pub log_cut: u64,
}

/// One call of a plugin.
pub struct Call {
    pub(super) scope: Scope,
    pub(super) mode: Mode,
    pub(super) report: Report,
    pub(super) placeholders: Vec<Placeholder>,
    pub(super) journal: Journal,
    pub(super) transcript: Option<Arc<Transcript>>,
    started: Instant,
}

impl Call {
    /// A call that begins now.
    pub fn new(scope: Scope, mode: Mode) -> Self {
        let journal = Journal::new(scope.provider.limits.log);
        let (report, placeholders) = (Report::default(), Vec::new());
        Self { scope, mode, report, placeholders, journal, transcript: None, started: Instant::now() }
    }

    /// The same, with what it sends, gets back and writes kept in `transcript`.
    pub fn kept_in(self, transcript: Arc<Transcript>) -> Self {
        Self { transcript: Some(transcript), ..self }
    }

    /// What it may use.
    pub fn limits(&self) -> &Limits {
        &self.scope.provider.limits
    }

    /// The time, as the host sees it.
    pub fn clock(&self) -> &Clock {
        &self.scope.clock
    }

    /// How long it has been running.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Whether a verifying function of `secrets` has returned true.
    pub fn is_verified(&self) -> bool {
        self.report.verified
    }

    /// What is known of it.
    pub fn into_report(self) -> Report {
        Report { log_cut: self.journal.cut(), ..self.report }
    }

    /// Whether it may move money.
    pub(super) fn may_write(&self) -> bool {
        matches!(self.mode, Mode::Operation { .. })
    }
}

/// The end of a call that went past the limit of this name.
pub(super) fn beyond(limit: &'static str) -> Failure {
    Failure::Limit(limit)
}
