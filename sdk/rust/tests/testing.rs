//! The fake host keeps the promises of the real one, as far as a unit test can tell.

use std::time::Duration;

use provost_sdk::operation::Name;
use provost_sdk::prelude::*;
use provost_sdk::secrets::{Encoding, Hash, Piece};
use provost_sdk::testing::{Answer, Host};

#[test]
fn the_provider_sees_the_secrets_and_the_plugin_does_not() {
    let host = Host::new().secret("password", "p\"w&");
    host.answer(Answer::bytes(200, ""));
    let placeholder = secrets::placeholder_as("password", Encoding::Form).unwrap();
    assert!(!placeholder.contains("p\"w"));
    http::post("https://api.acme.test/token")
        .basic("user", "password")
        .form([("key", "a b"), ("secret", "x")])
        .header("X-Key", format!("key {placeholder}"))
        .send()
        .unwrap();
    let sent = host.only_request();
    assert_eq!(sent.header("authorization"), Some("Basic dXNlcjpwIncm"));
    assert_eq!(sent.header("x-key"), Some("key p%22w%26"));
    assert_eq!(sent.text(), "key=a%20b&secret=x");
    let form = "application/x-www-form-urlencoded";
    assert_eq!(sent.header("content-type"), Some(form));
}

#[test]
fn keys_stay_the_same_over_attempts_and_differ_by_step_and_operation() {
    let host = Host::new();
    let keys = || {
        let step = operation::idempotency_key_for("capture");
        (operation::idempotency_key(), step, operation::reference())
    };
    let first = keys();
    assert_ne!(first.0, first.1);
    host.next_attempt();
    assert_eq!((keys(), operation::attempt()), (first.clone(), 2));
    host.next_operation();
    let other = keys();
    assert!(other.0 != first.0 && other.1 != first.1 && other.2 != first.2);
    assert_eq!((other.0.len(), &other.0[14..15]), (36, "4"));
}

#[test]
fn a_reading_call_is_denied_what_the_description_does_not_declare_safe() {
    const API: &str = "https://api.acme.test";
    let search = || http::post(http::url(API, ["search"])).safe().send();
    let description = Description::new("acme", "1").safe_request("POST", API, "/search");
    let host = Host::new();
    let denied = host.reading(search);
    assert!(matches!(denied, Err(http::Error::Denied(_))));

    let host = host.described(&description);
    host.answer(Answer::bytes(204, ""));
    host.answer(Answer::bytes(204, ""));
    assert!(host.reading(search).is_ok());
    assert!(host.reading(|| http::get(API).send()).is_ok());
    let denied = host.reading(|| http::post(http::url(API, ["charges"])).send());
    assert!(matches!(denied, Err(http::Error::Denied(_))));
}

#[test]
fn the_store_forgets_when_the_time_is_up() {
    let host = Host::new();
    state::set_json("token", &json!({ "a": 1 }), Some(Duration::from_secs(60))).unwrap();
    host.advance(Duration::from_secs(59));
    assert_eq!(state::get_json("token"), Ok(Some(json!({ "a": 1 }))));
    clock::sleep(Duration::from_secs(1));
    assert_eq!(state::get("token"), Ok(None));
    state::set("token", b"x", None).unwrap();
    state::remove("token").unwrap();
    assert_eq!(host.stored("token"), None);
}

#[test]
fn the_store_takes_no_key_and_no_value_of_any_size() {
    let _host = Host::new();
    let key = |length| "k".repeat(length);
    assert_eq!(state::set(&key(255), &[0; 64 << 10], None), Ok(()));
    assert_eq!(state::set("k", &[0; (64 << 10) + 1], None), Err(state::Error::TooLarge));
    assert_eq!(state::set(&key(256), b"", None), Err(state::Error::TooLarge));
    assert_eq!(state::get(&key(256)), Err(state::Error::TooLarge));
    assert_eq!(state::remove(&key(256)), Err(state::Error::TooLarge));
}

