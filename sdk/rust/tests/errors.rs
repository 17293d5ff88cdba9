//! What `?` makes of everything that can go wrong: an error may claim that nothing was done only
//! while that is certain.

use provost_sdk::prelude::*;
use provost_sdk::testing::{Answer, Host};

const API: &str = "https://api.acme.test";

fn write() -> Result<http::Response> {
    http::post(API).json(&json!({})).send()?.success()
}

fn read() -> Result<http::Response> {
    http::get(API).send()?.success()
}

fn is_unknown<T>(result: &Result<T>) -> bool {
    matches!(result, Err(Error::Unknown(_)))
}

#[test]
fn what_did_not_leave_is_refused_and_what_may_have_left_is_unknown() {
    let cases = [
        (http::Error::Denied(String::new()), false),
        (http::Error::Invalid(String::new()), false),
        (http::Error::Unreachable(String::new()), false),
        (http::Error::Overloaded, false),
        (http::Error::Interrupted(String::new()), true),
        (http::Error::Timeout, true),
        (http::Error::TooLarge(1), true),
    ];
    for (error, unknown) in cases {
        assert_eq!(error.may_have_left(), unknown);
        let host = Host::new();
        host.answer(Answer::fails(error.clone()));
        let result = write();
        assert_eq!(is_unknown(&result), unknown, "{error:?}");
        assert_eq!(matches!(result, Err(Error::Refused(_))), !unknown);
    }
}

#[test]
fn a_missing_credential_is_refused_and_nothing_leaves() {
    let host = Host::new();
    let sent = http::post(API).bearer("api_key").send();
    assert!(matches!(sent, Err(http::Error::Denied(_))));
    let sent = http::post(API).basic("user", "password").send();
    assert!(matches!(sent, Err(http::Error::Denied(_))));
    assert!(host.requests().is_empty());
}

#[test]
fn statuses_mean_what_they_usually_mean() {
    let outcome = |status: u16| {
        let host = Host::new();
        host.answer(Answer::bytes(status, ""));
        write().map(|answer| answer.status())
    };
    assert_eq!(outcome(201), Ok(201));
    assert!(matches!(outcome(400), Err(Error::Invalid(_))));
    assert!(matches!(outcome(401), Err(Error::Refused(_))));
    assert!(matches!(outcome(404), Err(Error::NotFound(_))));
    assert!(matches!(outcome(409), Err(Error::Conflict(_))));
    assert!(matches!(outcome(422), Err(Error::Invalid(_))));
    assert!(matches!(outcome(429), Err(Error::Refused(_))));
    for status in [100, 302, 500, 503, 599] {
        assert!(is_unknown(&outcome(status)), "{status}");
    }
}

#[test]
fn once_a_write_was_accepted_nothing_claims_that_nothing_was_done() {
    let failures = [
        Answer::fails(http::Error::Unreachable(String::new())),
        Answer::fails(http::Error::Denied(String::new())),
        Answer::bytes(404, ""),
        Answer::bytes(409, ""),
        Answer::bytes(422, ""),
        Answer::bytes(429, ""),
    ];
    for failure in failures {
        let host = Host::new();
        host.answer(Answer::bytes(200, ""));
        host.answer(failure.clone());
        write().unwrap();
        assert!(is_unknown(&read()), "{failure:?}");
    }
    let _host = Host::new();
    let refused: Error = secrets::placeholder("none").unwrap_err().into();
    assert!(matches!(refused, Error::Refused(_)));
}

#[test]
fn a_write_that_was_refused_is_no_step_and_neither_is_a_safe_one_nor_a_read() {
    let steps: [fn() -> Result<http::Response, http::Error>; 3] =
        [|| http::post(API).send(), || http::post(API).safe().send(), || http::get(API).send()];
    for (status, step) in [402, 200, 200].into_iter().zip(steps) {
        let host = Host::new();
        host.answer(Answer::bytes(status, ""));
        host.answer(Answer::bytes(404, ""));
        step().unwrap();
        assert!(matches!(read(), Err(Error::NotFound(_))));
    }
}

#[test]
fn the_next_call_begins_afresh() {
    let host = Host::new();
    for status in [200, 404, 404] {
        host.answer(Answer::bytes(status, ""));
    }
    write().unwrap();
    assert!(is_unknown(&read()));
    host.next_operation();
    assert!(matches!(read(), Err(Error::NotFound(_))));
}

#[test]
fn an_answer_that_cannot_be_read_is_unknown_and_its_values_are_not_told() {
    let read = |body: &str| -> Result<u64> { Ok(serde_json::from_str(body)?) };
    let Err(Error::Unknown(loss)) = read("\"4111111111111111\"") else { panic!("not unknown") };
    assert!(!loss.reason.contains("4111"), "{}", loss.reason);
    assert!(loss.reason.contains("line 1"));
}

#[test]
fn what_the_caller_sent_wrongly_is_the_callers_fault() {
    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Data {
        token: String,
    }
    let request = PayRequest::new(Amount::new(1, "EUR"), "order");
    let Err(Error::Invalid(faults)) = request.data::<Data>() else { panic!("not invalid") };
    assert_eq!(faults[0].pointer, "/providerData");
    assert!(faults[0].reason.contains("token"));
    let request = request.with_data(json!({ "token": "tok" }));
    let token = "tok".to_owned();
    assert_eq!(request.data(), Ok(Data { token }));
}
