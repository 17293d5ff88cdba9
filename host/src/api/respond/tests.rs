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
    Ok(Ended { kind, outcome, payment_id: "p-1".into(), refund_id, subscription_token: "s-1".into() })
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

/// The word in `result` of each outcome, and the metadata that comes with it, of what has no page to go to.
fn words() -> [(Outcome, &'static str, Value); 7] {
    [
        (Outcome::Succeeded(said(None)), "OK", json!({})),
        (Outcome::Authorized(said(None)), "PENDING", json!({"state": "AUTHORIZED"})),
        (pending(None), "PENDING", json!({})),
        (pending(Some("odd")), "PENDING", json!({"review": "odd"})),
        (Outcome::ActionRequired(said(None), both()), "REDIRECT_TO_URL", json!({})),
        (declined_by_issuer(), "KO", json!({"raw": "05", "declineCode": "card_declined"})),
        (lost(), "PENDING", json!({"outcome": "unknown"})),
    ]
}

/// Each kind that is answered with a `result`, and the ids in its answer.
const KINDS: [(Kind, &[(&str, &str)]); 11] = [
    (Kind::Pay, &[("paymentId", "p-1")]),
    (Kind::Capture, &[("paymentId", "p-1")]),
    (Kind::Void, &[("paymentId", "p-1")]),
    (Kind::Resume, &[("paymentId", "p-1")]),
    (Kind::Refund, &[("refundId", "r-1")]),
    (Kind::Schedule, &[("paymentId", "p-1"), ("subscriptionToken", "s-1")]),
    (Kind::Start, &[("paymentId", "p-1"), ("subscriptionToken", "s-1")]),
    (Kind::Charge, &[("paymentId", "p-1"), ("subscriptionToken", "s-1")]),
    (Kind::Update, &[("subscriptionToken", "s-1")]),
    (Kind::Expire, &[("subscriptionToken", "s-1")]),
    (Kind::Link, &[("paymentId", "p-1")]),
];

#[test]
fn every_kind_answers_every_outcome_with_its_ids() {
    for (kind, ids) in KINDS {
        for (outcome, word, metadata) in words() {
            let unknown = matches!(outcome, Outcome::Unknown { .. });
            let result = ended(kind, outcome);
            let answer = respond(&result);
            if unknown && kind.can_repeat() {
                seen_is(&result, (502, "outcome_unknown", true, "unknown", None));
                assert_eq!(header(&answer, "x-payment-outcome"), None);
                continue;
            }
            let body = json_of(&answer);
            let goes_somewhere = word == "REDIRECT_TO_URL";
            let word = match kind {
                Kind::Link if goes_somewhere => "OK",
                Kind::Link => "KO",
                Kind::Refund | Kind::Update | Kind::Expire if goes_somewhere => "PENDING",
                _ => word,
            };
            assert_eq!((answer.status, &body["result"]), (200, &json!(word)), "{result:?}");
            assert_eq!(header(&answer, "x-payment-outcome"), unknown.then_some("unknown"), "{result:?}");
            let metadata = match kind {
                Kind::Void if word == "OK" => json!({"state": "VOIDED"}),
                _ => metadata,
            };
            assert_eq!(body.get("metadata").cloned().unwrap_or(json!({})), metadata, "{result:?}");
            let told = ["paymentId", "refundId", "subscriptionToken"].map(|id| (id, body.get(id).cloned()));
            let expected = told.clone().map(|(id, _)| {
                let told = ids.iter().find(|(name, _)| *name == id);
                (id, told.map(|(_, value)| json!(value)))
            });
            assert_eq!(told, expected, "{result:?}");
            let has_places = !matches!(kind, Kind::Refund | Kind::Update | Kind::Expire | Kind::Link);
            let places = (body.get("redirectToUrl").is_some(), body.get("redirectToUrlMobile").is_some());
            assert_eq!(places, (goes_somewhere && has_places, goes_somewhere && has_places), "{result:?}");
        }
    }
}

#[test]
fn a_link_is_there_or_it_is_not() {
    let body = |outcome| json_of(&respond(&ended(Kind::Link, outcome)));
    let to = |web: Option<&str>, app: Option<&str>, description: Option<&str>| {
        let said = Acknowledgement { description: description.map(str::to_owned), ..Acknowledgement::default() };
        Outcome::ActionRequired(said, Destination { web: web.map(str::to_owned), app: app.map(str::to_owned) })
    };
    let made = json!({"resultCode": "OK", "result": "OK", "resultDescription": "The link was created.",
        "paymentId": "p-1", "link": "https://pay.example/l"});
    assert_eq!(body(to(Some("https://pay.example/l"), Some("app://l"), None)), made);
    let in_app = body(to(None, Some("app://l"), Some("Made")));
    assert_eq!((&in_app["link"], &in_app["resultDescription"]), (&json!("app://l"), &json!("Made")));
    let declined = json!({"resultCode": "KO", "result": "KO", "resultDescription": "Do not honour",
        "paymentId": "p-1", "metadata": {"raw": "05", "declineCode": "card_declined"}});
    assert_eq!(body(declined_by_issuer()), declined);
    let unknown = body(lost());
    assert_eq!((&unknown["resultCode"], &unknown["metadata"]), (&json!("KO"), &json!({"outcome": "unknown"})));
    assert_eq!(unknown.get("link"), None);
}

#[test]
fn a_utility_answers_what_its_plugin_wrote() {
    for text in [r#"{"n": 1.50, "result": "KO"}"#, "[1]", "null", "\"x\""] {
        let answer = respond(&ended(Kind::Utility, Outcome::Succeeded(said(Some(text)))));
        assert_eq!((answer.status, answer.body.as_slice()), (200, text.as_bytes()));
        assert_eq!(header(&answer, "content-type"), Some("application/json"));
    }
    seen_is(&ended(Kind::Utility, lost()), (502, "outcome_unknown", true, "unknown", None));
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
fn what_is_not_found_or_forbidden_is_named_after_what_was_asked() {
    let cases = [
        (Kind::Refund, "payment_not_found", "state_forbids"),
        (Kind::Capture, "payment_not_found", "state_forbids"),
        (Kind::Void, "payment_not_found", "state_forbids"),
        (Kind::Charge, "subscription_not_found", "subscription_forbids"),
        (Kind::Update, "subscription_not_found", "subscription_forbids"),
        (Kind::Expire, "subscription_not_found", "subscription_forbids"),
        (Kind::Utility, "utility_not_found", "state_forbids"),
    ];
    for (kind, not_found, forbids) in cases {
        for reason in ["gone", ""] {
            let refused = Outcome::NotExecuted(Refused::NotFound(reason.into()));
            seen_is(&ended(kind, refused), (404, not_found, false, "not_executed", None));
            let refused = Outcome::NotExecuted(Refused::Conflict(reason.into()));
            seen_is(&ended(kind, refused), (409, forbids, false, "not_executed", None));
        }
    }
}

#[test]
fn every_error_has_its_row() {
    let used = Error::BusinessKeyUsed { payment_id: "p-1".into(), state: "pending" };
    let forbids = Error::StateForbids { payment_id: "p-1".into(), state: "failed" };
    let canceled = Error::SubscriptionForbids { subscription_token: "s-1".into(), state: "canceled" };
    let cases: [(Error, Seen<'_>); 18] = [
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
        (Error::SubscriptionNotFound, (404, "subscription_not_found", false, "not_executed", None)),
        (canceled, (409, "subscription_forbids", false, "not_executed", None)),
        (Error::CaptureRepeated { payment_id: "p-1".into() }, (409, "capture_repeated", false, "not_executed", None)),
        (Error::CaptureTooLarge { left: 3 }, (422, "capture_too_large", false, "not_executed", None)),
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
    let over = body(Error::SubscriptionForbids { subscription_token: "s-1".into(), state: "expired" });
    assert_eq!((&over["subscriptionToken"], &over["state"]), (&json!("s-1"), &json!("expired")));
    assert_eq!(body(Error::CaptureRepeated { payment_id: "p-1".into() })["paymentId"], "p-1");
    assert_eq!(body(Error::CaptureTooLarge { left: 3 })["errors"][0]["pointer"], "/amount");
    let faults = vec![Fault::new("/amount", "odd"), Fault::new("/currency", "no")];
    let errors = json!([{"pointer": "/amount", "reason": "odd"}, {"pointer": "/currency", "reason": "no"}]);
    assert_eq!(body(Error::Invalid(faults))["errors"], errors);
    assert_eq!(body(Error::RefundTooLarge { left: 3 })["errors"][0]["pointer"], "/amount");
}
