//! What became of a subscription.

use super::{
    ChangeOutcome, Decline, Destination, PaymentOutcome, Subscribed, Subscription, SubscriptionOutcome,
    SubscriptionReference, SubscriptionState, SubscriptionStatus, Value,
};

impl Subscribed {
    /// The provider took the subscription on and named it.
    pub fn new(token: impl Into<String>, state: SubscriptionState) -> Self {
        Self {
            subscription_token: Some(token.into()),
            state,
            first_payment: None,
            destination: None,
            description: None,
            metadata: None,
            carry: None,
        }
    }

    /// What became of the payment that starts it.
    #[must_use]
    pub fn first_payment(mut self, outcome: PaymentOutcome) -> Self {
        self.first_payment = Some(outcome);
        self
    }

    /// Where the payer must go to agree.
    #[must_use]
    pub fn destination(mut self, destination: Destination) -> Self {
        self.destination = Some(destination);
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

    /// What the host keeps with the subscription.
    #[must_use]
    pub fn carry(mut self, carry: Value) -> Self {
        self.carry = Some(carry.to_string());
        self
    }
}

impl From<Subscribed> for SubscriptionOutcome {
    fn from(subscribed: Subscribed) -> Self {
        Self::Subscribed(subscribed)
    }
}

impl From<Decline> for SubscriptionOutcome {
    fn from(decline: Decline) -> Self {
        Self::Declined(decline)
    }
}

impl From<Decline> for ChangeOutcome {
    fn from(decline: Decline) -> Self {
        Self::Declined(decline)
    }
}

impl SubscriptionStatus {
    /// The state of a subscription.
    pub fn new(reference: SubscriptionReference, state: SubscriptionState) -> Self {
        Self { reference, state, metadata: None, carry: None }
    }

    /// The state of a subscription that the host asked about.
    pub fn of(subscription: &Subscription, state: SubscriptionState) -> Self {
        Self::new(subscription.reference.clone(), state)
    }

    /// What the merchant gets as `metadata`: an object.
    #[must_use]
    pub fn metadata(mut self, metadata: Value) -> Self {
        self.metadata = Some(metadata.to_string());
        self
    }
    /// What the host keeps with the subscription from here on.
    #[must_use]
    pub fn carry(mut self, carry: Value) -> Self {
        self.carry = Some(carry.to_string());
        self
    }
}
