//! `GET /status?paymentId=`.

use provost_sdk::prelude::*;

use crate::standing::Standing;
use crate::{Microservice, judge, service};

impl Inquiry for Microservice {
    fn status(payment: Payment) -> Result<PaymentStatus> {
        let response = service::get(&["status"])?.query("paymentId", payment.id()?).send()?;
        Standing::read(judge::told(&response)?)?.of_payment(&payment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{answering, is_unknown};

    fn payment() -> Payment {
        let mut payment = Payment::new("0987654321");
        payment.reference = payment.reference.with_shop_transaction_id("order-1").with_host_reference("ref1");
        payment
    }

    fn asked(body: Value) -> Result<PaymentStatus> {
        let host = answering(200, body);
        host.reading(|| <Microservice as Inquiry>::status(payment()))
    }

    #[test]
    fn pgms_status_is_read_whole() {
        let host = answering(
            200,
            json!({
                "status": "ACCEPTED",
                "paymentId": "1234567890",
                "shopTransactionId": "0987654321",
                "providerName": "PROVIDER_NAME",
                "paymentMethod": "PAYMENT_METHOD",
                "action": "PAYMENT",
                "metadata": { "a": 1 },
            }),
        );
        let status = host.reading(|| <Microservice as Inquiry>::status(Payment::new("1234567890"))).unwrap();
        assert_eq!(host.only_request().line(), "GET https://legacy.test/v3/status?paymentId=1234567890");
        assert_eq!((status.state, status.action), (PaymentState::Accepted, Action::Payment));
        assert_eq!(status.reference.shop_transaction_id.as_deref(), Some("0987654321"), "a stranger gets its name");
        assert_eq!(status.payment_method.as_deref(), Some("PAYMENT_METHOD"));
        assert_eq!(status.metadata.as_deref(), Some(r#"{"a":1}"#));
    }

    #[test]
    fn every_status_of_pgm_is_its_state() {
        let cases = [
            (json!({ "status": "ACCEPTED" }), PaymentState::Accepted),
            (json!({ "status": "FAILED" }), PaymentState::Failed),
            (json!({ "status": "PENDING" }), PaymentState::Pending),
            (json!({ "status": "PENDING", "metadata": { "state": "AUTHORIZED" } }), PaymentState::Authorized),
            (json!({ "status": "FAILED", "metadata": { "state": "VOIDED" } }), PaymentState::Voided),
            (json!({ "status": "FAILED", "metadata": { "state": "AUTHORIZED" } }), PaymentState::Failed),
        ];
        for (body, state) in cases {
            let status = asked(body.clone()).unwrap();
            assert_eq!(
                status,
                PaymentStatus { metadata: status.metadata.clone(), ..PaymentStatus::of(&payment(), state) },
                "{body}"
            );
        }
    }

    #[test]
    fn the_status_of_a_refund_is_not_that_of_the_payment() {
        let status = asked(json!({ "status": "FAILED", "action": "REFUND", "refundId": "r-1" })).unwrap();
        assert_eq!((status.action, status.action_id.as_deref()), (Action::Refund, Some("r-1")));
        assert!(is_unknown(&asked(json!({ "status": "FAILED", "action": "CHARGEBACK" }))));
    }

    #[test]
    fn an_answer_about_another_payment_is_no_answer() {
        let about = |mut body: Value| {
            body["status"] = json!("ACCEPTED");
            asked(body)
        };
        let named = json!({ "paymentId": "0987654321", "shopTransactionId": "order-2" });
        for same in [json!({}), json!({ "shopTransactionId": "order-1" }), named] {
            assert!(about(same.clone()).is_ok(), "{same}");
        }
        for other in [
            json!({ "paymentId": "other" }),
            json!({ "paymentId": "other", "shopTransactionId": "order-1" }),
            json!({ "shopTransactionId": "order-2" }),
        ] {
            assert!(is_unknown(&about(other.clone())), "{other}");
        }
    }

    #[test]
    fn a_payment_that_the_service_never_named_cannot_be_asked_for() {
        let host = crate::testing::host();
        let mut payment = payment();
        payment.reference.payment_ids.clear();
        assert!(matches!(<Microservice as Inquiry>::status(payment), Err(Error::NotFound(_))));
        assert!(host.requests().is_empty());
    }
}
