//! `POST /subscription/start` and `POST /subscription/pay`.

use provost_sdk::prelude::*;

use crate::{Microservice, body, judge, service};

impl ManualBilling for Microservice {
    fn start(request: PayRequest, plan: Plan) -> Result<SubscriptionOutcome> {
        let body = body::Pay::of(&request)?.planned(&plan);
        let response = service::post(&["subscription", "start"], &body)?.send()?;
        judge::made(&response)?.into_subscription()
    }

    fn pay(subscription: Subscription, request: PayRequest) -> Result<PaymentOutcome> {
        let body = body::Pay::of(&request)?.under(subscription.token()?);
        let response = service::post(&["subscription", "pay"], &body)?.send()?;
        judge::answered(&response)?.into_payment()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{answering, has_provider_data, request};

    #[test]
    fn a_subscription_is_started_with_its_plan() {
        let host = answering(200, json!({ "result": "OK", "subscriptionToken": "s-1" }));
        let plan = Plan { interval: Interval::Day, interval_count: 1, expires_after: None };
        let expected = Subscribed::new("s-1", SubscriptionState::Active);
        assert_eq!(Microservice::start(request(), plan), Ok(expected.into()));
        let sent = host.only_request();
        assert_eq!(sent.line(), "POST https://legacy.test/v3/subscription/start");
        assert_eq!(sent.json()["subscriptionInfo"], json!({ "interval": "DAY", "intervalCount": 1 }));
    }

    #[test]
    fn a_charge_names_the_subscription_and_is_answered_like_a_payment() {
        let host = answering(200, json!({ "result": "OK", "paymentId": "p-1", "subscriptionToken": "s-1" }));
        let charged = <Microservice as ManualBilling>::pay(Subscription::new("s-1"), request());
        assert_eq!(charged, Ok(Acknowledgement::new("p-1").succeeded()));
        let sent = host.only_request();
        assert_eq!(sent.line(), "POST https://legacy.test/v3/subscription/pay");
        assert_eq!(sent.json()["subscriptionInfo"], json!({ "token": "s-1" }));
        assert!(has_provider_data(&sent.text()));
    }
}
