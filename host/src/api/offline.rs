//! The interface without a server: a body is read, and an end is answered, by the functions that the routes use. For
//! `provost plugin call`, whose author wants to see what a caller would.

use super::problem::Problem;
use super::respond::{problem_of, respond};
use super::v3::{self, body::Json};
use crate::model::{Answer, Changes, PayRequest, Plan, Reply};
use crate::operations::{CaptureAsked, Ended, Error, Lookup, RefundAsked, WebhookRefused};
use bytes::Bytes;
use http::HeaderMap;
use serde::Serialize;

/// A body as a caller would send it. Its readers answer what that caller would be answered where it is not right.
pub(crate) struct Body(Json);

impl Body {
    /// Parses it.
    pub(crate) fn parse(text: Bytes) -> Result<Self, Answer> {
        Json::parse(&HeaderMap::new(), text).map(Self).map_err(told)
    }

    /// As `POST /v3/{external}/pay` takes it.
    pub(crate) fn pay(&self) -> Result<PayRequest, Answer> {
        v3::pay_request(&self.0, None).map_err(told)
    }

    /// As `POST /v3/{external}/refund` takes it.
    pub(crate) fn refund(&self) -> Result<RefundAsked, Answer> {
        v3::refund_asked(&self.0).map_err(told)
    }

    /// As `POST /v3/{external}/capture` takes it.
    pub(crate) fn capture(&self) -> Result<CaptureAsked, Answer> {
        v3::capture_asked(&self.0).map_err(told)
    }

    /// As `POST /v3/{external}/void` takes it: the payment's id.
    pub(crate) fn void(&self) -> Result<String, Answer> {
        v3::payment_to_void(&self.0).map_err(told)
    }

    /// As `POST /v3/{external}/subscription/schedule` and `…/start` take it.
    pub(crate) fn subscription(&self) -> Result<(PayRequest, Plan), Answer> {
        v3::subscription_asked(&self.0, None).map_err(told)
    }

    /// As `POST /v3/{external}/subscription/pay` takes it: the subscription's token, and the payment.
    pub(crate) fn charge(&self) -> Result<(String, PayRequest), Answer> {
        v3::charge_asked(&self.0, None).map_err(told)
    }

    /// As `POST /v3/{external}/subscription/update/{subscriptionToken}` takes it.
    pub(crate) fn changes(&self) -> Result<Changes, Answer> {
        v3::changes(&self.0).map_err(told)
    }

    /// As `POST /v3/{external}/status` takes it.
    pub(crate) fn lookup(&self) -> Result<Lookup, Answer> {
        v3::lookup_in_body(&self.0).map_err(told)
    }
}

/// What an operation's caller is answered.
pub(crate) fn of_operation(ended: Result<Ended, Error>) -> Answer {
    respond(&ended)
}

/// What is answered to a question: how a payment or a subscription stands.
pub(crate) fn of_status(status: &Result<impl Serialize, Error>) -> Answer {
    match status {
        Ok(status) => {
            let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
            Answer { status: 200, headers, body: serde_json::to_vec(status).expect("strings and numbers serialise") }
        }
        Err(error) => told(problem_of(error)),
    }
}

/// What a webhook's sender is answered.
pub(crate) fn of_webhook(taken: Result<Reply, WebhookRefused>) -> Answer {
    match taken {
        Ok(reply) => {
            let body = reply.body.clone();
            let response = v3::written(reply);
            let headers = v3::headers_as_sent(response.headers());
            Answer { status: response.status().as_u16(), headers, body }
        }
        Err(refused) => told(v3::problem_of_webhook(refused)),
    }
}

fn told(problem: Problem) -> Answer {
    problem.answer()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_that_is_not_right_is_answered_as_the_routes_answer_it() {
        let body = |text: &'static str| Body::parse(Bytes::from_static(text.as_bytes()));
        let status = |answer: Answer| answer.status;
        assert_eq!(body("{").map(|_| ()).map_err(status), Err(400));
        assert_eq!(body("{}").unwrap().pay().map_err(status), Err(422));
        assert_eq!(body("{}").unwrap().refund().map_err(status), Err(422));
        assert_eq!(body("{}").unwrap().lookup().map_err(status), Err(422));
        assert!(body(r#"{"amount": 1, "currency": "EUR", "shopTransactionId": "s"}"#).unwrap().pay().is_ok());
    }

    #[test]
    fn a_webhooks_sender_is_answered_what_the_plugin_says_and_no_header_of_the_connection() {
        let headers = vec![("location".to_owned(), "/ok".to_owned()), ("connection".to_owned(), "close".to_owned())];
        let answer = of_webhook(Ok(Reply { status: 302, headers, body: b"x".to_vec() }));
        assert_eq!((answer.status, answer.body.as_slice()), (302, b"x".as_slice()));
        let names: Vec<&str> = answer.headers.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["location", "x-content-type-options"]);
        assert_eq!(of_webhook(Err(WebhookRefused::Forged)).status, 401);
    }

    #[test]
    fn a_status_that_nobody_knows_is_a_problem() {
        assert_eq!(of_status(&Err::<(), _>(Error::PaymentNotFound)).status, 404);
    }
}
