//! What became of a call: what the plugin said, and what the host makes of it.

use super::{Amount, Carry, FollowUp};
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
