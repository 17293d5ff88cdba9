//! Every row of the status table, as cases.

use super::*;
use crate::model::Interface;

fn said(metadata: Option<&str>) -> Acknowledgement {
    Acknowledgement {
        id: Some("p-1".into()),
        description: Some("Approved".into()),
        metadata: metadata.map(str::to_owned),
        ..Acknowledgement::default()
    }
}

fn ended(kind: Kind, outcome: Outcome) -> Result<Ended, Error> {
    let refund_id = if kind == Kind::Refund { "r-1".to_owned() } else { String::new() };
    Ok(Ended { kind, outcome, payment_id: "p-1".into(), refund_id, subscription_token: "sub-1".into() })
}

fn json_of(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap()
}

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    answer.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

fn both() -> Destination {
    Destination { web: Some("https://pay.example/1".into()), app: Some("app://pay/1".into()) }
}

fn pending(review: Option<&str>) -> Outcome {
    Outcome::Pending { acknowledgement: said(None), review: review.map(str::to_owned) }
}

fn declined_by_issuer() -> Outcome {
    Outcome::Declined(Decline {
        id: Some("p-1".into()),
        code: "card_declined".into(),
        description: Some("Do not honour".into()),
        metadata: Some(r#"{"raw":"05"}"#.into()),
    })
}

fn lost() -> Outcome {
    Outcome::Unknown { reason: "the plugin trapped: secret detail".into(), id: None }
}

#[test]
fn a_pay_is_answered_in_the_words_of_its_outcome() {
    let cases = [
        (
            Outcome::Succeeded(said(Some(r#"{"card":"visa"}"#))),
            json!({"result": "OK", "resultDescription": "Approved", "paymentId": "p-1", "metadata": {"card": "visa"}}),
        ),
        (
            Outcome::Succeeded(Acknowledgement::default()),
            json!({"result": "OK", "resultDescription": "Completed.", "paymentId": "p-1"}),
        ),
        (
            Outcome::Authorized(said(None)),
            json!({"result": "PENDING", "resultDescription": "Approved", "paymentId": "p-1",
                "metadata": {"state": "AUTHORIZED"}}),
        ),
        (pending(None), json!({"result": "PENDING", "resultDescription": "Approved", "paymentId": "p-1"})),
        (
            pending(Some("asked for 500 EUR, the provider says 400 EUR")),
            json!({"result": "PENDING", "resultDescription": "The amount must be looked at by a person.",
                "paymentId": "p-1", "metadata": {"review": "asked for 500 EUR, the provider says 400 EUR"}}),
        ),
        (
            Outcome::ActionRequired(said(None), both()),
            json!({"result": "REDIRECT_TO_URL", "resultDescription": "Approved", "paymentId": "p-1",
                "redirectToUrl": "https://pay.example/1", "redirectToUrlMobile": "app://pay/1"}),
        ),
        (
            declined_by_issuer(),
            json!({"result": "KO", "resultDescription": "Do not honour", "paymentId": "p-1",
                "metadata": {"raw": "05", "declineCode": "card_declined"}}),
        ),
        (
            lost(),
            json!({"result": "PENDING",
                "resultDescription": "The provider has not confirmed it yet; a callback follows when it has.",
                "paymentId": "p-1", "metadata": {"outcome": "unknown"}}),
        ),
    ];
    for (outcome, body) in cases {
        let unknown = matches!(outcome, Outcome::Unknown { .. });
        let answer = respond(&ended(Kind::Pay, outcome));
        assert_eq!((answer.status, json_of(&answer)), (200, body));
        assert_eq!(header(&answer, "content-type"), Some("application/json"));
        assert_eq!(header(&answer, "x-payment-outcome"), unknown.then_some("unknown"));
    }
}

#[test]
fn a_refund_is_answered_with_its_own_id() {
    let cases = [
        (Outcome::Succeeded(said(None)), json!({"result": "OK", "resultDescription": "Approved", "refundId": "r-1"})),
        (pending(None), json!({"result": "PENDING", "resultDescription": "Approved", "refundId": "r-1"})),
        (
            Outcome::ActionRequired(said(None), both()),
            json!({"result": "PENDING", "resultDescription": "Approved", "refundId": "r-1"}),
        ),
        (
            declined_by_issuer(),
            json!({"result": "KO", "resultDescription": "Do not honour", "refundId": "r-1",
                "metadata": {"raw": "05", "declineCode": "card_declined"}}),
        ),
        (
            lost(),
            json!({"result": "PENDING",
                "resultDescription": "The provider has not confirmed it yet; a callback follows when it has.",
                "refundId": "r-1", "metadata": {"outcome": "unknown"}}),
        ),
    ];
    for (outcome, body) in cases {
        let answer = respond(&ended(Kind::Refund, outcome));
        assert_eq!((answer.status, json_of(&answer)), (200, body));
    }
}

#[test]
fn the_hosts_word_stands_above_a_plugins() {
    let lie =
        Decline { code: "fraud".into(), metadata: Some(r#"{"declineCode":"none"}"#.into()), ..Decline::default() };
    let answer = respond(&ended(Kind::Pay, Outcome::Declined(lie)));
    assert_eq!(json_of(&answer)["metadata"], json!({"declineCode": "fraud"}));
    let odd = respond(&ended(Kind::Pay, Outcome::Succeeded(said(Some("[1]")))));
    assert_eq!(json_of(&odd).get("metadata"), None);
}

fn refused(reason: &str, retry_after: Option<Duration>) -> Refused {
    Refused::Provider { reason: reason.to_owned(), retry_after }
}

/// What the caller sees: status, code, retryable, outcome, `Retry-After`.
type Seen<'a> = (u16, &'a str, bool, &'a str, Option<&'a str>);

fn seen_is(result: &Result<Ended, Error>, expected: Seen<'_>) {
    let answer = respond(result);
    let body = json_of(&answer);
    let seen = (
        answer.status,
        body["code"].as_str().unwrap(),
        body["retryable"].as_bool().unwrap(),
        body["outcome"].as_str().unwrap(),
        header(&answer, "retry-after"),
    );
    assert_eq!(seen, expected, "{result:?}");
    assert_eq!(body["status"], answer.status);
    assert_eq!(header(&answer, "content-type"), Some("application/problem+json"));
    for inside in ["secret detail", "null"] {
        assert!(!String::from_utf8(answer.body.clone()).unwrap().contains(inside), "{inside} in {result:?}");
    }
}

#[test]
fn what_was_not_executed_is_a_problem_with_the_status_of_its_reason() {
    let millis = Duration::from_millis;
    let cases: [(Refused, Seen<'_>); 7] = [
        (Refused::Invalid(vec![Fault::new("/amount", "odd")]), (422, "invalid", false, "not_executed", None)),
        (Refused::NotFound("gone".into()), (404, "payment_not_found", false, "not_executed", None)),
        (Refused::Conflict("voided".into()), (409, "state_forbids", false, "not_executed", None)),
        (Refused::Unsupported("no".into()), (501, "not_supported", false, "not_executed", None)),
        (refused("secret detail", None), (502, "not_executed", true, "not_executed", None)),
        (refused("secret detail", Some(millis(1_200))), (503, "provider_refused", true, "not_executed", Some("2"))),
        (Refused::Broke("secret detail".into()), (502, "not_executed", true, "not_executed", None)),
    ];
    for (refused, expected) in cases {
        seen_is(&ended(Kind::Pay, Outcome::NotExecuted(refused.clone())), expected);
        seen_is(&Err(Error::Refused(refused)), expected);
    }
}

#[test]
fn every_error_has_its_row() {
    let used = Error::BusinessKeyUsed { payment_id: "p-1".into(), state: "pending" };
    let forbids = Error::StateForbids { payment_id: "p-1".into(), state: "failed" };
    let cases: [(Error, Seen<'_>); 14] = [
        (Error::UnknownExternal, (404, "unknown_external", false, "not_executed", None)),
        (Error::Absent, (503, "external_absent", true, "not_executed", Some("5"))),
        (Error::Unsupported(Interface::Refunds), (501, "not_supported", false, "not_executed", None)),
        (Error::Invalid(vec![Fault::new("/currency", "no")]), (422, "invalid", false, "not_executed", None)),
        (Error::PaymentNotFound, (404, "payment_not_found", false, "not_executed", None)),
        (
            Error::StillRunning { retry_after: Duration::from_millis(500) },
            (409, "still_running", true, "unknown", Some("1")),
        ),
        (Error::KeyReused, (422, "idempotency_key_reused", false, "not_executed", None)),
        (used, (409, "shop_transaction_id_used", false, "not_executed", None)),
        (Error::RefundRepeated { refund_id: "r-1".into() }, (409, "refund_repeated", false, "not_executed", None)),
        (forbids, (409, "state_forbids", false, "not_executed", None)),
        (Error::RefundTooLarge { left: 3 }, (422, "refund_too_large", false, "not_executed", None)),
        (Error::ProviderSilent("secret detail".into()), (502, "provider_silent", true, "not_executed", None)),
        (Error::Busy, (503, "busy", true, "not_executed", Some("1"))),
        (Error::StoreAway, (503, "store_away", true, "not_executed", Some("5"))),
    ];
    for (error, expected) in cases {
        seen_is(&Err(error), expected);
    }
}

#[test]
fn programs_find_what_stands_in_the_way() {
    let body = |error| json_of(&respond(&Err(error)));
    let used = body(Error::BusinessKeyUsed { payment_id: "p-1".into(), state: "pending" });
    assert_eq!((&used["paymentId"], &used["state"]), (&json!("p-1"), &json!("pending")));
    assert_eq!(body(Error::RefundRepeated { refund_id: "r-1".into() })["refundId"], "r-1");
    let faults = vec![Fault::new("/amount", "odd"), Fault::new("/currency", "no")];
    let errors = json!([{"pointer": "/amount", "reason": "odd"}, {"pointer": "/currency", "reason": "no"}]);
    assert_eq!(body(Error::Invalid(faults))["errors"], errors);
    assert_eq!(body(Error::RefundTooLarge { left: 3 })["errors"][0]["pointer"], "/amount");
}
