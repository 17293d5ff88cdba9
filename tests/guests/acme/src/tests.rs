//! How an author tests a plugin: natively, against a host that answers as scripted.

use provost_sdk::prelude::*;
use provost_sdk::testing::{self, Answer, Host};

use crate::Acme;

fn host() -> Host {
    Host::new()
        .setting("base_url", "https://api.acme.test/")
        .secret("api_key", "sk_test")
        .secret("webhook", "whsec_test")
}

fn pay() -> Result<PaymentOutcome> {
    let request = PayRequest::new(Amount::new(500, "EUR"), "order-1");
    Acme::pay(request.with_data(json!({ "token": "tok_1" })))
}

fn pay_answered(answer: Answer) -> Result<PaymentOutcome> {
    let host = host();
    host.answer(answer);
    pay()
}

#[test]
fn a_payment_goes_out_with_key_reference_and_credentials() {
    let host = host();
    let body = json!({ "id": "ch_1", "status": "succeeded", "amount": 500, "currency": "EUR" });
    host.answer(Answer::json(201, body));
    let taken = Acknowledgement::new("ch_1").amount(Amount::new(500, "EUR"));
    assert_eq!(pay(), Ok(taken.succeeded()));

    let sent = host.only_request();
    assert_eq!(sent.line(), "POST https://api.acme.test/charges");
    assert_eq!(sent.header("Authorization"), Some("Bearer sk_test"));
    let key = host.idempotency_key();
    assert_eq!(sent.header("Idempotency-Key"), Some(key.as_str()));
    let expected = json!({
        "reference": host.reference(),
        "amount": 500,
        "currency": "EUR",
        "shopTransactionId": "order-1",
        "notifyUrl": null,
        "providerData": { "token": "tok_1" },
    });
    assert_eq!(sent.json(), expected);
}

#[test]
fn each_answer_becomes_its_outcome() {
    let answer = |status: &str| {
        let url = "https://acme.test/3ds";
        Answer::json(200, json!({ "id": "ch_1", "status": status, "redirectUrl": url }))
    };
    let taken = Acknowledgement::new("ch_1");
    let cases = [
        ("succeeded", taken.clone().succeeded()),
        ("authorized", taken.clone().authorized()),
        ("pending", taken.clone().pending()),
        ("redirect", taken.redirect("https://acme.test/3ds")),
    ];
    for (status, outcome) in cases {
        assert_eq!(pay_answered(answer(status)), Ok(outcome));
    }
}

#[test]
fn a_402_is_a_decline_with_acmes_code() {
    let body = json!({ "code": "insufficient_funds", "description": "no money" });
    let decline = Decline::new("insufficient_funds").description("no money");
    assert_eq!(pay_answered(Answer::json(402, body)), Ok(decline.into()));
}

#[test]
fn what_certainly_did_nothing_is_refused_and_everything_else_is_unknown() {
    let refused = [
        Answer::json(401, json!({})),
        Answer::fails(http::Error::Unreachable("no route".to_owned())),
        Answer::fails(http::Error::Denied("no grant".to_owned())),
        Answer::fails(http::Error::Overloaded),
    ];
    for answer in refused {
        let outcome = pay_answered(answer.clone());
        assert!(matches!(outcome, Err(Error::Refused(_))), "{answer:?}");
    }
    let unknown = [
        Answer::bytes(502, "<html>"),
        Answer::bytes(200, "<html>"),
        Answer::json(200, json!({ "status": "succeeded" })),
        Answer::json(200, json!({ "id": "ch_1", "status": "odd" })),
        Answer::bytes(402, ""),
        Answer::bytes(302, ""),
        Answer::fails(http::Error::Timeout),
        Answer::fails(http::Error::Interrupted("reset".to_owned())),
        Answer::fails(http::Error::TooLarge(1 << 20)),
    ];
    for answer in unknown {
        let outcome = pay_answered(answer.clone());
        assert!(matches!(outcome, Err(Error::Unknown(_))), "{answer:?}");
    }
}

#[test]
fn acmes_complaints_keep_their_meaning() {
    let outcome = |status| pay_answered(Answer::json(status, json!({})));
    assert!(matches!(outcome(404), Err(Error::NotFound(_))));
    assert!(matches!(outcome(409), Err(Error::Conflict(_))));
    assert!(matches!(outcome(422), Err(Error::Invalid(_))));
    let limited = pay_answered(Answer::bytes(429, "").header("retry-after", "7"));
    let Err(Error::Refused(refusal)) = limited else { panic!("{limited:?}") };
    assert_eq!(refusal.retry_after_ms, Some(7000));
}

#[test]
fn a_status_asks_for_the_charge_and_only_reads() {
    let host = host();
    let body = json!({ "id": "ch_1", "status": "failed", "amount": 500, "currency": "EUR" });
    host.answer(Answer::json(200, body));
    let payment = Payment::new("ch_1/../x");
    let status = host.reading(|| <Acme as Inquiry>::status(payment)).unwrap();
    assert_eq!(status.state, PaymentState::Failed);
    assert_eq!(status.amount, Some(Amount::new(500, "EUR")));
    let line = host.only_request().line();
    assert_eq!(line, "GET https://api.acme.test/charges/ch_1%2F..%2Fx");
}

