//! The bank's webhooks: the entry as it stands now, with `event=` in its line, signed as a whole.

use provost_sdk::prelude::*;
use provost_sdk::secrets::Hash;

use crate::Bank;
use crate::entry::Entry;

impl Webhooks for Bank {
    fn receive(webhook: Webhook) -> Result<Receipt, Rejection> {
        let code = webhook.header("Bank-Signature").ok_or_else(|| Rejection::forged("there is no `Bank-Signature`"))?;
        if !secrets::verify_hmac_hex("webhook", Hash::Sha256, &webhook.body, code)? {
            return Err(Rejection::forged("the signature is wrong"));
        }
        let entries = Entry::read_all(&webhook.body)?;
        Ok(Receipt::verified(entries.iter().map(news).collect()))
    }
}

fn news(entry: &Entry) -> DatedEvent {
    let at = entry.get("at").and_then(|at| at.parse::<u64>().ok());
    DatedEvent::new(event(entry)).id(entry.get("event").unwrap_or_default()).occurred_at_ms(at)
}

fn event(entry: &Entry) -> Event {
    let reference = entry.get("reference");
    if entry.is("subscription") {
        let mut token = SubscriptionReference::token(entry.id());
        token.host_reference = reference.map(str::to_owned);
        return SubscriptionStatus::new(token, entry.subscription_state()).into();
    }
    match entry.get("of") {
        Some(charge) if entry.is("refund") => {
            let status = PaymentStatus::new(Reference::payment(charge), entry.state());
            entry.describe(status).refund(entry.id()).into()
        }
        // A charge that the schedule made carries no name of ours.
        Some(subscription) if reference.is_none() => Charge::new(subscription, payment(entry)).into(),
        _ => payment(entry).into(),
    }
}

fn payment(entry: &Entry) -> PaymentStatus {
    let mut payment = Reference::payment(entry.id());
    payment.host_reference = entry.get("reference").map(str::to_owned);
    entry.describe(PaymentStatus::new(payment, entry.state()))
}
