//! Receiving Acme's webhooks: one event or an array of them, signed as a whole. A bare `?paymentId=` proves nothing,
//! and is a reason to ask.

use provost_sdk::prelude::*;
use provost_sdk::secrets::Hash;
use serde::Deserialize;

use crate::Acme;
use crate::answer::Status;

#[derive(Deserialize)]
#[serde(untagged)]
enum Body {
    Many(Vec<Notice>),
    One(Notice),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Notice {
    id: String,
    /// Ours, of the operation that made the charge or the refund.
    reference: Option<String>,
    charge_id: String,
    refund_id: Option<String>,
    status: Status,
    /// In milliseconds since 1970.
    occurred_at: Option<u64>,
}

impl Webhooks for Acme {
    fn receive(webhook: Webhook) -> Result<Receipt, Rejection> {
        let Some(header) = webhook.header("Acme-Signature") else {
            return hint(&webhook);
        };
        let code = header.strip_prefix("sha256=").ok_or_else(|| Rejection::forged("there is no code"))?;
        if !secrets::verify_hmac_hex("webhook", Hash::Sha256, &webhook.body, code)? {
            return Err(Rejection::forged("the signature is wrong"));
        }
        let notices = match webhook.json()? {
            Body::Many(notices) => notices,
            Body::One(notice) => vec![notice.told_to(webhook.host_reference)],
        };
        Ok(Receipt::verified(notices.into_iter().map(DatedEvent::from).collect()))
    }
}

fn hint(webhook: &Webhook) -> Result<Receipt, Rejection> {
    let Some(id) = webhook.query("paymentId") else {
        return Err(Rejection::forged("there is no `Acme-Signature`"));
    };
    let status = PaymentStatus::new(Reference::payment(id), PaymentState::Unknown);
    Ok(Receipt::hint(vec![DatedEvent::new(status)]))
}

impl Notice {
    /// The operation whose own URL it came to is the one that it is about, unless it names another.
    fn told_to(mut self, reference: Option<String>) -> Self {
        self.reference = self.reference.or(reference);
        self
    }
}

impl From<Notice> for DatedEvent {
    fn from(notice: Notice) -> Self {
        let mut payment = Reference::payment(notice.charge_id);
        let state = notice.status.into();
        let status = match notice.refund_id {
            // The reference is then the refund's, and no name of the payment.
            Some(refund) => PaymentStatus::new(payment, state).refund(refund),
            None => {
                payment.host_reference = notice.reference;
                PaymentStatus::new(payment, state)
            }
        };
        Self::new(status).id(notice.id).occurred_at_ms(notice.occurred_at)
    }
}
