//! An operation: the durable record of one call that may move money.

use super::{Action, Amount, Interface, PaymentKey, Reference, Seed, SubscriptionKey, Version};
use crate::clock::Timestamp;

/// Where the store keeps an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OperationKey(pub i64);

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Take money.
    Pay,
    /// Make a link behind which money is taken.
    Link,
    /// Begin a subscription that the provider charges.
    Schedule,
    /// Begin a subscription that our caller charges.
    Start,
    /// Charge a subscription.
    Charge,
    /// Give some of a payment back.
    Refund,
    /// Take what was reserved, or some of it.
    Capture,
    /// Release what was reserved.
    Void,
    /// Go on with a payment.
    Resume,
    /// Change a subscription.
    Update,
    /// End a subscription.
    Expire,
    /// Whatever else a plugin offers.
    Utility,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Pay,
        Self::Link,
        Self::Schedule,
        Self::Start,
        Self::Charge,
        Self::Refund,
        Self::Capture,
        Self::Void,
        Self::Resume,
        Self::Update,
        Self::Expire,
        Self::Utility,
    ];

    /// Its name in the store, in logs and in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pay => "pay",
            Self::Link => "link",
            Self::Schedule => "schedule",
            Self::Start => "start",
            Self::Charge => "charge",
            Self::Refund => "refund",
            Self::Capture => "capture",
            Self::Void => "void",
            Self::Resume => "resume",
            Self::Update => "update",
            Self::Expire => "expire",
            Self::Utility => "utility",
        }
    }

    /// The kind that has this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The interface that a plugin must export for it.
    pub fn interface(self) -> Interface {
        match self {
            Self::Pay => Interface::Payments,
            Self::Link => Interface::Links,
            Self::Schedule => Interface::ScheduledBilling,
            Self::Start | Self::Charge => Interface::ManualBilling,
            Self::Refund => Interface::Refunds,
            Self::Capture | Self::Void => Interface::Captures,
            Self::Resume => Interface::Continuations,
            Self::Update | Self::Expire => Interface::Subscriptions,
            Self::Utility => Interface::Utilities,
        }
    }

    /// What news of its end is about; none where it belongs to no payment.
    pub fn action(self) -> Option<Action> {
        match self {
            Self::Pay | Self::Link | Self::Schedule | Self::Start | Self::Charge | Self::Resume => {
                Some(Action::Payment)
            }
            Self::Refund => Some(Action::Refund),
            Self::Capture => Some(Action::Capture),
            Self::Void => Some(Action::Void),
            Self::Update | Self::Expire | Self::Utility => None,
        }
    }

    /// Whether it makes a payment of its own, which has its name.
    pub fn makes_payment(self) -> bool {
        matches!(self, Self::Pay | Self::Link | Self::Schedule | Self::Start | Self::Charge)
    }

    /// Whether it makes a subscription, which has its name.
    pub fn makes_subscription(self) -> bool {
        matches!(self, Self::Schedule | Self::Start)
    }

    /// Whether it may be done again after an unclear answer, because it moves no money.
    pub fn can_repeat(self) -> bool {
        matches!(self, Self::Update | Self::Expire | Self::Utility)
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
    /// The external that it runs on.
    pub external: String,
    /// The payment that it belongs to.
    pub payment: Option<PaymentKey>,
    /// The subscription that it belongs to.
    pub subscription: Option<SubscriptionKey>,
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
    /// How much it is about; none for what moves no money.
    pub amount: Option<Amount>,
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
