//! Receiving Acme's webhooks: one event or an array of them, signed as a whole.

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
        let code = webhook
            .header("Acme-Signature")
            .and_then(|header| header.strip_prefix("sha256="))
            .ok_or_else(|| Rejection::forged("there is no `Acme-Signature`"))?;
        if !secrets::verify_hmac_hex("webhook", Hash::Sha256, &webhook.body, code)? {
            return Err(Rejection::forged("the signature is wrong"));
        }
        let notices = match webhook.json()? {
            Body::Many(notices) => notices,
            Body::One(notice) => vec![notice],
        };
        Ok(Receipt::verified(notices.into_iter().map(DatedEvent::from).collect()))
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
