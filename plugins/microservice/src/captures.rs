//! `POST /capture` and `POST /void`, which PGM does not have: for services that reserve first.

use provost_sdk::prelude::*;

use crate::{Microservice, body, judge, service};

impl Captures for Microservice {
    fn capture(request: CaptureRequest) -> Result<PaymentOutcome> {
        let response = service::post(&["capture"], &body::Part::capture(&request)?)?.send()?;
        judge::answered(&response)?.into_payment()
    }

    fn void(payment: Payment) -> Result<PaymentOutcome> {
        let response = service::post(&["void"], &json!({ "paymentId": payment.id()? }))?.send()?;
        judge::answered(&response)?.into_payment()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{PROVIDER_DATA, answering, has_provider_data};

    #[test]
    fn a_capture_says_how_much_and_whether_more_follows() {
        let host = answering(200, json!({ "result": "OK", "paymentId": "p-1" }));
        let mut request = CaptureRequest::new(Payment::new("p-1"), Amount::new(300, "EUR"));
        request.provider_data = Some(PROVIDER_DATA.to_owned());
        assert_eq!(Microservice::capture(request), Ok(Acknowledgement::new("p-1").succeeded()));
        let sent = host.only_request();
        assert_eq!(sent.line(), "POST https://legacy.test/v3/capture");
        assert_eq!(sent.header("idempotency-key"), Some(host.idempotency_key().as_str()));
        assert!(has_provider_data(&sent.text()));
        let body = sent.json();
        assert_eq!((&body["amount"], &body["final"], &body["paymentId"]), (&json!(300), &json!(true), &json!("p-1")));
    }

    #[test]
    fn a_void_names_the_payment() {
        let host = answering(200, json!({ "result": "KO", "declineCode": "limit_exceeded" }));
        assert_eq!(Microservice::void(Payment::new("p-1")), Ok(Decline::new("limit_exceeded").into()));
        let sent = host.only_request();
        assert_eq!(
            (sent.line().as_str(), sent.text().as_str()),
            ("POST https://legacy.test/v3/void", r#"{"paymentId":"p-1"}"#)
        );
    }
}
