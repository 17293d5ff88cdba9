//! What the provider sends to us, and what we make of it.

use serde::de::DeserializeOwned;

use super::{
    Amount, Charge, DatedEvent, Dispute, DisputeState, Error, Event, PaymentStatus, Receipt, Reference, Rejection,
    Reply, SubscriptionReference, SubscriptionStatus, Trust, Webhook,
};
use crate::{http, secrets};

impl Webhook {
    /// The first header of that name, in whatever case it was sent.
    pub fn header(&self, name: &str) -> Option<&str> {
        let named = self.headers.iter().find(|(sent, _)| sent.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str())
    }

    /// The first query parameter of that name, decoded.
    pub fn query(&self, name: &str) -> Option<String> {
        http::query_of(&self.url).find(|(sent, _)| sent == name).map(|(_, value)| value)
    }

    /// The body as a type of the plugin's own. Verify first, then read.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_slice(&self.body)
    }

    /// Whether a timestamp that was signed along is near enough to now to be no replay: at most
    /// 300 s old, and at most 60 s in the future.
    pub fn is_timely(&self, at_ms: u64) -> bool {
        let age = self.received_at_ms.saturating_sub(at_ms);
        let lead = at_ms.saturating_sub(self.received_at_ms);
        age <= 300_000 && lead <= 60_000
    }
}

impl Receipt {
    /// News that a function of [`secrets`] vouched for during this call.
    pub fn verified(events: Vec<DatedEvent>) -> Self {
        Self::new(Trust::Verified, events)
    }

    /// Something that anybody could have sent: the host takes it as a reason to ask.
    pub fn hint(events: Vec<DatedEvent>) -> Self {
        Self::new(Trust::Hint, events)
    }

    fn new(trust: Trust, events: Vec<DatedEvent>) -> Self {
        let reply = Reply { status: 200, headers: Vec::new(), body: Vec::new() };
        Self { trust, events, reply }
    }

    /// What the provider gets as answer, where an empty 200 does not do.
    #[must_use]
    pub fn reply(mut self, reply: Reply) -> Self {
        self.reply = reply;
        self
    }
}

impl DatedEvent {
    /// News without an id or a time.
    pub fn new(event: impl Into<Event>) -> Self {
        Self { id: None, occurred_at_ms: None, event: event.into() }
    }

    /// The provider's id of the event: the host drops what it has seen before.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// When it happened, in milliseconds since 1970: older news never wins over newer.
    #[must_use]
    pub fn occurred_at_ms(mut self, at_ms: impl Into<Option<u64>>) -> Self {
        self.occurred_at_ms = at_ms.into();
        self
    }
}

impl Charge {
    /// A payment that the provider made by itself, under the subscription of this token.
    pub fn new(token: impl Into<String>, status: PaymentStatus) -> Self {
        Self { subscription: SubscriptionReference::token(token), status }
    }
}

impl Dispute {
    /// A dispute of this payment.
    pub fn new(payment: Reference, state: DisputeState) -> Self {
        Self { payment, state, amount: None, reason: None }
    }

    /// How much of the payment it is about.
    #[must_use]
    pub fn amount(mut self, amount: Amount) -> Self {
        self.amount = Some(amount);
        self
    }

    /// Why, as the provider words it.
    #[must_use]
    pub fn reason(mut self, text: impl Into<String>) -> Self {
        self.reason = Some(text.into());
        self
    }
}

impl Rejection {
    /// Not from this provider.
    pub fn forged(reason: impl Into<String>) -> Self {
        Self::Forged(reason.into())
    }

    /// Cannot be judged now: the provider shall send it again.
    pub fn later(reason: impl Into<String>) -> Self {
        Self::Later(reason.into())
    }
}

/// Without its secret a webhook cannot be judged.
impl From<secrets::Error> for Rejection {
    fn from(error: secrets::Error) -> Self {
        Self::Later(error.reason())
    }
}

/// News that cannot be read must not be lost: the provider shall send it again.
impl From<serde_json::Error> for Rejection {
    fn from(error: serde_json::Error) -> Self {
        Self::Later(format!("not readable: {}", super::json::why(&error)))
    }
}

/// What could not be done for a webhook is to be tried again.
impl From<Error> for Rejection {
    fn from(error: Error) -> Self {
        Self::Later(error.to_string())
    }
}

impl From<PaymentStatus> for Event {
    fn from(status: PaymentStatus) -> Self {
        Self::Payment(status)
    }
}

impl From<SubscriptionStatus> for Event {
    fn from(status: SubscriptionStatus) -> Self {
        Self::Subscription(status)
    }
}

impl From<Charge> for Event {
    fn from(charge: Charge) -> Self {
        Self::Charge(charge)
    }
}

impl From<Dispute> for Event {
    fn from(dispute: Dispute) -> Self {
        Self::Dispute(dispute)
    }
}
