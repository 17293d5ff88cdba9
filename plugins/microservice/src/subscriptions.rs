//! `POST /subscription/update/{token}`, `GET /subscription/status/{token}` and
//! `DELETE /subscription/expire/{token}`.

use provost_sdk::prelude::*;

use crate::standing::Standing;
use crate::{Microservice, body, judge, service};

impl Subscriptions for Microservice {
    fn update(subscription: Subscription, changes: Changes) -> Result<ChangeOutcome> {
        let path = ["subscription", "update", subscription.token()?];
        let response = service::post(&path, &body::Update::of(&changes)?)?.send()?;
        judge::answered(&response)?.into_change()
    }

    fn status(subscription: Subscription) -> Result<SubscriptionStatus> {
        let response = service::get(&["subscription", "status", subscription.token()?])?.send()?;
        Standing::read(judge::told(&response)?)?.of_subscription(&subscription)
    }

    /// PGM documents no body for the answer: without a result in it, the status is the word.
    fn expire(subscription: Subscription) -> Result<ChangeOutcome> {
        let response = service::delete(&["subscription", "expire", subscription.token()?])?.send()?;
        let answer = judge::done(&response)?;
        if answer.is_silent() { Ok(ChangeOutcome::Done) } else { answer.into_change() }
    }
}

#[cfg(test)]
mod tests {
    use provost_sdk::testing::Answer;

    use super::*;
    use crate::testing::{PROVIDER_DATA, answering, host, is_unknown};

    fn nothing() -> Changes {
        Changes {
            amount: None,
            interval: None,
            interval_count: None,
            expires_after: None,
            shop_transaction_id: None,
            provider_data: None,
        }
    }

    fn subscription() -> Subscription {
        Subscription::new("s/1")
    }

    fn expired(status: u16, body: &str) -> Result<ChangeOutcome> {
        let host = host();
        host.answer(Answer::bytes(status, body));
        Microservice::expire(subscription())
    }

    fn asked(body: Value) -> Result<SubscriptionStatus> {
        let host = answering(200, body);
        host.reading(|| <Microservice as Subscriptions>::status(subscription()))
    }

    #[test]
    fn an_update_says_only_what_changes() {
        let answer =
            json!({ "result": "OK", "resultDescription": "Successful transaction", "subscriptionToken": "s/1" });
        let host = answering(200, answer);
        let changes = Changes { interval_count: Some(2), provider_data: Some(PROVIDER_DATA.to_owned()), ..nothing() };
        assert_eq!(Microservice::update(subscription(), changes), Ok(ChangeOutcome::Done));
        let sent = host.only_request();
        assert_eq!(sent.line(), "POST https://legacy.test/v3/subscription/update/s%2F1");
        let expected = format!(r#"{{"subscriptionInfo":{{"intervalCount":2}},"providerData":{PROVIDER_DATA}}}"#);
        assert_eq!(sent.text(), expected);
    }

    #[test]
    fn an_update_may_change_everything() {
        let host = answering(200, json!({ "result": "PENDING" }));
        let changes = Changes {
            amount: Some(Amount::new(200, "EUR")),
            interval: Some(Interval::Year),
            interval_count: Some(1),
            expires_after: Some(3),
            shop_transaction_id: Some("order-2".to_owned()),
            provider_data: None,
        };
        assert_eq!(Microservice::update(subscription(), changes), Ok(ChangeOutcome::Pending));
        let expected = json!({
            "amount": 200, "currency": "EUR", "shopTransactionId": "order-2",
            "subscriptionInfo": { "interval": "YEAR", "intervalCount": 1, "expiresAfter": 3 },
        });
        assert_eq!(host.only_request().json(), expected);
    }

    #[test]
    fn an_update_without_a_result_is_unknown() {
        for body in ["", "{}", r#"{"result":"REDIRECT_TO_URL","redirectToUrl":"https://a.test"}"#] {
            let host = host();
            host.answer(Answer::bytes(200, body));
            assert!(is_unknown(&Microservice::update(subscription(), nothing())), "{body}");
        }
    }

    #[test]
    fn what_ends_says_so_by_its_status_alone_if_need_be() {
        let host = answering(200, json!({ "result": "OK" }));
        assert_eq!(Microservice::expire(subscription()), Ok(ChangeOutcome::Done));
        let sent = host.only_request();
        assert_eq!(sent.line(), "DELETE https://legacy.test/v3/subscription/expire/s%2F1");
        assert_eq!(sent.header("idempotency-key"), Some(host.idempotency_key().as_str()));
        drop(host);
        for (status, body) in [(204, ""), (200, "{}"), (200, r#"{"status":"CANCELED"}"#)] {
            assert_eq!(expired(status, body), Ok(ChangeOutcome::Done), "{status} {body}");
        }
        assert!(matches!(expired(200, r#"{"result":"KO"}"#), Ok(ChangeOutcome::Declined(_))));
        assert!(matches!(expired(404, ""), Err(Error::NotFound(_))));
        for (status, body) in [(200, "<html>"), (200, r#"{"result":"GONE"}"#), (500, ""), (302, "")] {
            assert!(is_unknown(&expired(status, body)), "{status} {body}");
        }
    }

    #[test]
    fn every_status_of_pgm_is_its_state() {
        let cases = [
            ("PENDING", SubscriptionState::Pending),
            ("ACTIVE", SubscriptionState::Active),
            ("PAST_DUE", SubscriptionState::PastDue),
            ("EXPIRED", SubscriptionState::Expired),
            ("CANCELED", SubscriptionState::Canceled),
            ("UNKNOWN", SubscriptionState::Unknown),
        ];
        for (word, state) in cases {
            let body = json!({ "status": word, "subscriptionToken": "s/1", "providerName": "stripe", "metadata": {} });
            let expected = SubscriptionStatus::new(subscription().reference, state).metadata(json!({}));
            assert_eq!(asked(body), Ok(expected));
        }
        for odd in
            [json!({ "status": "RUNNING" }), json!({}), json!({ "status": "ACTIVE", "subscriptionToken": "s/2" })]
        {
            assert!(is_unknown(&asked(odd.clone())), "{odd}");
        }
    }
}
