//! `POST /subscription/schedule`.

use provost_sdk::prelude::*;

use crate::{Microservice, body, judge, service};

impl ScheduledBilling for Microservice {
    fn schedule(request: PayRequest, plan: Plan) -> Result<SubscriptionOutcome> {
        let body = body::Pay::of(&request)?.planned(&plan);
        let response = service::post(&["subscription", "schedule"], &body)?.send()?;
        judge::made(&response)?.into_subscription()
    }
}

#[cfg(test)]
mod tests {
    use provost_sdk::operation::Name;

    use super::*;
    use crate::testing::{answering, has_provider_data, request};

    fn plan() -> Plan {
        Plan { interval: Interval::Month, interval_count: 3, expires_after: Some(12) }
    }

    fn scheduled(body: Value) -> Result<SubscriptionOutcome> {
        let _host = answering(200, body);
        Microservice::schedule(request(), plan())
    }

    #[test]
    fn the_plan_goes_along_in_pgms_words() {
        let host = answering(200, json!({ "result": "OK" }));
        Microservice::schedule(request(), plan()).unwrap();
        let sent = host.only_request();
        assert_eq!(sent.line(), "POST https://legacy.test/v3/subscription/schedule");
        assert!(has_provider_data(&sent.text()));
        let body = sent.json();
        assert_eq!(body["subscriptionInfo"], json!({ "interval": "MONTH", "intervalCount": 3, "expiresAfter": 12 }));
        assert_eq!((&body["amount"], &body["shopTransactionId"]), (&json!(500), &json!("123456789")));
    }

    #[test]
    fn pgms_answer_makes_a_subscription_with_its_first_payment() {
        let scheduled = scheduled(json!({
            "result": "OK",
            "resultDescription": "Payment Authorised",
            "paymentId": "1234567890",
            "subscriptionToken": "0987654321",
            "metadata": {},
        }));
        let payment = Acknowledgement::new("1234567890").description("Payment Authorised").metadata(json!({}));
        let expected = Subscribed {
            description: Some("Payment Authorised".to_owned()),
            metadata: Some("{}".to_owned()),
            ..Subscribed::new("0987654321", SubscriptionState::Active).first_payment(payment.succeeded())
        };
        assert_eq!(scheduled, Ok(expected.into()));
    }

    #[test]
    fn what_is_decided_later_waits_and_a_payer_is_sent_on() {
        let waits = scheduled(json!({ "result": "PENDING", "subscriptionToken": "s-1" }));
        assert_eq!(waits, Ok(Subscribed::new("s-1", SubscriptionState::Pending).into()));
        let page = Destination::Web("https://a.test".to_owned());
        let redirected = scheduled(json!({
            "result": "REDIRECT_TO_URL", "redirectToUrl": "https://a.test", "paymentId": "p-1", "subscriptionToken": "s-1",
        }));
        let expected = Subscribed::new("s-1", SubscriptionState::Pending).destination(page);
        assert_eq!(
            redirected,
            Ok(expected.first_payment(Acknowledgement::new("p-1").redirect("https://a.test")).into())
        );
        let declined = scheduled(json!({ "result": "KO" }));
        assert_eq!(declined, Ok(Decline::new("processing_error").into()));
    }

    #[test]
    fn an_answer_that_says_nothing_still_names_the_subscription() {
        for status in [200, 302, 500] {
            let host = answering(status, json!({ "result": "?", "subscriptionToken": "s-1", "paymentId": "p-1" }));
            let lost = Microservice::schedule(request(), plan());
            let Err(Error::Unknown(loss)) = lost else { panic!("{status}: {lost:?}") };
            assert_eq!(loss.payment_id.as_deref(), Some("p-1"), "{status}");
            assert_eq!(host.learned(), [Name::Subscription("s-1".to_owned())], "{status}");
        }
    }
}
