//! Receiving webhooks.

use provost_sdk::prelude::*;
use provost_sdk::secrets::Hash;

use crate::notice::{Body, News, Notice};
use crate::signature::Signature;
use crate::{Sandbox, ledger, register};

/// The secret that signs.
pub(crate) const SECRET: &str = "webhook";

/// The host takes no longer name from a plugin.
const LONGEST_NAME: usize = 255;

impl Webhooks for Sandbox {
    fn receive(webhook: Webhook) -> Result<Receipt, Rejection> {
        let Some(signature) = webhook.header("Sandbox-Signature") else {
            return hint(&webhook);
        };
        verify(&webhook, signature)?;
        let notices = webhook.json::<Body>()?.into_notices();
        for notice in &notices {
            note(notice, webhook.received_at_ms)?;
        }
        Ok(Receipt::verified(notices.into_iter().map(DatedEvent::from).collect()))
    }
}

/// So that a later status says the same.
fn note(notice: &Notice, received_at_ms: u64) -> Result<()> {
    let as_of_ms = notice.occurred_at.unwrap_or(received_at_ms);
    let amount = notice.amount();
    match &notice.news {
        News::Payment { payment_id: id, state }
        | News::Charge { payment_id: id, state, .. }
        | News::Refund { refund_id: id, state, .. } => ledger::note(id, *state, amount.as_ref(), as_of_ms),
        News::Subscription { subscription_token, state } => register::note(subscription_token, *state, as_of_ms),
        News::Dispute { .. } => Ok(()),
    }
}

/// Whoever knows a payment may have the host look at it.
fn hint(webhook: &Webhook) -> Result<Receipt, Rejection> {
    let named = webhook.query("paymentId").filter(|id| (1..=LONGEST_NAME).contains(&id.len()));
    let Some(id) = named else {
        return Err(Rejection::forged("there is no `Sandbox-Signature`"));
    };
    let status = PaymentStatus::new(Reference::payment(id), PaymentState::Unknown);
    Ok(Receipt::hint(vec![DatedEvent::new(status)]))
}

fn verify(webhook: &Webhook, header: &str) -> Result<(), Rejection> {
    let signature = Signature::parse(header).ok_or_else(|| Rejection::forged("`Sandbox-Signature` cannot be read"))?;
    if !webhook.is_timely(signature.seconds.saturating_mul(1000)) {
        return Err(Rejection::forged("signed too long ago, or in the future"));
    }
    let mut signed = format!("{}.", signature.seconds).into_bytes();
    signed.extend(&webhook.body);
    for code in signature.codes {
        if secrets::verify_hmac_hex(SECRET, Hash::Sha256, &signed, code)? {
            return Ok(());
        }
    }
    Err(Rejection::forged("the signature is wrong"))
}

#[cfg(test)]
mod tests {
    use provost_sdk::testing::{self, Host};

    use super::*;
    use crate::testing::started;

    const KEY: &str = "whsec_test";

    fn body(state: &str, occurred_at: u64) -> String {
        json!({ "id": "evt_1", "paymentId": "pay_1", "state": state, "occurredAt": occurred_at }).to_string()
    }

    /// Signed `age` seconds ago.
    fn signed(host: &Host, key: &str, body: &str, age: i64) -> Webhook {
        let seconds = (host.now_ms() / 1000).strict_add_signed(-age);
        let code = testing::hmac_hex(key, format!("{seconds}.{body}"));
        testing::webhook(body).with_header("sandbox-signature", format!("t={seconds},v1={code}"))
    }

    fn state_of(id: &str) -> Result<ledger::State> {
        ledger::standing(id, None).map(|line| line.state)
    }

    #[test]
    fn signed_news_is_verified_and_the_ledger_says_so_from_then_on() {
        let host = Host::new().secret(SECRET, KEY);
        let webhook = signed(&host, KEY, &body("accepted", 17), 0);
        let receipt = host.reading(|| Sandbox::receive(webhook)).unwrap();
        assert_eq!(receipt.trust, Trust::Verified);
        let expected = PaymentStatus::new(Reference::payment("pay_1"), PaymentState::Accepted);
        let event = DatedEvent::new(expected).id("evt_1").occurred_at_ms(17);
        assert_eq!(receipt.events, [event]);
        assert_eq!(state_of("pay_1"), Ok(ledger::State::Accepted));
    }

    #[test]
    fn older_news_is_reported_and_does_not_change_the_ledger() {
        let host = Host::new().secret(SECRET, KEY);
        for (state, occurred_at) in [("accepted", 20), ("pending", 10)] {
            let webhook = signed(&host, KEY, &body(state, occurred_at), 0);
            assert_eq!(Sandbox::receive(webhook).unwrap().events.len(), 1);
        }
        assert_eq!(state_of("pay_1"), Ok(ledger::State::Accepted));
    }

