//! `POST /refund`, and how a refund stands: `GET /status?paymentId=`, with `refundId` where it has one.

use provost_sdk::prelude::*;

use crate::standing::Standing;
use crate::{Microservice, body, judge, newest_refund, service};

impl Refunds for Microservice {
    fn refund(request: RefundRequest) -> Result<RefundOutcome> {
        let call = service::post(&["refund"], &body::Part::refund(&request)?)?;
        let payment_id = request.payment.id()?;
        newest_refund::begins(payment_id)?;
        let outcome = call.send().map_err(Error::from).and_then(|response| judge::refunded(&response)?.into_refund());
        newest_refund::ends(payment_id, matches!(outcome, Ok(RefundOutcome::Pending(_)) | Err(Error::Unknown(_))));
        outcome
    }

    fn status(payment: Payment, refund: KnownRefund) -> Result<PaymentStatus> {
        let mut call = service::get(&["status"])?.query("paymentId", payment.id()?);
        if let Some(id) = &refund.refund_id {
            call = call.query("refundId", id);
        }
        let response = call.send()?;
        Standing::read(judge::told(&response)?)?.of_refund(&payment, &refund)
    }
}

#[cfg(test)]
mod tests {
    use provost_sdk::operation::Name;
    use provost_sdk::testing::{Answer, Host};

    use super::*;
    use crate::testing::{PROVIDER_DATA, answering, has_provider_data, host};

    fn payment() -> Payment {
        Payment::new("123456789")
    }

    fn refund() -> Result<RefundOutcome> {
        let mut request = RefundRequest::new(payment(), Amount::new(500, "EUR"));
        request.provider_data = Some(PROVIDER_DATA.to_owned());
        Microservice::refund(request)
    }

    fn refunded(host: &Host, status: u16, body: Value) -> Result<RefundOutcome> {
        host.next_operation();
        host.answer(Answer::json(status, body));
        refund()
    }

    fn known(host: &Host, id: Option<&str>) -> KnownRefund {
        let known = KnownRefund::new("", Amount::new(500, "EUR"));
        KnownRefund { refund_id: id.map(str::to_owned), host_reference: host.reference(), ..known }
    }

    /// State and id of the refund, as the service's status has it.
    fn asked(host: &Host, refund: &KnownRefund, body: Value) -> (PaymentState, Option<String>) {
        host.answer(Answer::json(200, body));
        let status = host.reading(|| <Microservice as Refunds>::status(payment(), refund.clone())).unwrap();
        assert_eq!(status.action, Action::Refund);
        (status.state, status.action_id)
    }

    #[test]
    fn the_body_is_the_callers_and_a_bare_result_is_enough() {
        let host = answering(200, json!({ "result": "OK" }));
        assert_eq!(refund(), Ok(Refunded::unnamed().succeeded()));
        let sent = host.only_request();
        assert_eq!(sent.line(), "POST https://legacy.test/v3/refund");
        assert_eq!(sent.header("idempotency-key"), Some(host.idempotency_key().as_str()));
        assert!(has_provider_data(&sent.text()));
        assert!(sent.text().starts_with(r#"{"amount":500,"currency":"EUR","paymentId":"123456789","#));
    }

    #[test]
    fn every_result_of_pgm_is_its_outcome() {
        let host = host();
        let answer = |result: &str| json!({ "result": result, "refundId": "r-1", "resultDescription": "text" });
        let taken = Refunded::new("r-1").description("text");
        assert_eq!(refunded(&host, 200, answer("OK")), Ok(taken.clone().succeeded()));
        assert_eq!(refunded(&host, 201, answer("PENDING")), Ok(taken.pending()));
        let declined = Decline::new("processing_error").payment_id("r-1").description("text");
        assert_eq!(refunded(&host, 200, answer("KO")), Ok(declined.into()));
        assert!(matches!(refunded(&host, 409, json!({})), Err(Error::Conflict(_))));
    }

    #[test]
    fn a_refund_that_trouble_names_is_learnt() {
        let host = host();
        for (number, status) in [200, 500, 302].into_iter().enumerate() {
            let named = json!({ "result": "REDIRECT_TO_URL", "refundId": "r-1", "paymentId": "p" });
            let lost = refunded(&host, status, named);
            let Err(Error::Unknown(loss)) = lost else { panic!("{lost:?}") };
            assert_eq!(loss.payment_id, None, "the payment's id is no name of the refund");
            assert_eq!(host.learned(), vec![Name::Refund("r-1".to_owned()); number + 1]);
        }
    }

    #[test]
    fn a_named_refund_is_asked_for_by_its_name() {
        let host = host();
        let named = known(&host, Some("r-1"));
        let body = |id: &str| json!({ "status": "FAILED", "action": "REFUND", "refundId": id });
        assert_eq!(asked(&host, &named, body("r-1")), (PaymentState::Failed, Some("r-1".to_owned())));
        assert_eq!(host.only_request().line(), "GET https://legacy.test/v3/status?paymentId=123456789&refundId=r-1");
        assert_eq!(asked(&host, &named, body("r-2")), (PaymentState::Unknown, None), "another refund");
    }

    #[test]
    fn what_the_payment_is_like_says_nothing_about_its_refund() {
        let host = host();
        refunded(&host, 200, json!({ "result": "PENDING" })).unwrap();
        for body in [json!({ "status": "ACCEPTED", "action": "PAYMENT" }), json!({ "status": "ACCEPTED" })] {
            assert_eq!(asked(&host, &known(&host, None), body).0, PaymentState::Unknown);
        }
    }

    #[test]
    fn a_status_without_a_name_is_that_of_the_newest_refund_while_it_waits() {
        let told = || json!({ "status": "ACCEPTED", "action": "REFUND" });
        let host = host();
        refunded(&host, 200, json!({ "result": "PENDING" })).unwrap();
        let first = known(&host, None);
        assert_eq!(asked(&host, &first, told()).0, PaymentState::Accepted);
        assert_eq!(host.requests()[1].line(), "GET https://legacy.test/v3/status?paymentId=123456789");

        refunded(&host, 200, json!({ "result": "PENDING" })).unwrap();
        let second = known(&host, None);
        assert_eq!(asked(&host, &first, told()).0, PaymentState::Unknown, "it is not the newest any more");
        let named = json!({ "status": "FAILED", "action": "REFUND", "refundId": "r-2" });
        assert_eq!(asked(&host, &second, named), (PaymentState::Failed, Some("r-2".to_owned())));

        refunded(&host, 200, json!({ "result": "OK" })).unwrap();
        assert_eq!(asked(&host, &second, told()).0, PaymentState::Unknown, "another was decided since");
    }

    #[test]
    fn of_refunds_that_run_side_by_side_nobody_knows_which_is_the_newest() {
        let host = host();
        newest_refund::begins("123456789").unwrap();
        let first = known(&host, None);
        host.next_operation();
        newest_refund::begins("123456789").unwrap();
        newest_refund::ends("123456789", true);
        let second = known(&host, None);
        assert_eq!(newest_refund::is("123456789", &second), Ok(true));
        host.next_operation();
        newest_refund::ends("123456789", true);
        for refund in [first, second] {
            assert_eq!(newest_refund::is("123456789", &refund), Ok(false));
        }
    }
}
