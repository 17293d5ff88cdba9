//! What became of a link.

use super::{Decline, Link, LinkOutcome, Value};

impl Link {
    /// Where the payer goes to pay.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), payment_id: None, description: None, carry: None }
    }

    /// The provider's id of the payment behind it.
    #[must_use]
    pub fn payment_id(mut self, id: impl Into<String>) -> Self {
        self.payment_id = Some(id.into());
        self
    }

    /// What the provider says about it, for people.
    #[must_use]
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.description = Some(text.into());
        self
    }

    /// What the host keeps with the payment.
    #[must_use]
    pub fn carry(mut self, carry: Value) -> Self {
        self.carry = Some(carry.to_string());
        self
    }
}

impl From<Link> for LinkOutcome {
    fn from(link: Link) -> Self {
        Self::Created(link)
    }
}

impl From<Decline> for LinkOutcome {
    fn from(decline: Decline) -> Self {
        Self::Declined(decline)
    }
}
