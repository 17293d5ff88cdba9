//! What became of a call: what the plugin said, and what the host makes of it.

use super::{Amount, Carry, FollowUp, SubscriptionState};
use crate::clock::Timestamp;
use std::time::Duration;

/// Where the payer must go. At least one of the two is set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// A web page.
    pub web: Option<String>,
    /// A link into an app.
    pub app: Option<String>,
}

/// What the provider said about what it took on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Acknowledgement {
    /// The provider's id of the payment, or of the refund.
    pub id: Option<String>,
    /// What the provider says that it is about.
    pub amount: Option<Amount>,
    /// Less than was asked, and meant so.
    pub partial: bool,
    /// The provider's text.
    pub description: Option<String>,
    /// A JSON object, as text.
    pub metadata: Option<String>,
    /// What the plugin gives the host to keep.
    pub carry: Option<Carry>,
    /// When the provider gives up waiting for the payer.
    pub expires_at: Option<Timestamp>,
    /// What the host shall do next.
    pub follow_ups: Vec<FollowUp>,
}

/// The provider's no.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decline {
    /// The provider's id, where it has one.
    pub id: Option<String>,
    /// One of the contract's codes where one fits, else the provider's.
    pub code: String,
    /// The provider's text.
    pub description: Option<String>,
    /// A JSON object, as text.
    pub metadata: Option<String>,
}

/// What a plugin says became of a pay or refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PluginOutcome {
    /// Done.
    Succeeded(Acknowledgement),
    /// Reserved.
    Authorized(Acknowledgement),
    /// Decided later.
    Pending(Acknowledgement),
    /// The payer must go somewhere first.
    Redirect(Acknowledgement, Destination),
    /// The provider's no.
    Declined(Decline),
}

/// What a plugin says became of a subscription that was to begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubscriptionOutcome {
    /// The provider took it on.
    Subscribed(Box<Subscribed>),
    /// The provider's no.
    Declined(Decline),
}

/// A subscription that the provider took on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscribed {
    /// The provider's token; none while it has not named it.
    pub token: Option<String>,
    /// Where it stands.
    pub state: SubscriptionState,
    /// What became of the payment that it starts with; none where nothing is charged at the start.
    pub first_payment: Option<PluginOutcome>,
    /// Where the payer must go to agree.
    pub destination: Option<Destination>,
    /// The provider's text.
    pub description: Option<String>,
    /// A JSON object, as text.
    pub metadata: Option<String>,
    /// What the plugin gives the host to keep with the subscription.
    pub carry: Option<Carry>,
}

impl Subscribed {
    /// What became of the operation as a whole: as its first payment went, or where it charged nothing, as the
    /// subscription stands. Where the payer must go first, that is what counts.
    pub fn outcome(&self) -> PluginOutcome {
        let own = || Acknowledgement {
            description: self.description.clone(),
            metadata: self.metadata.clone(),
            ..Acknowledgement::default()
        };
        let outcome = self.first_payment.clone().map(|outcome| outcome.or_said_by(&own()));
        let outcome = outcome.unwrap_or_else(|| match self.state {
            SubscriptionState::Active => PluginOutcome::Succeeded(own()),
            _ => PluginOutcome::Pending(own()),
        });
        match (outcome, &self.destination) {
            (PluginOutcome::Succeeded(said) | PluginOutcome::Pending(said), Some(destination)) => {
                PluginOutcome::Redirect(said, destination.clone())
            }
            (outcome, _) => outcome,
        }
    }
}

impl PluginOutcome {
    /// The same, with text and metadata of `other` where it has none.
    fn or_said_by(self, other: &Acknowledgement) -> Self {
        let filled = |said: Acknowledgement| Acknowledgement {
            description: said.description.or_else(|| other.description.clone()),
            metadata: said.metadata.or_else(|| other.metadata.clone()),
            ..said
        };
        match self {
            Self::Succeeded(said) => Self::Succeeded(filled(said)),
            Self::Authorized(said) => Self::Authorized(filled(said)),
            Self::Pending(said) => Self::Pending(filled(said)),
            Self::Redirect(said, destination) => Self::Redirect(filled(said), destination),
            Self::Declined(decline) => Self::Declined(decline),
        }
    }
}

