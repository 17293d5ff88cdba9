//! An operation: the durable record of one call that may move money.

use super::{Amount, PaymentKey, Reference, Seed, Version};
use crate::clock::Timestamp;

/// Where the store keeps an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OperationKey(pub i64);

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Take money.
    Pay,
    /// Give some of it back.
    Refund,
}

impl Kind {
    /// Its name in the store, in logs and in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pay => "pay",
            Self::Refund => "refund",
        }
    }

    /// The kind that has this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Pay, Self::Refund].into_iter().find(|kind| kind.name() == name)
    }
}

/// How far an operation has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Claimed; nothing has left.
    Started,
    /// A write may have left (rule 3).
    Sent,
    /// It has an outcome.
    Finished,
}

impl Phase {
    /// Its name in the store.
    pub fn name(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Sent => "sent",
            Self::Finished => "finished",
        }
    }

    /// The phase that has this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Started, Self::Sent, Self::Finished].into_iter().find(|phase| phase.name() == name)
    }
}

/// The outcome of a finished operation (rule 1), without what came with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// Done.
    Succeeded,
    /// Reserved.
    Authorized,
    /// Decided later.
    Pending,
    /// The payer must go somewhere first.
    ActionRequired,
    /// The provider's no.
    Declined,
    /// Nothing happened at the provider.
    NotExecuted,
    /// Nobody knows yet.
    Unknown,
}

impl Settled {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Succeeded,
        Self::Authorized,
        Self::Pending,
        Self::ActionRequired,
        Self::Declined,
        Self::NotExecuted,
        Self::Unknown,
    ];

    /// Its name in the store; the same as [`super::Outcome::name`].
    pub fn name(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Authorized => "authorized",
            Self::Pending => "pending",
            Self::ActionRequired => "action_required",
            Self::Declined => "declined",
            Self::NotExecuted => "not_executed",
            Self::Unknown => "unknown",
        }
    }

    /// The outcome that has this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|settled| settled.name() == name)
    }
}

/// One write as it was about to leave: what a repeat must equal (rule 8). No query, no secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// Its method.
    pub method: String,
    /// Origin and path.
    pub url: String,
    /// sha256 in hex over method, URL, headers and body, taken before secrets are put in.
    pub digest: String,
}

/// What a caller was answered: replayed byte for byte (rule 18).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers that belong to the answer itself, such as `X-Payment-Outcome`.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// One call that may move money, as the store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Where the store keeps it.
    pub key: OperationKey,
    /// The payment that it belongs to.
    pub payment: PaymentKey,
    /// What it does.
    pub kind: Kind,
    /// The host's name for it.
    pub reference: Reference,
    /// What its keys toward the provider are made from.
    pub seed: Seed,
    /// sha256 in hex of the request that it was claimed for (rule 17).
    pub fingerprint: String,
    /// The plugin that it runs on.
    pub version: Version,
    /// How much it is about.
    pub amount: Amount,
    /// 1 for the first try.
    pub attempt: u32,
    /// How far it has come.
    pub phase: Phase,
    /// How it ended, once it has.
    pub outcome: Option<Settled>,
    /// Who may write its end: a lapsed lease takes the right away (rule 3).
    pub fence: u64,
    /// When it was claimed.
    pub created_at: Timestamp,
    /// What the caller was answered. A lapsed operation has none: it replays as unknown.
    pub answer: Option<Answer>,
}
