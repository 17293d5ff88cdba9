//! A payment: what a merchant knows and a refund refers to. The row that is locked.

use super::{Amount, Carry, DisputeState, OperationKey, Reference, SubscriptionKey};
use crate::clock::Timestamp;
use std::time::Duration;

/// Where the store keeps a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PaymentKey(pub i64);

/// Where a payment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PaymentState {
    /// Its first call runs.
    Started,
    /// Nobody knows yet.
    Unknown,
    /// The provider decides later.
    Pending,
    /// The payer must go somewhere first.
    ActionRequired,
    /// Reserved.
    Authorized,
    /// Paid.
    Accepted,
    /// Refused.
    Failed,
    /// Reserved once, and released.
    Voided,
    /// Nothing happened at the provider.
    NotExecuted,
    /// The subscription that it stands for began without a charge.
    NotCharged,
}

impl PaymentState {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Started,
        Self::Unknown,
        Self::Pending,
        Self::ActionRequired,
        Self::Authorized,
        Self::Accepted,
        Self::Failed,
        Self::Voided,
        Self::NotExecuted,
        Self::NotCharged,
    ];

    /// Its name in the store, in logs and in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Unknown => "unknown",
            Self::Pending => "pending",
            Self::ActionRequired => "action_required",
            Self::Authorized => "authorized",
            Self::Accepted => "accepted",
            Self::Failed => "failed",
            Self::Voided => "voided",
            Self::NotExecuted => "not_executed",
            Self::NotCharged => "not_charged",
        }
    }

    /// The state that has this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether only the provider's own word may still change it.
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Accepted | Self::Failed | Self::Voided | Self::NotExecuted | Self::NotCharged)
    }

    /// Whether the shop's transaction id is free for another try (rule 15).
    pub fn frees_business_key(self) -> bool {
        matches!(self, Self::Failed | Self::Voided | Self::NotExecuted)
    }

    /// Whether the merchant waits for something that the host must find out (rule 6).
    pub fn is_open(self) -> bool {
        matches!(self, Self::Unknown | Self::Pending | Self::ActionRequired)
    }
}

/// Where a refund, a capture or a void stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ActionState {
    /// Its call runs.
    Started,
    /// Nobody knows yet.
    Unknown,
    /// The provider decides later.
    Pending,
    /// Done.
    Accepted,
    /// Refused.
    Failed,
    /// Nothing happened at the provider.
    NotExecuted,
}

impl ActionState {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Started, Self::Unknown, Self::Pending, Self::Accepted, Self::Failed, Self::NotExecuted];

    /// Its name in the store, in logs and in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Unknown => "unknown",
            Self::Pending => "pending",
            Self::Accepted => "accepted",
            Self::Failed => "failed",
            Self::NotExecuted => "not_executed",
        }
    }

    /// The state that has this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether its amount is kept from further refunds until it is decided (rule 12).
    pub fn holds(self) -> bool {
        matches!(self, Self::Started | Self::Unknown | Self::Pending)
    }
}

/// A refund of a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// The operation that made it; none for one that was made elsewhere and is being adopted.
    pub operation: Option<OperationKey>,
    /// The host's name for it.
    pub reference: Reference,
    /// The provider's ids for it.
    pub ids: Vec<String>,
    /// The id that the merchant was first told, for ever (rule 5).
    pub told: Option<String>,
    /// How much of the payment it gives back.
    pub amount: Amount,
    /// Where it stands.
    pub state: ActionState,
    /// The provider's text.
    pub description: Option<String>,
    /// What the plugin gave the host to keep for it.
    pub carry: Option<Carry>,
    /// When it was claimed.
    pub created_at: Timestamp,
}

/// A capture of what was reserved, or its release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capture {
    /// The operation that made it; none for one that was made elsewhere and is being adopted.
    pub operation: Option<OperationKey>,
    /// A release: nothing is taken.
    pub void: bool,
    /// The host's name for it.
    pub reference: Reference,
    /// The provider's ids for it.
    pub ids: Vec<String>,
    /// How much of what was reserved it is about; none for a release where nobody here knows what was reserved.
    pub amount: Option<Amount>,
    /// No further capture follows: the rest may be released.
    pub last: bool,
    /// Where it stands.
    pub state: ActionState,
    /// When it was claimed.
    pub created_at: Timestamp,
}

