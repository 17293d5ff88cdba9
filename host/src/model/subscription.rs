//! A subscription: what a merchant knows by its token, and later charges refer to. A row of its own, locked like a
//! payment, with its own sequence of callbacks.

use super::{Amount, Carry, Interval, OfSubscription, Reference, Source};
use crate::clock::Timestamp;

/// Where the store keeps a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SubscriptionKey(pub i64);

/// Where a subscription stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SubscriptionState {
    /// The call that makes it runs.
    Started,
    /// Nobody knows yet; in news: the provider cannot say, and nothing changes.
    Unknown,
    /// The first payment is to come.
    Pending,
    /// The last payment was made.
    Active,
    /// The last payment failed.
    PastDue,
    /// It has come to its end.
    Expired,
    /// It was ended.
    Canceled,
    /// The provider would not begin it.
    Declined,
    /// Nothing happened at the provider.
    NotExecuted,
}

impl SubscriptionState {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Started,
        Self::Unknown,
        Self::Pending,
        Self::Active,
        Self::PastDue,
        Self::Expired,
        Self::Canceled,
        Self::Declined,
        Self::NotExecuted,
    ];

    /// Its name in the store, in logs and in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Unknown => "unknown",
            Self::Pending => "pending",
            Self::Active => "active",
            Self::PastDue => "past_due",
            Self::Expired => "expired",
            Self::Canceled => "canceled",
            Self::Declined => "declined",
            Self::NotExecuted => "not_executed",
        }
    }

    /// The state that has this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether it is over: no charge follows, and only the provider's own word may still change it.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Expired | Self::Canceled | Self::Declined | Self::NotExecuted)
    }
}

/// When a subscription is billed: every `interval_count` intervals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What it counts in.
    pub interval: Interval,
    /// How many of them lie between two payments; at least 1.
    pub interval_count: u32,
    /// At most this many payments.
    pub expires_after: Option<u32>,
}

/// What a merchant knows by its token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// Where the store keeps it.
    pub key: SubscriptionKey,
    /// The provider, by the name in the path.
    pub external: String,
    /// The host's name for it; the operation that began it has the same.
    pub reference: Reference,
    /// Every token that the provider ever gave it, the one to show first.
    pub tokens: Vec<String>,
    /// The token that the merchant was first told, for ever (rule 5).
    pub told: Option<String>,
    /// The merchant's id.
    pub shop_transaction_id: Option<String>,
    /// The payment method.
    pub payment_method: Option<String>,
    /// What is paid each time; none for one that was made elsewhere.
    pub amount: Option<Amount>,
    /// When; none for one that was made elsewhere.
    pub plan: Option<Plan>,
    /// Where it stands.
    pub state: SubscriptionState,
    /// The plugin's metadata, a JSON object as text.
    pub metadata: Option<String>,
    /// What the plugin gave the host to keep.
    pub carry: Option<Carry>,
    /// Callbacks told so far.
    pub sequence: u64,
    /// The provider's time of the newest news that counted (rule 28).
    pub observed_at: Option<Timestamp>,
    /// When the host shall ask the provider.
    pub ask_at: Option<Timestamp>,
    /// Questions since it came to stand so (rule 6).
    pub asks: u32,
    /// When it came to stand so; none: since it was claimed.
    pub open_since: Option<Timestamp>,
    /// What a person must look at.
    pub review: Option<String>,
    /// When it was claimed.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Subscription {
    /// One that nothing is known of yet.
    pub fn blank(external: &str, reference: Reference, now: Timestamp) -> Self {
        Self {
            key: SubscriptionKey(0),
            external: external.to_owned(),
            reference,
            tokens: Vec::new(),
            told: None,
            shop_transaction_id: None,
            payment_method: None,
            amount: None,
            plan: None,
            state: SubscriptionState::Started,
            metadata: None,
            carry: None,
            sequence: 0,
            observed_at: None,
            ask_at: None,
            asks: 0,
            open_since: None,
            review: None,
            created_at: now,
            updated_at: now,
        }
    }

    /// How its payments refer to it.
    pub fn as_known_to_payments(&self) -> OfSubscription {
        OfSubscription { key: self.key, token: self.shown_token().to_owned() }
    }

    /// The token that merchants know it by.
    pub fn shown_token(&self) -> &str {
        self.told.as_deref().or(self.tokens.first().map(String::as_str)).unwrap_or(&self.reference.0)
    }
}

/// What of a subscription is to change; all else stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// What is paid each time.
    pub amount: Option<Amount>,
    /// What the plan counts in.
    pub interval: Option<Interval>,
    /// How many of them lie between two payments.
    pub interval_count: Option<u32>,
    /// At most this many payments.
    pub expires_after: Option<u32>,
    /// The merchant's id.
    pub shop_transaction_id: Option<String>,
    /// A JSON object, as text, passed on untouched.
    pub provider_data: Option<String>,
}

impl Changes {
    /// The subscription with these changes.
    pub fn of(&self, before: &Subscription) -> Subscription {
        let mut after = before.clone();
        if self.amount.is_some() {
            after.amount.clone_from(&self.amount);
        }
        if self.shop_transaction_id.is_some() {
            after.shop_transaction_id.clone_from(&self.shop_transaction_id);
        }
        if let Some(plan) = &mut after.plan {
            plan.interval = self.interval.unwrap_or(plan.interval);
            plan.interval_count = self.interval_count.unwrap_or(plan.interval_count);
            plan.expires_after = self.expires_after.or(plan.expires_after);
        }
        after
    }
}

/// News about a subscription, whoever brings it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriptionNews {
    /// Who brings it.
    pub source: Source,
    /// The provider's tokens for it.
    pub tokens: Vec<String>,
    /// What `operation.reference` gave.
    pub host_reference: Option<String>,
    /// Where it stands.
    pub state: SubscriptionState,
    /// A JSON object, as text.
    pub metadata: Option<String>,
    /// What the plugin gave the host to keep.
    pub carry: Option<Carry>,
    /// When it happened, by the provider's clock.
    pub occurred_at: Option<Timestamp>,
}

impl SubscriptionNews {
    /// News that says no more than a state.
    pub fn new(source: Source, host_reference: Option<String>, state: SubscriptionState) -> Self {
        Self { source, tokens: Vec::new(), host_reference, state, metadata: None, carry: None, occurred_at: None }
    }
}