/// What a plugin says became of a change that moves no money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeOutcome {
    /// It is as asked.
    Done,
    /// Decided later.
    Pending,
    /// The provider's no.
    Declined(Decline),
}

impl From<ChangeOutcome> for PluginOutcome {
    fn from(outcome: ChangeOutcome) -> Self {
        match outcome {
            ChangeOutcome::Done => Self::Succeeded(Acknowledgement::default()),
            ChangeOutcome::Pending => Self::Pending(Acknowledgement::default()),
            ChangeOutcome::Declined(decline) => Self::Declined(decline),
        }
    }
}

/// One thing wrong with a request: a JSON pointer into it, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where; empty for the whole body.
    pub pointer: String,
    /// Why, in a few words.
    pub reason: String,
}

impl Fault {
    /// A fault at `pointer`.
    pub fn new(pointer: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), reason: reason.into() }
    }
}

/// Why a plugin says that it could not do a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PluginError {
    /// The request cannot be right for this provider.
    Invalid(Vec<Fault>),
    /// The provider has no such payment.
    NotFound(String),
    /// The state does not allow it.
    Conflict(String),
    /// The provider refused before doing anything.
    Refused {
        /// Why.
        reason: String,
        /// When to try again.
        retry_after: Option<Duration>,
    },
    /// The provider may or may not have done it.
    Unknown {
        /// Why it is not known.
        reason: String,
        /// Where the provider had already named the payment.
        payment_id: Option<String>,
    },
    /// This plugin cannot do it.
    Unsupported(String),
}

/// Why nothing was executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The request cannot be right for this provider.
    Invalid(Vec<Fault>),
    /// The provider has no such payment.
    NotFound(String),
    /// The state does not allow it.
    Conflict(String),
    /// The provider would not, or could not be reached.
    Provider {
        /// Why.
        reason: String,
        /// When to try again.
        retry_after: Option<Duration>,
    },
    /// This plugin cannot do it.
    Unsupported(String),
    /// The plugin trapped, or went past a limit.
    Broke(String),
}

/// How an operation ends (rule 1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done.
    Succeeded(Acknowledgement),
    /// Reserved; to be captured.
    Authorized(Acknowledgement),
    /// Decided later. `review` says what disagrees, where something does (rule 13).
    Pending {
        /// What the provider said.
        acknowledgement: Acknowledgement,
        /// What a person must look at.
        review: Option<String>,
    },
    /// The payer must go somewhere first.
    ActionRequired(Acknowledgement, Destination),
    /// The provider's no.
    Declined(Decline),
    /// Nothing happened at the provider.
    NotExecuted(Refused),
    /// Nobody knows yet.
    Unknown {
        /// Why; for the log, not for the caller.
        reason: String,
        /// The provider's id, where it was learnt.
        id: Option<String>,
    },
}

impl Outcome {
    /// Its name in the store, in logs and in metrics.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Succeeded(_) => "succeeded",
            Self::Authorized(_) => "authorized",
            Self::Pending { .. } => "pending",
            Self::ActionRequired(..) => "action_required",
            Self::Declined(_) => "declined",
            Self::NotExecuted(_) => "not_executed",
            Self::Unknown { .. } => "unknown",
        }
    }

    /// The provider's id for what was done, where it told.
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::Succeeded(said)
            | Self::Authorized(said)
            | Self::Pending { acknowledgement: said, .. }
            | Self::ActionRequired(said, _) => said.id.as_deref(),
            Self::Declined(decline) => decline.id.as_deref(),
            Self::Unknown { id, .. } => id.as_deref(),
            Self::NotExecuted(_) => None,
        }
    }
}
