//! The shape of the operations that the interface is written against, with no external configured.

use super::{Answered, Caller, Error, Lookup, Respond};
use crate::model::{self, Amount};

/// Everything that may be asked about payments.
#[derive(Clone, Debug)]
pub struct Operations;

/// A refund, as a caller asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundAsked {
    /// Any id of the payment.
    pub payment_id: String,
    /// How much of it.
    pub amount: Amount,
    /// A JSON object, as text, passed on untouched.
    pub provider_data: Option<String>,
}

/// Why a webhook was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhookRefused {
    /// The external was never configured.
    UnknownExternal,
    /// The plugin takes no webhooks.
    Unsupported,
    /// It does not prove its sender.
    Forged,
    /// It cannot be taken now.
    Later,
}

/// A configured provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct External {
    /// The name in the path.
    pub name: String,
    /// The plugin that serves it now.
    pub serving: Option<Serving>,
}

/// The plugin that serves an external.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Serving {
    /// Its version.
    pub version: model::Version,
    /// What it says of itself.
    pub description: model::Description,
    /// What it exports.
    pub interfaces: model::Interfaces,
}

/// Whether the host can take work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// It can.
    Ready,
    /// It cannot, for this reason.
    NotReady(&'static str),
}

impl Operations {
    /// Takes money.
    pub async fn pay(&self, _: &str, _: Caller, _: model::PayRequest, respond: Respond) -> Answered {
        Answered { answer: respond(&Err(Error::UnknownExternal)), replayed: false }
    }

    /// Gives money back.
    pub async fn refund(&self, _: &str, _: Caller, _: RefundAsked, respond: Respond) -> Answered {
        Answered { answer: respond(&Err(Error::UnknownExternal)), replayed: false }
    }

    /// How a payment stands.
    pub async fn status(&self, _: &str, _: Lookup) -> Result<model::PaymentStatus, Error> {
        Err(Error::UnknownExternal)
    }

    /// How a payment stands, with a callback.
    pub async fn check(&self, _: &str, _: Lookup) -> Result<model::PaymentStatus, Error> {
        Err(Error::UnknownExternal)
    }

    /// Takes a webhook.
    pub async fn receive(&self, _: &str, _: model::Webhook) -> Result<model::Reply, WebhookRefused> {
        Err(WebhookRefused::UnknownExternal)
    }

    /// Every external.
    pub fn externals(&self) -> Vec<External> {
        Vec::new()
    }

    /// One external.
    pub fn external(&self, _: &str) -> Result<External, Error> {
        Err(Error::UnknownExternal)
    }

    /// Whether the host can take work.
    pub fn readiness(&self) -> Readiness {
        Readiness::Ready
    }
}