    #[test]
    fn news_of_a_refund_names_it_and_leaves_the_payment_alone() {
        let host = Host::new().secret(SECRET, KEY);
        let body = json!({ "id": "evt_1", "paymentId": "pay_1", "refundId": "re_1", "state": "failed" });
        let webhook = signed(&host, KEY, &body.to_string(), 0);
        let receipt = Sandbox::receive(webhook).unwrap();
        let expected = PaymentStatus::new(Reference::payment("pay_1"), PaymentState::Failed);
        assert_eq!(receipt.events[0].event, Event::Payment(expected.refund("re_1")));
        assert_eq!(state_of("re_1"), Ok(ledger::State::Failed));
        assert!(matches!(state_of("pay_1"), Err(Error::NotFound(_))));
    }

    #[test]
    fn a_batch_is_noted_as_a_whole_or_not_at_all() {
        let host = Host::new().secret(SECRET, KEY);
        let paid = json!({ "id": "evt_1", "subscriptionToken": "sub_1", "paymentId": "pay_1", "state": "accepted",
            "amount": 700, "currency": "EUR" });
        let active = json!({ "id": "evt_2", "subscriptionToken": "sub_1", "state": "active" });
        let broken = signed(&host, KEY, &json!([paid, active, {}]).to_string(), 0);
        assert!(matches!(Sandbox::receive(broken), Err(Rejection::Later(_))));
        assert!(matches!(state_of("pay_1"), Err(Error::NotFound(_))));

        let whole = signed(&host, KEY, &json!([paid, active]).to_string(), 0);
        assert_eq!(host.reading(|| Sandbox::receive(whole)).unwrap().events.len(), 2);
        let paid = <Sandbox as Inquiry>::status(Payment::new("pay_1")).unwrap();
        assert_eq!((paid.state, paid.amount), (PaymentState::Accepted, Some(Amount::new(700, "EUR"))));
        let status = <Sandbox as Subscriptions>::status(Subscription::new("sub_1")).unwrap();
        assert_eq!(status.state, SubscriptionState::Active);
    }

    #[test]
    fn older_news_does_not_bring_an_ended_subscription_back() {
        let host = Host::new().secret(SECRET, KEY);
        let subscription = started(&host, "succeed");
        let token = subscription.token().unwrap().to_owned();
        Sandbox::expire(subscription.clone()).unwrap();
        let occurred_at = host.now_ms() - 1;
        let body = json!({ "id": "evt_1", "subscriptionToken": token, "state": "active", "occurredAt": occurred_at });
        Sandbox::receive(signed(&host, KEY, &body.to_string(), 0)).unwrap();
        let status = <Sandbox as Subscriptions>::status(subscription).unwrap();
        assert_eq!(status.state, SubscriptionState::Canceled);
    }

    #[test]
    fn both_keys_hold_while_one_is_being_changed() {
        let host = Host::new().secret(SECRET, KEY).secret(SECRET, "whsec_new");
        for key in [KEY, "whsec_new"] {
            assert!(Sandbox::receive(signed(&host, key, &body("accepted", 1), 0)).is_ok());
        }
    }

    #[test]
    fn a_signature_holds_for_five_minutes_and_one_in_the_future() {
        let host = Host::new().secret(SECRET, KEY);
        for (age, holds) in [(300, true), (301, false), (-60, true), (-61, false)] {
            let received = Sandbox::receive(signed(&host, KEY, &body("accepted", 1), age));
            let forged = matches!(received, Err(Rejection::Forged(_)));
            assert_eq!(forged, !holds, "{age}");
        }
    }

    #[test]
    fn forgeries_change_nothing() {
        let host = Host::new().secret(SECRET, KEY);
        let mut tampered = signed(&host, KEY, &body("pending", 1), 0);
        tampered.body = body("accepted", 1).into_bytes();
        let forgeries = [
            tampered,
            signed(&host, "guess", &body("accepted", 1), 0),
            testing::webhook(body("accepted", 1)).with_header("Sandbox-Signature", "v1=00"),
            testing::webhook(body("accepted", 1)),
        ];
        for forgery in forgeries {
            let received = Sandbox::receive(forgery);
            assert!(matches!(received, Err(Rejection::Forged(_))), "{received:?}");
        }
        assert!(matches!(state_of("pay_1"), Err(Error::NotFound(_))));
    }

    #[test]
    fn without_the_secret_signed_news_is_put_off() {
        let host = Host::new();
        let received = Sandbox::receive(signed(&host, KEY, &body("accepted", 1), 0));
        assert!(matches!(received, Err(Rejection::Later(_))));
    }

    #[test]
    fn a_bare_payment_id_is_only_a_reason_to_ask() {
        let _host = Host::new();
        let mut webhook = testing::webhook("");
        webhook.url.push_str("?paymentId=pay%5F1");
        let receipt = Sandbox::receive(webhook).unwrap();
        let expected = PaymentStatus::new(Reference::payment("pay_1"), PaymentState::Unknown);
        assert_eq!(receipt, Receipt::hint(vec![DatedEvent::new(expected)]));
    }

    #[test]
    fn a_hint_without_end_is_none() {
        let _host = Host::new();
        for id in [String::new(), "x".repeat(256)] {
            let mut webhook = testing::webhook("");
            webhook.url.push_str(&format!("?paymentId={id}"));
            assert!(matches!(Sandbox::receive(webhook), Err(Rejection::Forged(_))));
        }
    }
}