/// How a payment came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// By `pay`.
    Pay,
    /// Behind a link.
    Link,
    /// A subscription that the provider charges began with it.
    Schedule,
    /// A subscription that our caller charges began with it.
    Start,
    /// A subscription was charged by our caller.
    Charge,
    /// A subscription was charged by the provider, and the host learnt of it (rule 14).
    ProviderCharge,
    /// It was made elsewhere, and the host learnt of it (rule 5).
    Adopted,
}

impl Origin {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Pay, Self::Link, Self::Schedule, Self::Start, Self::Charge, Self::ProviderCharge, Self::Adopted];

    /// Its name in the store.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pay => "pay",
            Self::Link => "link",
            Self::Schedule => "schedule",
            Self::Start => "start",
            Self::Charge => "charge",
            Self::ProviderCharge => "provider_charge",
            Self::Adopted => "adopted",
        }
    }

    /// The origin that has this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|origin| origin.name() == name)
    }
}

/// The subscription that a payment was made under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfSubscription {
    /// Where the store keeps it.
    pub key: SubscriptionKey,
    /// The token that the merchant knows it by.
    pub token: String,
}

/// A dispute about a payment, as it was last told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disputed {
    /// How it stands.
    pub state: DisputeState,
    /// How much is disputed, where that is told.
    pub amount: Option<Amount>,
    /// The provider's reason.
    pub reason: Option<String>,
    /// When it came to stand so, by the provider's clock.
    pub occurred_at: Option<Timestamp>,
}

/// What a merchant knows and a refund refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// Where the store keeps it.
    pub key: PaymentKey,
    /// The provider, by the name in the path.
    pub external: String,
    /// How it came to be.
    pub origin: Origin,
    /// The subscription that it was made under.
    pub subscription: Option<OfSubscription>,
    /// The host's name for it.
    pub reference: Reference,
    /// The merchant's id.
    pub shop_transaction_id: Option<String>,
    /// The payment method.
    pub payment_method: Option<String>,
    /// What was asked; none for an adopted payment of which it is not known.
    pub amount: Option<Amount>,
    /// Minor units reserved, where known.
    pub authorized: Option<u64>,
    /// Minor units taken, where known.
    pub captured: Option<u64>,
    /// Minor units given back.
    pub refunded: u64,
    /// Where it stands.
    pub state: PaymentState,
    /// Every provider id ever learnt, the one to show first.
    pub ids: Vec<String>,
    /// The id that the merchant was first told, for ever (rule 5).
    pub told: Option<String>,
    /// The provider's text.
    pub description: Option<String>,
    /// The plugin's metadata, a JSON object as text.
    pub metadata: Option<String>,
    /// Why it was declined.
    pub decline_code: Option<String>,
    /// What the plugin gave the host to keep.
    pub carry: Option<Carry>,
    /// What a person must look at.
    pub review: Option<String>,
    /// That the payer disputes it.
    pub dispute: Option<Disputed>,
    /// Callbacks told so far.
    pub sequence: u64,
    /// The provider's time of the newest news that counted (rule 28).
    pub observed_at: Option<Timestamp>,
    /// When the provider gives up waiting for the payer.
    pub expires_at: Option<Timestamp>,
    /// When the host shall ask the provider.
    pub ask_at: Option<Timestamp>,
    /// Questions since what of it is open came to stand so (rule 6).
    pub asks: u32,
    /// When what of it is open came to stand so; none: since it was claimed.
    pub open_since: Option<Timestamp>,
    /// When the last `check` callback was enqueued (rule 34).
    pub checked_at: Option<Timestamp>,
    /// When it was claimed.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Its refunds, oldest first.
    pub refunds: Vec<Refund>,
    /// Its captures and voids, oldest first.
    pub captures: Vec<Capture>,
}