#[test]
fn amounts_and_intervals_are_kept_as_json() {
    let kept = json!({ "amount": Amount::new(1299, "EUR"), "interval": Interval::Month });
    assert_eq!(kept, json!({ "amount": { "minor": 1299, "currency": "EUR" }, "interval": "MONTH" }));
    let host = Host::new();
    state::set_json("kept", &(Amount::new(5, "JPY"), Interval::Day), None).unwrap();
    assert_eq!(state::get_json("kept"), Ok(Some((Amount::new(5, "JPY"), Interval::Day))));
    assert_eq!(host.stored("kept").as_deref(), Some(br#"[{"minor":5,"currency":"JPY"},"DAY"]"#.as_slice()));
}

#[test]
fn hashes_are_verified_under_every_current_value() {
    let host = Host::new().secret("webhook", "old");
    let old = secrets::hmac("webhook", Hash::Sha512, b"data").unwrap();
    let _host = host.secret("webhook", "new");
    assert_eq!(secrets::verify_hmac("webhook", Hash::Sha512, b"data", &old), Ok(true));
    assert_eq!(secrets::verify_hmac("webhook", Hash::Sha512, b"other", &old), Ok(false));
    assert_eq!(secrets::matches("webhook", b"old"), Ok(true));
    assert_eq!(secrets::matches("webhook", b"guess"), Ok(false));
    let pieces = [Piece::plain("data"), Piece::secret("webhook")];
    let digest = secrets::digest(Hash::Sha1, &pieces).unwrap();
    assert_eq!(secrets::verify_digest(Hash::Sha1, &pieces, &digest), Ok(true));
}

#[test]
fn money_is_converted_exactly_or_not_at_all() {
    let _host = Host::new().described(&Description::new("acme", "1").exponent("ISK", 2));
    let cases = [(1299, "EUR", "12.99"), (5, "EUR", "0.05"), (500, "JPY", "500"), (1230, "KWD", "1.230")];
    for (minor, currency, decimal) in cases {
        let amount = Amount::new(minor, currency);
        assert_eq!(amount.to_decimal().as_deref(), Ok(decimal));
        assert_eq!(Amount::from_decimal(decimal, currency), Ok(amount));
    }
    for (decimal, currency) in
        [("1.001", "EUR"), ("1.5", "JPY"), ("-1", "EUR"), ("1e3", "EUR"), ("", "EUR"), ("1", "XXX")]
    {
        assert!(Amount::from_decimal(decimal, currency).is_err(), "{decimal}");
    }
    assert_eq!(Amount::new(7, "ISK").to_provider_minor(), Ok(700));
    assert_eq!(Amount::from_provider_minor(700, "ISK"), Ok(Amount::new(7, "ISK")));
    assert!(Amount::from_provider_minor(701, "ISK").is_err());
}

#[test]
fn what_a_plugin_says_on_the_way_can_be_looked_at() {
    let host = Host::new();
    operation::learned_payment("ch_1");
    log::warn("odd", &[("id", "ch_1")]);
    callbacks::payment(PaymentStatus::new(Reference::payment("ch_1"), PaymentState::Accepted));
    assert_eq!(host.learned(), [Name::Payment("ch_1".to_owned())]);
    assert_eq!(host.logged()[0].message, "odd");
    assert_eq!(host.emitted().len(), 1);
}

#[test]
#[should_panic(expected = "no answer is scripted for `GET https://api.acme.test`")]
fn a_request_that_nobody_scripted_fails_the_test() {
    let _host = Host::new();
    let _ = http::get("https://api.acme.test").send();
}

#[test]
#[should_panic(expected = "1 scripted answers were not asked for")]
fn an_answer_that_nobody_asked_for_fails_the_test() {
    Host::new().answer(Answer::bytes(200, ""));
}

#[test]
#[should_panic(expected = "no host")]
fn a_call_without_a_host_says_what_is_missing() {
    operation::reference();
}
