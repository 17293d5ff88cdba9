//! `POST /pay`.

use provost_sdk::prelude::*;

use crate::{Microservice, body, judge, service};

impl Payments for Microservice {
    fn pay(request: PayRequest) -> Result<PaymentOutcome> {
        let response = service::post(&["pay"], &body::Pay::of(&request)?)?.send()?;
        judge::made(&response)?.into_payment()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{answering, has_provider_data, pay, request};

    fn paid(body: Value) -> PaymentOutcome {
        let _host = answering(200, body);
        pay(request()).unwrap()
    }

    #[test]
    fn the_body_is_the_callers_member_for_member() {
        let host = answering(200, json!({ "result": "OK", "paymentId": "p-1" }));
        pay(request()).unwrap();
        let sent = host.only_request();
        assert_eq!(sent.line(), "POST https://legacy.test/v3/pay");
        assert!(has_provider_data(&sent.text()), "{}", sent.text());
        let mut body = sent.json();
        body.as_object_mut().unwrap().remove("providerData");
        let expected = json!({
            "amount": 500,
            "currency": "EUR",
            "shopTransactionId": "123456789",
            "successRedirectUrl": "http://example.com/ok",
            "failureRedirectUrl": "http://example.com/ko",
            "paymentMethod": "card",
        });
        assert_eq!(body, expected);
    }

    #[test]
    fn what_the_caller_left_out_is_left_out() {
        let host = answering(200, json!({ "result": "OK" }));
        pay(PayRequest::new(Amount::new(1, "JPY"), "order-1")).unwrap();
        assert_eq!(host.only_request().text(), r#"{"amount":1,"currency":"JPY","shopTransactionId":"order-1"}"#);
    }

    #[test]
    fn every_result_of_pgm_is_its_outcome() {
        let taken = Acknowledgement::new("payment-123456789").description("Transaction Completed");
        let answer = |result: &str| json!({ "result": result, "resultDescription": "Transaction Completed", "paymentId": "payment-123456789" });
        assert_eq!(paid(answer("OK")), taken.clone().succeeded());
        assert_eq!(paid(answer("PENDING")), taken.clone().pending());
        let declined = Decline::new("processing_error").payment_id("payment-123456789");
        assert_eq!(paid(answer("KO")), declined.description("Transaction Completed").into());

        let (page, app) = ("https://provider-redirect-url.com", "provider-app://redirect?token=example");
        let mut redirect = answer("REDIRECT_TO_URL");
        redirect["redirectToUrl"] = json!(page);
        assert_eq!(paid(redirect.clone()), taken.clone().redirect(page));
        redirect["redirectToUrlMobile"] = json!(app);
        let either = Destination::WebOrApp((page.to_owned(), app.to_owned()));
        assert_eq!(paid(redirect.clone()), taken.clone().redirect_to(either));
        redirect["redirectToUrl"] = Value::Null;
        assert_eq!(paid(redirect), taken.redirect_to(Destination::App(app.to_owned())));
    }

    #[test]
    fn metadata_goes_to_the_merchant_as_it_was_written() {
        let host = crate::testing::host();
        let body = r#"{"result":"PENDING","metadata": {"share": 1.10, "state": "AUTHORIZED"}}"#;
        host.answer(provost_sdk::testing::Answer::bytes(200, body));
        let Ok(PaymentOutcome::Authorized(taken)) = pay(request()) else { panic!("not reserved") };
        assert_eq!(taken.metadata.as_deref(), Some(r#"{"share": 1.10, "state": "AUTHORIZED"}"#));
        assert_eq!(taken.payment_id, None);
    }

    #[test]
    fn metadata_that_is_no_object_spoils_nothing() {
        for odd in [json!("text"), json!([1]), Value::Null] {
            let PaymentOutcome::Succeeded(taken) = paid(json!({ "result": "OK", "metadata": odd })) else { panic!() };
            assert_eq!(taken.metadata, None);
        }
    }
}
