//! Rule 2 as the plugin's part of it: every kind of HTTP answer, and what is made of it.

use provost_sdk::testing::Answer as Scripted;

use super::*;
use crate::Microservice;
use crate::testing::{self, answering, host, is_unknown, request};

fn pay(answer: Scripted) -> Result<PaymentOutcome> {
    let host = host();
    host.answer(answer);
    testing::pay(request())
}

fn ask(answer: Scripted) -> Result<PaymentStatus> {
    let host = host();
    host.answer(answer);
    host.reading(|| <Microservice as Inquiry>::status(Payment::new("p-1")))
}

/// What is not an answer, by status and body.
fn nothing_said() -> Vec<Scripted> {
    let mut all: Vec<_> = [300, 302, 304, 500, 502, 503, 504].map(|status| Scripted::bytes(status, "")).into();
    all.extend([
        Scripted::bytes(200, ""),
        Scripted::bytes(204, ""),
        Scripted::bytes(200, "<html>"),
        Scripted::bytes(200, "\"OK\""),
        Scripted::bytes(200, r#"{"result":"OK","result":"KO","status":"ACCEPTED","status":"FAILED"}"#),
        Scripted::bytes(200, r#"{"result":"OK","status":"ACCEPTED""#),
        Scripted::json(200, json!({})),
        Scripted::json(200, json!([{ "result": "OK", "status": "ACCEPTED" }])),
        Scripted::json(200, json!({ "result": "ok", "status": "accepted" })),
        Scripted::json(200, json!({ "result": "DONE", "status": "DONE" })),
        Scripted::json(200, json!({ "result": true, "status": true })),
        Scripted::json(500, json!({ "result": "KO", "status": "FAILED" })),
        Scripted::fails(http::Error::Timeout),
        Scripted::fails(http::Error::Interrupted("reset".to_owned())),
        Scripted::fails(http::Error::TooLarge(1 << 20)),
    ]);
    all
}

#[test]
fn what_proves_nothing_is_unknown() {
    for answer in nothing_said() {
        assert!(is_unknown(&pay(answer.clone())), "{answer:?}");
        assert!(is_unknown(&ask(answer.clone())), "{answer:?}");
    }
    let redirects = Scripted::json(200, json!({ "result": "REDIRECT_TO_URL", "redirectToUrl": "" }));
    assert!(is_unknown(&pay(redirects)), "a redirect that leads nowhere");
}

#[test]
fn the_id_that_trouble_names_is_not_lost() {
    let named = json!({ "paymentId": "p-1", "result": "WHAT" });
    let cases = [
        Scripted::json(200, named.clone()),
        Scripted::json(500, named),
        Scripted::json(200, json!({ "paymentId": "p-1", "result": "REDIRECT_TO_URL" })),
    ];
    for answer in cases {
        let Err(Error::Unknown(loss)) = pay(answer.clone()) else { panic!("{answer:?}") };
        assert_eq!(loss.payment_id.as_deref(), Some("p-1"), "{answer:?}");
    }
}

#[test]
fn what_did_not_leave_is_refused() {
    let errors = [
        http::Error::Unreachable("no route".to_owned()),
        http::Error::Denied("no grant".to_owned()),
        http::Error::Overloaded,
    ];
    for error in errors {
        assert!(matches!(pay(Scripted::fails(error.clone())), Err(Error::Refused(_))), "{error:?}");
    }
}

#[test]
fn a_4xx_says_no_by_its_status() {
    let said = |status| {
        let answer = Scripted::json(status, json!({ "statusCode": status, "error": "Oh", "message": "no" }));
        let (paid, asked) = (pay(answer.clone()), ask(answer));
        // There is nothing about a new payment that could not be found but the endpoint.
        if status != 404 {
            assert_eq!(paid.err(), asked.err(), "{status}");
        }
        pay(Scripted::json(status, json!({ "message": "no" }))).unwrap_err()
    };
    for status in [400, 422] {
        assert_eq!(said(status), Error::invalid("", "no"));
    }
    for status in [401, 403] {
        let Error::Refused(refusal) = said(status) else { panic!("{status}") };
        assert!(refusal.reason.contains("credential") && refusal.reason.ends_with("no"), "{}", refusal.reason);
    }
    assert!(matches!(said(404), Error::Unsupported(_)));
    assert_eq!(said(409), Error::conflict("no"));
    assert!(matches!(said(405), Error::Unsupported(_)));
    for status in [402, 408, 410, 418, 429, 451] {
        assert!(matches!(said(status), Error::Refused(_)), "{status}");
    }
}

#[test]
fn a_4xx_without_a_word_is_judged_the_same() {
    let cases = [(400, "invalid"), (404, "unsupported"), (409, "conflict"), (403, "refused"), (405, "unsupported")];
    for (status, expected) in cases {
        for body in ["", "<html>", "[]"] {
            let name = match pay(Scripted::bytes(status, body)) {
                Err(Error::Invalid(_)) => "invalid",
                Err(Error::NotFound(_)) => "not found",
                Err(Error::Conflict(_)) => "conflict",
                Err(Error::Refused(_)) => "refused",
                Err(Error::Unsupported(_)) => "unsupported",
                other => panic!("{status}: {other:?}"),
            };
            assert_eq!(name, expected, "{status} {body}");
        }
    }
}

#[test]
fn a_501_is_unsupported_for_a_question_and_unknown_for_what_moves_money() {
    assert!(matches!(ask(Scripted::bytes(501, "")), Err(Error::Unsupported(_))));
    assert!(is_unknown(&pay(Scripted::bytes(501, ""))));
}

#[test]
fn too_many_requests_says_when_to_come_again() {
    let Err(Error::Refused(refusal)) = pay(Scripted::bytes(429, "").header("retry-after", "7")) else { panic!() };
    assert_eq!(refusal.retry_after_ms, Some(7000));
}

#[test]
fn a_problem_document_points_at_every_fault() {
    let faults = |body| match pay(Scripted::json(422, body)) {
        Err(Error::Invalid(faults)) => {
            faults.into_iter().map(|fault| (fault.pointer, fault.reason)).collect::<Vec<_>>()
        }
        other => panic!("{other:?}"),
    };
    let one = |pointer: &str, reason: &str| (pointer.to_owned(), reason.to_owned());
    let listed = json!({ "detail": "see below", "errors": [
        { "pointer": "/amount", "reason": "too small" },
        { "pointer": "#/providerData/card", "detail": "expired" },
        { "pointer": "/currency" },
        { "field": "other" },
    ]});
    let expected = [one("/amount", "too small"), one("/providerData/card", "expired"), one("/currency", "see below")];
    assert_eq!(faults(listed), expected);
    assert_eq!(faults(json!({ "errors": ["amount"], "title": "Bad Request" })), [one("", "Bad Request")]);
    assert_eq!(faults(json!({ "message": "x".repeat(10_000) }))[0].1.len(), LONGEST_REASON);
}

#[test]
fn ko_below_500_is_a_decline_with_the_code_that_it_names() {
    let cases = [
        (200, json!({}), "processing_error"),
        (402, json!({}), "card_declined"),
        (404, json!({ "declineCode": "expired_card" }), "expired_card"),
        (422, json!({ "metadata": { "declineCode": "insufficient_funds" } }), "insufficient_funds"),
        (400, json!({ "metadata": { "declineCode": null }, "declineCode": "R-51" }), "R-51"),
        (429, json!({ "metadata": [] }), "processing_error"),
    ];
    for (status, mut body, code) in cases {
        body["result"] = json!("KO");
        body["paymentId"] = json!("p-1");
        body["resultDescription"] = json!("no money");
        let _host = answering(status, body);
        let Ok(PaymentOutcome::Declined(decline)) = testing::pay(request()) else { panic!("{status}") };
        assert_eq!(decline.code, code, "{status}");
        assert_eq!((decline.payment_id.as_deref(), decline.description.as_deref()), (Some("p-1"), Some("no money")));
    }
}

#[test]
fn a_ko_of_a_status_is_no_answer_to_a_question() {
    assert!(matches!(ask(Scripted::json(404, json!({ "result": "KO" }))), Err(Error::NotFound(_))));
}
