//! What the host asks for, and the names by which it knows things. A plugin receives these; its
//! tests make them.

use super::{
    Action, Amount, CaptureRequest, Changes, KnownRefund, PayRequest, Payment, Query, Reference, RefundRequest, Result,
    Subscription, SubscriptionReference, UtilityRequest, Value,
};
use crate::Error;

impl PayRequest {
    /// A request with only what every one has.
    pub fn new(amount: Amount, shop_transaction_id: impl Into<String>) -> Self {
        Self {
            amount,
            shop_transaction_id: shop_transaction_id.into(),
            payment_method: None,
            success_redirect_url: None,
            failure_redirect_url: None,
            provider_data: None,
        }
    }

    /// The same with the caller's `providerData`.
    #[must_use]
    pub fn with_data(mut self, provider_data: Value) -> Self {
        self.provider_data = Some(provider_data.to_string());
        self
    }
}

impl RefundRequest {
    /// A refund of so much of a payment.
    pub fn new(payment: Payment, amount: Amount) -> Self {
        Self { payment, amount, provider_data: None }
    }

    /// The same with the caller's `providerData`.
    #[must_use]
    pub fn with_data(mut self, provider_data: Value) -> Self {
        self.provider_data = Some(provider_data.to_string());
        self
    }
}

impl CaptureRequest {
    /// A capture of so much of a payment, after which nothing follows.
    pub fn new(payment: Payment, amount: Amount) -> Self {
        Self { payment, amount, final_: true, provider_data: None }
    }

    /// The same, with more captures to follow.
    #[must_use]
    pub fn more_to_follow(mut self) -> Self {
        self.final_ = false;
        self
    }

    /// The same with the caller's `providerData`.
    #[must_use]
    pub fn with_data(mut self, provider_data: Value) -> Self {
        self.provider_data = Some(provider_data.to_string());
        self
    }
}

impl Changes {
    /// What changes nothing: the fields are open.
    pub fn none() -> Self {
        Self {
            amount: None,
            interval: None,
            interval_count: None,
            expires_after: None,
            shop_transaction_id: None,
            provider_data: None,
        }
    }

    /// The same with the caller's `providerData`.
    #[must_use]
    pub fn with_data(mut self, provider_data: Value) -> Self {
        self.provider_data = Some(provider_data.to_string());
        self
    }
}

impl Query {
    /// A search for what this operation did: the fields are open.
    pub fn new(action: Action, host_reference: impl Into<String>) -> Self {
        Self {
            action,
            host_reference: host_reference.into(),
            shop_transaction_id: None,
            amount: None,
            since_ms: 0,
            payment: None,
            subscription: None,
            provider_data: None,
        }
    }
}

impl UtilityRequest {
    /// A request to `/utility/{name}`.
    pub fn new(method: impl Into<String>, name: impl Into<String>) -> Self {
        Self { method: method.into(), name: name.into(), query: Vec::new(), body: None }
    }

    /// The same with a parameter in the query.
    #[must_use]
    pub fn with_query(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.query.push((name.into(), value.into()));
        self
    }

    /// The same with a body.
    #[must_use]
    pub fn with_body(mut self, body: Value) -> Self {
        self.body = Some(body.to_string());
        self
    }
}

impl KnownRefund {
    /// A refund that the host knows by the provider's id.
    pub fn new(refund_id: impl Into<String>, amount: Amount) -> Self {
        Self { refund_id: Some(refund_id.into()), host_reference: String::new(), amount, carry: None }
    }
}

impl Reference {
    /// What the provider calls it.
    pub fn payment(id: impl Into<String>) -> Self {
        Self { payment_ids: vec![id.into()], shop_transaction_id: None, host_reference: None }
    }

    /// What [`operation::reference`](crate::operation::reference) gave, and the provider hands back.
    pub fn host(reference: impl Into<String>) -> Self {
        Self { payment_ids: Vec::new(), shop_transaction_id: None, host_reference: Some(reference.into()) }
    }

    /// The same with the host's reference.
    #[must_use]
    pub fn with_host_reference(mut self, reference: impl Into<String>) -> Self {
        self.host_reference = Some(reference.into());
        self
    }

    /// The same with the shop's transaction id.
    #[must_use]
    pub fn with_shop_transaction_id(mut self, id: impl Into<String>) -> Self {
        self.shop_transaction_id = Some(id.into());
        self
    }
}

impl Payment {
    /// A payment that the host knows by the provider's id.
    pub fn new(id: impl Into<String>) -> Self {
        Self { reference: Reference::payment(id), amount: None, payment_method: None, carry: None }
    }

    /// The provider's id for it, the one to show first; *not found* where it has named none.
    pub fn id(&self) -> Result<&str> {
        self.reference
            .payment_ids
            .first()
            .map(String::as_str)
            .ok_or_else(|| Error::not_found("the provider has not named this payment"))
    }
}

impl SubscriptionReference {
    /// What the provider calls it.
    pub fn token(token: impl Into<String>) -> Self {
        Self { tokens: vec![token.into()], host_reference: None }
    }

    /// The same with the host's reference.
    #[must_use]
    pub fn with_host_reference(mut self, reference: impl Into<String>) -> Self {
        self.host_reference = Some(reference.into());
        self
    }
}

impl Subscription {
    /// A subscription that the host knows by the provider's token.
    pub fn new(token: impl Into<String>) -> Self {
        Self { reference: SubscriptionReference::token(token), carry: None }
    }

    /// The provider's token for it, the one to show first; *not found* where it has named none.
    pub fn token(&self) -> Result<&str> {
        self.reference
            .tokens
            .first()
            .map(String::as_str)
            .ok_or_else(|| Error::not_found("the provider has not named this subscription"))
    }
}
