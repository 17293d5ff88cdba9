//! `POST /pay-by-link`.

use provost_sdk::prelude::*;

use crate::{Microservice, body, judge, service};

impl Links for Microservice {
    fn create(request: PayRequest) -> Result<LinkOutcome> {
        let response = service::post(&["pay-by-link"], &body::Pay::of(&request)?)?.send()?;
        judge::made(&response)?.into_link()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{answering, has_provider_data, is_unknown, request};

    #[test]
    fn a_link_is_made_whichever_of_pgms_names_its_result_has() {
        for name in ["resultCode", "result"] {
            let host = answering(
                200,
                json!({
                    name: "OK",
                    "resultDescription": "Transaction Completed",
                    "paymentId": "payment-123456789",
                    "link": "https://provider-redirect-url.com",
                }),
            );
            let Ok(LinkOutcome::Created(link)) = Microservice::create(request()) else { panic!("{name}") };
            assert_eq!(link.url, "https://provider-redirect-url.com");
            assert_eq!(link.payment_id.as_deref(), Some("payment-123456789"));
            assert_eq!(link.description.as_deref(), Some("Transaction Completed"));
            let sent = host.only_request();
            assert_eq!(sent.line(), "POST https://legacy.test/v3/pay-by-link");
            assert!(has_provider_data(&sent.text()));
        }
    }

    #[test]
    fn a_link_without_an_address_is_unknown_and_ko_is_a_decline() {
        let made = |body| {
            let _host = answering(200, body);
            Microservice::create(request())
        };
        let Err(Error::Unknown(loss)) = made(json!({ "resultCode": "OK", "paymentId": "p-1" })) else { panic!() };
        assert_eq!(loss.payment_id.as_deref(), Some("p-1"));
        assert!(is_unknown(&made(json!({ "resultCode": "PENDING", "link": "https://a.test" }))));
        assert_eq!(made(json!({ "resultCode": "KO" })), Ok(LinkOutcome::Declined(Decline::new("processing_error"))));
    }
}
