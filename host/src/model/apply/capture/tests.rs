//! What captures and voids do to a payment.

use crate::clock::Timestamp;
use crate::model::{
    Action, ActionState, Amount, CallbackType, Capture, News, NewsState, OperationKey, Origin, Payment, PaymentState,
    Reference, Source, Target, apply,
};

const NOW: Timestamp = Timestamp(1_000);
const VERIFIED: Source = Source::Verified { can_ask: true };

fn euro(minor: u64) -> Amount {
    Amount { minor, currency: "EUR".into() }
}

fn capture(name: &str, minor: u64, last: bool) -> Capture {
    Capture {
        operation: Some(OperationKey(7)),
        void: false,
        reference: Reference(name.into()),
        ids: Vec::new(),
        amount: Some(euro(minor)),
        last,
        state: ActionState::Started,
        created_at: NOW,
    }
}

/// 5 euro reserved, with these captures under way.
fn reserved(captures: Vec<Capture>) -> Payment {
    Payment {
        amount: Some(euro(500)),
        authorized: Some(500),
        state: PaymentState::Authorized,
        captures,
        ..Payment::blank("acme", Origin::Pay, Reference("r".into()), NOW)
    }
}

fn of(source: Source, action: Action, name: &str, state: NewsState) -> News {
    let target = Target { host_reference: Some(name.into()), ..Target::default() };
    News::new(source, target, action, state)
}

fn told(payment: &Payment, news: &News) -> (Payment, Vec<CallbackType>) {
    let applied = apply(payment, news, NOW);
    let callbacks = applied.callbacks.iter().map(|callback| callback.kind).collect();
    (applied.payment, callbacks)
}

/// Rule 12.
#[test]
fn captures_hold_what_they_may_take_and_only_a_definite_failure_releases_it() {
    let mut payment = reserved(vec![capture("c-1", 200, false)]);
    for (state, left) in [
        (ActionState::Started, 300),
        (ActionState::Unknown, 300),
        (ActionState::Accepted, 300),
        (ActionState::Failed, 500),
        (ActionState::NotExecuted, 500),
    ] {
        payment.captures[0].state = state;
        assert_eq!(payment.capturable(), Some(left), "{state:?}");
    }
    payment.captures[0] = Capture { last: true, state: ActionState::Accepted, ..capture("c-1", 200, true) };
    assert_eq!(payment.capturable(), Some(0), "no further one was to follow");
    payment.captures[0] = Capture { void: true, ..capture("v-1", 500, true) };
    assert_eq!(payment.capturable(), Some(0), "a void that is not decided holds all of it");
}

/// Rule 14.
#[test]
fn what_was_captured_elsewhere_counts_and_is_told() {
    let mut payment = reserved(Vec::new());
    (payment.state, payment.captured) = (PaymentState::Accepted, Some(200));
    assert_eq!(payment.capturable(), Some(300));
    let mut shown = News::new(Source::Inquiry, Target::default(), Action::Payment, NewsState::Accepted);
    shown.captured = Some(euro(350));
    let (payment, callbacks) = told(&payment, &shown);
    assert_eq!((payment.captured, payment.capturable()), (Some(350), Some(150)));
    assert_eq!(callbacks, [CallbackType::PaymentAccepted]);
    assert_eq!(told(&payment, &shown).1, []);
}

#[test]
fn captures_add_up_and_each_is_told_once() {
    let payment = reserved(vec![capture("c-1", 200, false), capture("c-2", 300, true)]);
    let first = of(Source::Answer, Action::Capture, "c-1", NewsState::Accepted);
    let (payment, callbacks) = told(&payment, &first);
    assert_eq!((payment.state, payment.captured), (PaymentState::Accepted, Some(200)));
    assert_eq!(callbacks, [CallbackType::PaymentAccepted]);
    let (payment, callbacks) = told(&payment, &of(VERIFIED, Action::Capture, "c-2", NewsState::Accepted));
    assert_eq!((payment.captured, callbacks), (Some(500), vec![CallbackType::PaymentAccepted]));
    let (again, callbacks) = told(&payment, &first);
    assert_eq!((again.captured, callbacks), (Some(500), vec![]));
}

#[test]
fn a_capture_that_fails_leaves_the_payment_reserved_and_says_so() {
    let payment = reserved(vec![capture("c-1", 500, true)]);
    let unknown = of(Source::Answer, Action::Capture, "c-1", NewsState::Unknown);
    let (payment, callbacks) = told(&payment, &unknown);
    assert_eq!((payment.state, callbacks), (PaymentState::Authorized, vec![CallbackType::PaymentPending]));
    let (payment, callbacks) = told(&payment, &of(Source::Inquiry, Action::Capture, "c-1", NewsState::Failed(None)));
    assert_eq!((payment.state, payment.captured), (PaymentState::Authorized, None));
    assert_eq!((callbacks, payment.capturable()), (vec![CallbackType::PaymentAuthorized], Some(500)));
}

/// The answer of a capture is lost; the payment tells what became of it, and it is counted once.
#[test]
fn a_payment_that_shows_its_capture_settles_it() {
    for state in [ActionState::Started, ActionState::Unknown] {
        let payment = reserved(vec![Capture { state, ..capture("c-1", 200, true) }]);
        let shown = News::new(Source::Inquiry, Target::default(), Action::Payment, NewsState::Accepted);
        let (payment, callbacks) = told(&payment, &shown);
        assert_eq!((payment.captured, payment.captures[0].state), (Some(200), ActionState::Accepted));
        assert_eq!(callbacks, [CallbackType::PaymentAccepted]);
        let (payment, callbacks) = told(&payment, &of(Source::Answer, Action::Capture, "c-1", NewsState::Accepted));
        assert_eq!((payment.captured, callbacks), (Some(200), vec![]));
    }
}

#[test]
fn a_total_that_has_grown_by_the_capture_settles_it() {
    let done = Capture { state: ActionState::Accepted, ..capture("c-0", 100, false) };
    let lost = Capture { state: ActionState::Unknown, ..capture("c-1", 200, false) };
    let payment = Payment { captured: Some(100), ..reserved(vec![done, lost]) };
    let mut shown = News::new(Source::Inquiry, Target::default(), Action::Payment, NewsState::Authorized);
    shown.captured = Some(euro(100));
    assert_eq!(told(&payment, &shown).0.captures[1].state, ActionState::Unknown);
    shown.captured = Some(euro(300));
    let (payment, callbacks) = told(&payment, &shown);
    assert_eq!((payment.captured, payment.captures[1].state), (Some(300), ActionState::Accepted));
    assert_eq!(callbacks, [CallbackType::PaymentAccepted]);
    assert!(!apply(&payment, &shown, NOW).differs_from(&payment));
}

#[test]
fn a_void_releases_all_of_it() {
    let payment = reserved(vec![Capture { void: true, ..capture("v-1", 500, true) }]);
    let (voided, callbacks) = told(&payment, &of(Source::Answer, Action::Void, "v-1", NewsState::Accepted));
    assert_eq!((voided.state, voided.captured), (PaymentState::Voided, Some(0)));
    assert_eq!(callbacks, [CallbackType::PaymentVoided]);
    let shown = News::new(Source::Inquiry, Target::default(), Action::Payment, NewsState::Voided);
    assert_eq!(told(&payment, &shown).0.captures[0].state, ActionState::Accepted, "the payment shows it");
}