impl Payment {
    /// One that nothing is known of yet.
    pub fn blank(external: &str, origin: Origin, reference: Reference, now: Timestamp) -> Self {
        Self {
            key: PaymentKey(0),
            external: external.to_owned(),
            origin,
            subscription: None,
            reference,
            shop_transaction_id: None,
            payment_method: None,
            amount: None,
            authorized: None,
            captured: None,
            refunded: 0,
            state: PaymentState::Started,
            ids: Vec::new(),
            told: None,
            description: None,
            metadata: None,
            decline_code: None,
            carry: None,
            review: None,
            dispute: None,
            sequence: 0,
            observed_at: None,
            expires_at: None,
            ask_at: None,
            asks: 0,
            open_since: None,
            checked_at: None,
            created_at: now,
            updated_at: now,
            refunds: Vec::new(),
            captures: Vec::new(),
        }
    }

    /// The id that merchants know it by.
    pub fn shown_id(&self) -> &str {
        self.told.as_deref().or(self.ids.first().map(String::as_str)).unwrap_or(&self.reference.0)
    }

    /// When the payer's time to follow a redirect is over: `patience` after it came to stand so, where the provider does
    /// not say. None where no redirect is waited for.
    pub fn redirect_ends(&self, patience: Duration) -> Option<Timestamp> {
        let since = self.open_since.unwrap_or(self.created_at);
        let redirected = self.state == PaymentState::ActionRequired;
        redirected.then(|| self.expires_at.unwrap_or(since.plus(patience)))
    }

    /// The currency of what was asked, or else of what was given back first; none where neither is known.
    pub fn currency(&self) -> Option<&str> {
        let known = self.amount.as_ref().or(self.refunds.first().map(|refund| &refund.amount));
        known.map(|amount| amount.currency.as_str())
    }

    /// Minor units that accepted refunds gave back, in the payment's own currency.
    pub fn paid_back(&self) -> u64 {
        let counts = |refund: &&Refund| {
            refund.state == ActionState::Accepted && self.currency() == Some(refund.amount.currency.as_str())
        };
        total(self.refunds.iter().filter(counts).map(|refund| refund.amount.minor))
    }

    /// Minor units that open refunds keep from further ones (rule 12).
    pub fn held(&self) -> u64 {
        total(self.refunds.iter().filter(|refund| refund.state.holds()).map(|refund| refund.amount.minor))
    }

    /// Minor units that may still be refunded; none where what was captured is not known, and the provider alone judges.
    pub fn refundable(&self) -> Option<u64> {
        self.captured.map(|captured| captured.saturating_sub(self.refunded).saturating_sub(self.held()))
    }

    /// Minor units that may still be captured; none where what was reserved is not known, and the provider alone judges.
    /// A void that is not decided holds all of it, however much it is (rule 12).
    pub fn capturable(&self) -> Option<u64> {
        let done = |capture: &Capture| capture.state == ActionState::Accepted;
        let closed = |capture: &Capture| (capture.state.holds() || done(capture)) && (capture.void || capture.last);
        if self.captures.iter().any(closed) {
            return Some(0);
        }
        let reserved = self.authorized.or(self.amount.as_ref().map(|amount| amount.minor))?;
        let sum = |counts: &dyn Fn(&Capture) -> bool| {
            total(self.captures.iter().filter(|capture| counts(capture)).map(Capture::minor))
        };
        // Some of it may have been captured elsewhere.
        let taken = sum(&done).max(self.captured.unwrap_or_default());
        Some(reserved.saturating_sub(taken).saturating_sub(sum(&|capture| capture.state.holds())))
    }
}

/// A sum that never wraps: beyond what can be counted, it is as much as can be.
pub(super) fn total(minor: impl Iterator<Item = u64>) -> u64 {
    minor.fold(0, u64::saturating_add)
}

impl Capture {
    /// Minor units that it is about; 0 where nobody here knows.
    pub fn minor(&self) -> u64 {
        self.amount.as_ref().map_or(0, |amount| amount.minor)
    }
}

impl Refund {
    /// The id that merchants know it by.
    pub fn shown_id(&self) -> &str {
        self.told.as_deref().or(self.ids.first().map(String::as_str)).unwrap_or(&self.reference.0)
    }
}
