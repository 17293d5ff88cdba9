//! How the service says that something stands: PGM's payment status and subscription status. An answer
//! that is about something else, or says nothing certain, is an error, which changes nothing.

use provost_sdk::prelude::*;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::answer::Metadata;
use crate::newest_refund;
use crate::text::{object, text};

/// The members that PGM's statuses have; any others are the service's own affair.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Standing<'a> {
    #[serde(borrow)]
    status: Option<&'a RawValue>,
    #[serde(borrow)]
    payment_id: Option<&'a RawValue>,
    #[serde(borrow)]
    shop_transaction_id: Option<&'a RawValue>,
    #[serde(borrow)]
    payment_method: Option<&'a RawValue>,
    #[serde(borrow)]
    action: Option<&'a RawValue>,
    /// Not in PGM, where a status tells of a refund and does not say of which.
    #[serde(borrow)]
    refund_id: Option<&'a RawValue>,
    #[serde(borrow)]
    subscription_token: Option<&'a RawValue>,
    #[serde(borrow)]
    result_description: Option<&'a RawValue>,
    #[serde(borrow)]
    metadata: Option<&'a RawValue>,
}

impl<'a> Standing<'a> {
    /// Reads a body.
    pub(crate) fn read(response: &'a http::Response) -> Result<Self> {
        Ok(serde_json::from_slice(response.body())?)
    }

    /// The answer to a question about a payment. PGM tells there of its refund too.
    pub(crate) fn of_payment(&self, payment: &Payment) -> Result<PaymentStatus> {
        let status = PaymentStatus {
            payment_method: text(self.payment_method),
            metadata: object(self.metadata).map(str::to_owned),
            ..self.status(payment)?
        };
        Ok(match self.action()? {
            Action::Refund => status.action(Action::Refund, text(self.refund_id)),
            _ => status,
        })
    }

    /// The answer to a question about a refund: by its id, or as the newest of its payment. One about the
    /// payment itself does not say how the refund stands.
    pub(crate) fn of_refund(&self, payment: &Payment, refund: &KnownRefund) -> Result<PaymentStatus> {
        let status = self.status(payment)?;
        let told_id = text(self.refund_id);
        let is_it = self.action()? == Action::Refund
            && match (&told_id, &refund.refund_id) {
                (Some(told), Some(known)) => told == known,
                _ => newest_refund::is(payment.id()?, refund)?,
            };
        if !is_it {
            return Ok(PaymentStatus::of(payment, PaymentState::Unknown).action(Action::Refund, None));
        }
        Ok(status.action(Action::Refund, told_id.or_else(|| refund.refund_id.clone())))
    }

    /// The answer to a question about a subscription.
    pub(crate) fn of_subscription(&self, subscription: &Subscription) -> Result<SubscriptionStatus> {
        let told = text(self.subscription_token);
        if told.is_some_and(|token| !subscription.reference.tokens.contains(&token)) {
            return Err(Error::unknown("the service told of another subscription"));
        }
        let state = match text(self.status).as_deref() {
            Some("PENDING") => SubscriptionState::Pending,
            Some("ACTIVE") => SubscriptionState::Active,
            Some("PAST_DUE") => SubscriptionState::PastDue,
            Some("EXPIRED") => SubscriptionState::Expired,
            Some("CANCELED") => SubscriptionState::Canceled,
            Some("UNKNOWN") => SubscriptionState::Unknown,
            _ => return Err(unheard_of()),
        };
        let metadata = object(self.metadata).map(str::to_owned);
        Ok(SubscriptionStatus { metadata, ..SubscriptionStatus::new(subscription.reference.clone(), state) })
    }

    fn status(&self, payment: &Payment) -> Result<PaymentStatus> {
        let mut reference = payment.reference.clone();
        self.must_be_about(&reference)?;
        reference.shop_transaction_id = reference.shop_transaction_id.or_else(|| text(self.shop_transaction_id));
        let description = text(self.result_description);
        Ok(PaymentStatus { description, ..PaymentStatus::new(reference, self.state()?) })
    }

    /// It names the payment by an id that was asked for; without one, by the shop's id, or not at all.
    fn must_be_about(&self, asked: &Reference) -> Result<()> {
        let is_another = match (text(self.payment_id), text(self.shop_transaction_id), &asked.shop_transaction_id) {
            (Some(id), ..) => !asked.payment_ids.contains(&id),
            (None, Some(told), Some(known)) => told != *known,
            _ => false,
        };
        if is_another { Err(Error::unknown("the service told of another payment")) } else { Ok(()) }
    }

    fn state(&self) -> Result<PaymentState> {
        let finer = Metadata::read(object(self.metadata)).state();
        match (text(self.status).as_deref(), finer.as_deref()) {
            (Some("PENDING"), Some("AUTHORIZED")) => Ok(PaymentState::Authorized),
            (Some("FAILED"), Some("VOIDED")) => Ok(PaymentState::Voided),
            (Some("PENDING"), _) => Ok(PaymentState::Pending),
            (Some("ACCEPTED"), _) => Ok(PaymentState::Accepted),
            (Some("FAILED"), _) => Ok(PaymentState::Failed),
            _ => Err(unheard_of()),
        }
    }

    fn action(&self) -> Result<Action> {
        match text(self.action).as_deref() {
            None | Some("PAYMENT") => Ok(Action::Payment),
            Some("REFUND") => Ok(Action::Refund),
            Some(_) => Err(unheard_of()),
        }
    }
}

fn unheard_of() -> Error {
    Error::unknown("the service's answer has no status that can be understood")
}