#[test]
fn a_search_finds_charges_by_our_reference() {
    let host = host();
    host.answer(Answer::json(200, json!([{ "id": "ch_1", "status": "succeeded" }])));
    let query = Query {
        action: Action::Payment,
        host_reference: "ref 1".to_owned(),
        shop_transaction_id: None,
        amount: None,
        since_ms: 0,
        payment: None,
        subscription: None,
        provider_data: None,
    };
    let named = Reference::payment("ch_1").with_host_reference("ref 1");
    let expected = PaymentStatus::new(named, PaymentState::Accepted);
    assert_eq!(host.reading(|| Acme::find(query)), Ok(vec![expected]));
    let line = host.only_request().line();
    assert_eq!(line, "GET https://api.acme.test/charges?reference=ref%201");
}

#[test]
fn a_refund_is_made_and_told_about() {
    let host = host();
    host.answer(Answer::json(202, json!({ "id": "re_1", "status": "pending" })));
    let amount = Amount::new(100, "EUR");
    let request = RefundRequest::new(Payment::new("ch_1"), amount.clone());
    assert_eq!(Acme::refund(request), Ok(Refunded::new("re_1").pending()));

    host.answer(Answer::json(200, json!({ "id": "re_1", "status": "succeeded" })));
    let refund = KnownRefund::new("re_1", amount);
    let status = <Acme as Refunds>::status(Payment::new("ch_1"), refund);
    let expected = PaymentStatus::new(Reference::payment("ch_1"), PaymentState::Accepted);
    assert_eq!(status, Ok(expected.refund("re_1")));
    let lines: Vec<_> = host.requests().iter().map(|sent| sent.line()).collect();
    let expected = ["POST https://api.acme.test/charges/ch_1/refunds", "GET https://api.acme.test/refunds/re_1"];
    assert_eq!(lines, expected);
}

#[test]
fn a_refund_that_was_never_named_is_found_by_our_reference() {
    let host = host();
    host.answer(Answer::json(200, json!([{ "id": "re_1", "status": "succeeded" }])));
    let mut refund = KnownRefund::new("", Amount::new(100, "EUR"));
    refund.refund_id = None;
    refund.host_reference = "ref1".to_owned();
    let status = <Acme as Refunds>::status(Payment::new("ch_1"), refund).unwrap();
    assert_eq!(status.action_id, Some("re_1".to_owned()));
    let line = host.only_request().line();
    assert_eq!(line, "GET https://api.acme.test/refunds?reference=ref1");
}

#[test]
fn a_signed_batch_is_news_and_an_unsigned_one_is_forged() {
    let _host = host();
    let body = json!([
        { "id": "e1", "reference": "r1", "chargeId": "ch_1", "status": "succeeded", "occurredAt": 5 },
        { "id": "e2", "reference": "r2", "chargeId": "ch_1", "refundId": "re_1", "status": "failed" },
    ])
    .to_string();
    let code = testing::hmac_hex("whsec_test", &body);
    let signed = testing::webhook(body.clone());
    let signed = signed.with_header("acme-signature", format!("sha256={code}"));
    let charge = Reference::payment("ch_1").with_host_reference("r1");
    let charge = PaymentStatus::new(charge, PaymentState::Accepted);
    let refund = PaymentStatus::new(Reference::payment("ch_1"), PaymentState::Failed);
    let expected =
        vec![DatedEvent::new(charge).id("e1").occurred_at_ms(5), DatedEvent::new(refund.refund("re_1")).id("e2")];
    assert_eq!(Acme::receive(signed), Ok(Receipt::verified(expected)));

    let guessed = testing::webhook(body).with_header("Acme-Signature", "sha256=00");
    assert!(matches!(Acme::receive(guessed), Err(Rejection::Forged(_))));
    let unsigned = testing::webhook("{}");
    assert!(matches!(Acme::receive(unsigned), Err(Rejection::Forged(_))));
}

#[test]
fn news_without_a_reference_is_of_the_operation_whose_url_it_came_to() {
    let _host = host();
    let body = json!({ "id": "e1", "chargeId": "ch_1", "status": "succeeded" }).to_string();
    let code = testing::hmac_hex("whsec_test", &body);
    let mut webhook = testing::webhook(body).with_header("acme-signature", format!("sha256={code}"));
    webhook.host_reference = Some("r1".to_owned());
    let charge = Reference::payment("ch_1").with_host_reference("r1");
    let expected = DatedEvent::new(PaymentStatus::new(charge, PaymentState::Accepted)).id("e1");
    assert_eq!(Acme::receive(webhook), Ok(Receipt::verified(vec![expected])));
}

#[test]
fn a_bare_payment_id_is_only_a_reason_to_ask() {
    let _host = host();
    let mut webhook = testing::webhook("");
    webhook.url.push_str("?paymentId=ch_1");
    let asked = PaymentStatus::new(Reference::payment("ch_1"), PaymentState::Unknown);
    assert_eq!(Acme::receive(webhook), Ok(Receipt::hint(vec![DatedEvent::new(asked)])));
}
