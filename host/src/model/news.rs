//! News: what somebody reports about a payment, a refund or a subscription. Whoever brings it (answer, webhook,
//! poll, emit), it becomes a [`News`], and [`super::apply`] alone turns it into a change.

use super::{Amount, Decline, Destination, SubscriptionNews};
use crate::clock::Timestamp;

/// What a plugin gave the host to keep for a payment: JSON text, and the shape it is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carry {
    /// JSON text.
    pub json: String,
    /// The plugin's number for its shape.
    pub format: u32,
}

/// Who brings the news; how far it may correct what is known already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The end of the operation itself.
    Answer,
    /// The provider was asked and said so.
    Inquiry,
    /// A webhook that proved its sender, or what a plugin emitted. `can_ask`: the plugin exports `inquiry`.
    Verified {
        /// Whether the provider can be asked about what contradicts.
        can_ask: bool,
    },
    /// A person who has found out (rule 10).
    Operator {
        /// Whether it may contradict what counts as decided.
        correct: bool,
    },
}

impl Source {
    /// Whether it may turn what counts as failed into accepted.
    pub(super) fn corrects(self) -> bool {
        match self {
            Self::Inquiry => true,
            Self::Verified { can_ask } => !can_ask,
            Self::Operator { correct } => correct,
            Self::Answer => false,
        }
    }

    /// Whether it may turn what counts as accepted into failed: never a webhook alone.
    pub(super) fn takes_back(self) -> bool {
        matches!(self, Self::Inquiry | Self::Operator { correct: true })
    }

    /// Whether it may say of what got lost that nothing happened.
    pub(super) fn knows(self) -> bool {
        matches!(self, Self::Answer | Self::Inquiry | Self::Operator { .. })
    }

    /// Whether a person says so.
    pub(super) fn is_operator(self) -> bool {
        matches!(self, Self::Operator { .. })
    }
}

/// The names by which news says what it is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// The provider's ids of the payment, the one to show first.
    pub payment_ids: Vec<String>,
    /// The merchant's id.
    pub shop_transaction_id: Option<String>,
    /// What `operation.reference` gave.
    pub host_reference: Option<String>,
}

/// What the news is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The payment itself.
    Payment,
    /// A refund of it.
    Refund,
    /// A capture of it.
    Capture,
    /// Its release.
    Void,
}

/// Where it stands, by the news.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewsState {
    /// Not decided yet.
    Pending,
    /// The payer must go somewhere first.
    ActionRequired(Destination),
    /// Reserved.
    Authorized,
    /// Done.
    Accepted,
    /// Refused, with the reason where it is told.
    Failed(Option<Decline>),
    /// Released.
    Voided,
    /// Nobody can say.
    Unknown,
    /// Nothing was done at the provider.
    NotExecuted,
    /// A subscription began, and nothing was charged for it yet.
    NotCharged,
}

/// One piece of news about a payment or something that was done to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// Who brings it.
    pub source: Source,
    /// What it is about.
    pub target: Target,
    /// Which part of it.
    pub action: Action,
    /// The provider's id of the refund, capture or void itself.
    pub action_id: Option<String>,
    /// Where it stands.
    pub state: NewsState,
    /// The amount of the payment, or of the refund or capture.
    pub amount: Option<Amount>,
    /// Less than was asked, and meant so.
    pub partial: bool,
    /// Captured so far.
    pub captured: Option<Amount>,
    /// Refunded so far.
    pub refunded: Option<Amount>,
    /// The payment method.
    pub payment_method: Option<String>,
    /// The provider's text.
    pub description: Option<String>,
    /// A JSON object, as text.
    pub metadata: Option<String>,
    /// What the plugin gave the host to keep.
    pub carry: Option<Carry>,
    /// When it happened, by the provider's clock.
    pub occurred_at: Option<Timestamp>,
    /// When the provider gives up waiting for the payer.
    pub expires_at: Option<Timestamp>,
    /// The amount disagrees with what was asked (rule 13).
    pub review: Option<String>,
    /// What the host shall do next.
    pub follow_ups: Vec<FollowUp>,
}

impl News {
    /// News that says no more than a state.
    pub fn new(source: Source, target: Target, action: Action, state: NewsState) -> Self {
        Self {
            source,
            target,
            action,
            action_id: None,
            state,
            amount: None,
            partial: false,
            captured: None,
            refunded: None,
            payment_method: None,
            description: None,
            metadata: None,
            carry: None,
            occurred_at: None,
            expires_at: None,
            review: None,
            follow_ups: Vec::new(),
        }
    }
}

/// What the host shall do next about a payment, as an operation of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FollowUp {
    /// All of a payment that was reserved or approved.
    Capture,
    /// `continuations.resume` with this JSON text.
    Resume(String),
}

/// How far a webhook proves its sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// A verifying function of `secrets` returned true in that call.
    Verified,
    /// Anybody could have sent it.
    Hint,
}

/// What a webhook tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// About a payment or something done to it.
    Payment(News),
    /// About a subscription.
    Subscription(SubscriptionNews),
    /// A payment that the provider made by itself.
    Charge(Charge),
    /// A dispute.
    Dispute(Dispute),
}

/// An event with the provider's name and time for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatedEvent {
    /// The provider's id of the event.
    pub id: Option<String>,
    /// When it happened.
    pub occurred_at: Option<Timestamp>,
    /// What happened.
    pub event: Event,
}

/// A payment that the provider made by itself under a subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// The provider's tokens of the subscription.
    pub tokens: Vec<String>,
    /// The host's name of the subscription.
    pub host_reference: Option<String>,
    /// How the payment stands.
    pub news: News,
}

/// How a dispute stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DisputeState {
    /// The payer disputes it.
    Opened,
    /// The merchant keeps the money.
    Won,
    /// The payer has it back.
    Lost,
}

impl DisputeState {
    /// Its name in the store and in metadata.
    pub fn name(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Won => "won",
            Self::Lost => "lost",
        }
    }

    /// The state that has this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Opened, Self::Won, Self::Lost].into_iter().find(|state| state.name() == name)
    }
}

/// A dispute about a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dispute {
    /// The payment.
    pub target: Target,
    /// How it stands.
    pub state: DisputeState,
    /// How much is disputed.
    pub amount: Option<Amount>,
    /// The provider's reason.
    pub reason: Option<String>,
    /// When it came to stand so, by the provider's clock.
    pub occurred_at: Option<Timestamp>,
}
