//! What became of a payment.

use super::{Acknowledgement, Amount, Decline, Destination, FollowUp, PaymentOutcome, Redirection, Value};

impl Acknowledgement {
    /// The provider took the payment on and named it.
    pub fn new(payment_id: impl Into<String>) -> Self {
        Self { payment_id: Some(payment_id.into()), ..Self::unnamed() }
    }

    /// The provider took the payment on and has not named it yet.
    pub fn unnamed() -> Self {
        Self {
            payment_id: None,
            amount: None,
            partial: false,
            description: None,
            metadata: None,
            carry: None,
            expires_at_ms: None,
            follow_ups: Vec::new(),
        }
    }

    /// The amount in the provider's answer: the host compares it with what was asked.
    #[must_use]
    pub fn amount(mut self, amount: Amount) -> Self {
        self.amount = Some(amount);
        self
    }

    /// Less than was asked is meant so.
    #[must_use]
    pub fn partial(mut self) -> Self {
        self.partial = true;
        self
    }

    /// What the provider says about it, for people.
    #[must_use]
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.description = Some(text.into());
        self
    }

    /// What the merchant gets as `metadata`: an object.
    #[must_use]
    pub fn metadata(mut self, metadata: Value) -> Self {
        self.metadata = Some(metadata.to_string());
        self
    }

    /// What the host keeps with the payment and hands back with everything that follows.
    #[must_use]
    pub fn carry(mut self, carry: Value) -> Self {
        self.carry = Some(carry.to_string());
        self
    }

    /// When the provider gives up waiting for the payer, in milliseconds since 1970.
    #[must_use]
    pub fn expires_at_ms(mut self, at_ms: u64) -> Self {
        self.expires_at_ms = Some(at_ms);
        self
    }

    /// What the host shall do next about it.
    #[must_use]
    pub fn follow_up(mut self, follow_up: FollowUp) -> Self {
        self.follow_ups.push(follow_up);
        self
    }

    /// The money has moved.
    pub fn succeeded(self) -> PaymentOutcome {
        PaymentOutcome::Succeeded(self)
    }

    /// The money is reserved, and is to be captured.
    pub fn authorized(self) -> PaymentOutcome {
        PaymentOutcome::Authorized(self)
    }

    /// The provider decides later.
    pub fn pending(self) -> PaymentOutcome {
        PaymentOutcome::Pending(self)
    }

    /// The payer must go to this page first.
    pub fn redirect(self, url: impl Into<String>) -> PaymentOutcome {
        self.redirect_to(Destination::Web(url.into()))
    }

    /// The payer must go to a page or an app first.
    pub fn redirect_to(self, destination: Destination) -> PaymentOutcome {
        PaymentOutcome::Redirect(Redirection { acknowledgement: self, destination })
    }
}

impl FollowUp {
    /// The host calls `continuations.resume` with this. It does so once for each content, so what asks
    /// for the same step says the same.
    pub fn resume(data: Value) -> Self {
        Self::Resume(data.to_string())
    }
}

impl Decline {
    /// A decline with one of the host's codes where one fits, else the provider's.
    pub fn new(code: impl Into<String>) -> Self {
        Self { payment_id: None, code: code.into(), description: None, metadata: None }
    }

    /// The provider's id of the payment that it declined.
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

    /// What the merchant gets as `metadata`: an object.
    #[must_use]
    pub fn metadata(mut self, metadata: Value) -> Self {
        self.metadata = Some(metadata.to_string());
        self
    }
}

impl From<Decline> for PaymentOutcome {
    fn from(decline: Decline) -> Self {
        Self::Declined(decline)
    }
}
