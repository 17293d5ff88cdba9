//! What became of a refund.

use super::{Decline, RefundOutcome, Refunded, Value};

impl Refunded {
    /// The provider took the refund on and named it.
    pub fn new(refund_id: impl Into<String>) -> Self {
        Self { refund_id: Some(refund_id.into()), ..Self::unnamed() }
    }

    /// The provider took the refund on and has not named it.
    pub fn unnamed() -> Self {
        Self { refund_id: None, description: None, carry: None }
    }

    /// What the provider says about it, for people.
    #[must_use]
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.description = Some(text.into());
        self
    }

    /// What the host keeps with the refund.
    #[must_use]
    pub fn carry(mut self, carry: Value) -> Self {
        self.carry = Some(carry.to_string());
        self
    }

    /// The money goes back.
    pub fn succeeded(self) -> RefundOutcome {
        RefundOutcome::Succeeded(self)
    }

    /// The provider decides later.
    pub fn pending(self) -> RefundOutcome {
        RefundOutcome::Pending(self)
    }
}

impl From<Decline> for RefundOutcome {
    fn from(decline: Decline) -> Self {
        Self::Declined(decline)
    }
}
