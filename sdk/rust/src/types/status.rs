//! Where a payment stands, or something that was done to it.

use super::{Action, Amount, FollowUp, Payment, PaymentState, PaymentStatus, Reference, Value};

impl PaymentStatus {
    /// The state of the payment itself.
    pub fn new(reference: Reference, state: PaymentState) -> Self {
        Self {
            reference,
            action: Action::Payment,
            action_id: None,
            state,
            amount: None,
            captured: None,
            refunded: None,
            payment_method: None,
            description: None,
            metadata: None,
            carry: None,
            follow_ups: Vec::new(),
        }
    }

    /// The state of a payment that the host asked about.
    pub fn of(payment: &Payment, state: PaymentState) -> Self {
        Self::new(payment.reference.clone(), state)
    }

    /// It tells about a refund of the payment, by the provider's id.
    #[must_use]
    pub fn refund(self, id: impl Into<String>) -> Self {
        self.action(Action::Refund, Some(id.into()))
    }

    /// It tells about something that was done to the payment.
    #[must_use]
    pub fn action(mut self, action: Action, id: Option<String>) -> Self {
        self.action = action;
        self.action_id = id;
        self
    }

    /// What the provider says that it amounts to.
    #[must_use]
    pub fn amount(mut self, amount: Amount) -> Self {
        self.amount = Some(amount);
        self
    }

    /// How much of it was collected so far.
    #[must_use]
    pub fn captured(mut self, amount: Amount) -> Self {
        self.captured = Some(amount);
        self
    }

    /// How much of it was given back so far.
    #[must_use]
    pub fn refunded(mut self, amount: Amount) -> Self {
        self.refunded = Some(amount);
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

    /// What the host keeps with the payment from here on.
    #[must_use]
    pub fn carry(mut self, carry: Value) -> Self {
        self.carry = Some(carry.to_string());
        self
    }

    /// What the host shall do next about it.
    #[must_use]
    pub fn follow_up(mut self, follow_up: FollowUp) -> Self {
        self.follow_ups.push(follow_up);
        self
    }
}
