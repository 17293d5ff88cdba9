//! The tables of rules 11 to 13 and 28, and properties over any order of any news.

use super::*;
use crate::model::{ActionState, Amount, Destination, OperationKey, PaymentKey, Reference, Refund, Target};

const NOW: Timestamp = Timestamp(1_000_000);

fn euro(minor: u64) -> Amount {
    Amount { minor, currency: "EUR".into() }
}

fn payment(state: PaymentState) -> Payment {
    Payment {
        key: PaymentKey(1),
        shop_transaction_id: Some("shop-1".into()),
        amount: Some(euro(500)),
        state,
        ids: vec!["p-1".into()],
        ..Payment::blank("acme", Origin::Pay, Reference("r".repeat(32)), Timestamp(0))
    }
}

fn refund(state: ActionState, id: Option<&str>) -> Refund {
    Refund {
        operation: Some(OperationKey(7)),
        reference: Reference("f".repeat(32)),
        ids: id.map(str::to_owned).into_iter().collect(),
        told: None,
        amount: euro(200),
        state,
        description: None,
        carry: None,
        created_at: Timestamp(0),
    }
}

fn news(source: Source, state: NewsState) -> News {
    News::new(source, Target::default(), Action::Payment, state)
}

fn news_state(state: PaymentState) -> NewsState {
    match state {
        PaymentState::Started | PaymentState::Unknown => NewsState::Unknown,
        PaymentState::Pending => NewsState::Pending,
        PaymentState::ActionRequired => {
            NewsState::ActionRequired(Destination { web: Some("https://x".into()), app: None })
        }
        PaymentState::Authorized => NewsState::Authorized,
        PaymentState::Accepted => NewsState::Accepted,
        PaymentState::Failed => NewsState::Failed(None),
        PaymentState::Voided => NewsState::Voided,
        PaymentState::NotExecuted => NewsState::NotExecuted,
        PaymentState::NotCharged => NewsState::NotCharged,
    }
}

const VERIFIED: Source = Source::Verified { can_ask: true };
const CANNOT_ASK: Source = Source::Verified { can_ask: false };

/// Known, reported, by whom → state, callback, ask.
#[test]
fn news_changes_a_payment_only_as_rule_11_allows() {
    use CallbackType as C;
    use PaymentState as S;
    use Source::{Answer, Inquiry};
    let cases = [
        (S::Started, S::Accepted, Answer, S::Accepted, Some(C::PaymentAccepted), false),
        (S::Started, S::Unknown, Answer, S::Unknown, Some(C::PaymentPending), false),
        (S::Started, S::NotExecuted, Answer, S::NotExecuted, None, false),
        (S::Started, S::ActionRequired, Answer, S::ActionRequired, Some(C::PaymentPending), false),
        (S::Started, S::Unknown, Inquiry, S::Started, None, false),
        (S::Unknown, S::Pending, Inquiry, S::Pending, Some(C::PaymentPending), false),
        (S::Unknown, S::Failed, VERIFIED, S::Failed, Some(C::PaymentFailed), false),
        (S::Unknown, S::NotExecuted, Inquiry, S::NotExecuted, Some(C::PaymentFailed), false),
        (S::Pending, S::Unknown, Inquiry, S::Pending, None, false),
        (S::Pending, S::Accepted, VERIFIED, S::Accepted, Some(C::PaymentAccepted), false),
        (S::Pending, S::ActionRequired, Answer, S::ActionRequired, None, false),
        (S::ActionRequired, S::Pending, Inquiry, S::ActionRequired, None, false),
        (S::ActionRequired, S::Pending, VERIFIED, S::Pending, Some(C::PaymentPending), false),
        (S::ActionRequired, S::Authorized, VERIFIED, S::Authorized, Some(C::PaymentAuthorized), false),
        (S::Authorized, S::Pending, VERIFIED, S::Authorized, None, false),
        (S::Authorized, S::Accepted, VERIFIED, S::Accepted, Some(C::PaymentAccepted), false),
        (S::Authorized, S::Voided, Inquiry, S::Voided, Some(C::PaymentVoided), false),
        (S::Accepted, S::Accepted, VERIFIED, S::Accepted, None, false),
        (S::Accepted, S::Failed, VERIFIED, S::Accepted, None, true),
        (S::Accepted, S::Failed, CANNOT_ASK, S::Accepted, None, true),
        (S::Accepted, S::Failed, Answer, S::Accepted, None, true),
        (S::Accepted, S::Failed, Inquiry, S::Failed, Some(C::PaymentFailed), false),
        (S::Accepted, S::NotExecuted, Answer, S::Accepted, None, true),
        (S::Accepted, S::Pending, Inquiry, S::Accepted, None, false),
        (S::Failed, S::Accepted, VERIFIED, S::Failed, None, true),
        (S::Failed, S::Accepted, CANNOT_ASK, S::Accepted, Some(C::PaymentLateSuccess), false),
        (S::Failed, S::Accepted, Inquiry, S::Accepted, Some(C::PaymentLateSuccess), false),
        (S::Failed, S::Pending, VERIFIED, S::Failed, None, false),
        (S::NotExecuted, S::Accepted, VERIFIED, S::NotExecuted, None, true),
        (S::NotExecuted, S::Accepted, Inquiry, S::Accepted, Some(C::PaymentLateSuccess), false),
        (S::NotExecuted, S::Failed, VERIFIED, S::NotExecuted, None, false),
    ];
    for (known, reported, source, state, callback, ask) in cases {
        let case = format!("{known:?} + {reported:?} by {source:?}");
        let applied = apply(&payment(known), &news(source, news_state(reported)), NOW);
        assert_eq!(applied.payment.state, state, "{case}");
        assert_eq!(
            applied.callbacks.iter().map(|callback| callback.kind).collect::<Vec<_>>(),
            Vec::from_iter(callback),
            "{case}"
        );
        assert_eq!(applied.ask, ask, "{case}");
    }
}

/// Rule 11.
#[test]
fn where_the_provider_cannot_be_asked_verified_news_makes_failed_accepted_and_never_the_reverse() {
    for state in [PaymentState::Failed, PaymentState::Voided, PaymentState::NotExecuted] {
        let accepted = apply(&payment(state), &news(CANNOT_ASK, NewsState::Accepted), NOW);
        assert_eq!((accepted.payment.state, accepted.ask), (PaymentState::Accepted, false), "{state:?}");
        assert_eq!(accepted.callbacks[0].kind, CallbackType::PaymentLateSuccess, "{state:?}");
        let reverse = apply(&payment(PaymentState::Accepted), &news(CANNOT_ASK, news_state(state)), NOW);
        assert_eq!((reverse.payment.state, reverse.callbacks), (PaymentState::Accepted, vec![]), "{state:?}");
    }
}

#[test]
fn news_of_a_payment_held_for_not_executed_alerts() {
    let applied = apply(&payment(PaymentState::NotExecuted), &news(VERIFIED, NewsState::Accepted), NOW);
    assert_eq!(applied.alert, Some("not_executed_was_wrong"));
}

#[test]
fn a_payers_time_that_was_over_before_the_payment_began_is_not_believed() {
    let known = Payment { created_at: NOW, ..payment(PaymentState::Started) };
    for (said, kept) in
        [(Timestamp(NOW.0 + 1), true), (NOW, true), (Timestamp(NOW.0 - 1), false), (Timestamp(0), false)]
    {
        let mut redirect = news(Source::Answer, news_state(PaymentState::ActionRequired));
        redirect.expires_at = Some(said);
        let applied = apply(&known, &redirect, NOW);
        assert_eq!(applied.payment.expires_at, Some(said).filter(|_| kept), "{said:?}");
    }
}

/// Rule 11: what an answer may not say that is older than what is known.
#[test]
fn an_answer_undoes_what_it_takes_back_and_nothing_that_goes_on() {
    use PaymentState as S;
    let undoing = [
        (S::Accepted, S::Failed),
        (S::Authorized, S::Failed),
        (S::Authorized, S::Voided),
        (S::Failed, S::Accepted),
        (S::Voided, S::Authorized),
        (S::Unknown, S::NotExecuted),
    ];
    let going_on = [(S::Authorized, S::Accepted), (S::Pending, S::Failed), (S::Unknown, S::Accepted)];
    for (cases, undoes) in [(&undoing[..], true), (&going_on[..], false)] {
        for (known, told) in cases {
            let known = payment(*known);
            let applied = apply(&known, &news(Source::Inquiry, news_state(*told)), NOW);
            assert_ne!(applied.payment.state, known.state, "{told:?}");
            assert_eq!(applied.undoes(&known), undoes, "{:?} {told:?}", known.state);
        }
    }
}

#[test]
fn older_news_never_wins_over_newer() {
    let mut known = payment(PaymentState::Pending);
    known.observed_at = Some(Timestamp(500));
    let mut older = news(VERIFIED, NewsState::Failed(None));
    older.occurred_at = Some(Timestamp(499));
    let applied = apply(&known, &older, NOW);
    assert_eq!((applied.payment.state, applied.ask), (PaymentState::Pending, true));
    older.occurred_at = Some(Timestamp(501));
    assert_eq!(apply(&known, &older, NOW).payment.state, PaymentState::Failed);
}

/// Rule 13, for webhooks and polls.
#[test]
fn an_amount_that_disagrees_is_not_believed() {
    let mut wrong = news(Source::Inquiry, NewsState::Accepted);
    wrong.amount = Some(euro(400));
    let applied = apply(&payment(PaymentState::Pending), &wrong, NOW);
    assert_eq!((applied.payment.state, applied.alert), (PaymentState::Pending, Some("amount_disagrees")));
    assert!(applied.payment.review.is_some());
    wrong.partial = true;
    let applied = apply(&payment(PaymentState::Pending), &wrong, NOW);
    assert_eq!((applied.payment.state, applied.payment.captured), (PaymentState::Accepted, Some(400)));
    wrong.partial = false;
    assert_eq!(apply(&applied.payment, &wrong, NOW).alert, None, "the amount that was agreed before stays agreed");
}

/// Rule 13: what was captured is at most what was asked, in its currency.
#[test]
fn a_captured_amount_beyond_what_was_asked_is_not_believed() {
    let dollars = Amount { minor: 400, currency: "USD".into() };
    for (captured, believed) in [(euro(500), true), (euro(400), true), (euro(501), false), (dollars, false)] {
        let whole = News { captured: Some(captured.clone()), ..news(Source::Inquiry, NewsState::Accepted) };
        let capture = News { action: Action::Capture, ..whole.clone() };
        let amount = News { captured: None, amount: Some(captured.clone()), ..capture.clone() };
        for news in [whole, capture, amount] {
            let applied = apply(&payment(PaymentState::Authorized), &news, NOW);
            let expected = if believed {
                (PaymentState::Accepted, Some(captured.minor), None)
            } else {
                (PaymentState::Authorized, None, Some("amount_disagrees"))
            };
            assert_eq!((applied.payment.state, applied.payment.captured, applied.alert), expected, "{news:?}");
            assert_eq!(applied.payment.review.is_some(), !believed);
        }
    }
}

/// Rule 13: amount said, marked partial, and whether the refund changes; each of them is for a person to look at.
#[test]
fn a_refund_whose_amount_disagrees_is_flagged_and_not_believed_unless_it_is_partial() {
    let dollars = Amount { minor: 200, currency: "USD".into() };
    for (said, partial, believed) in [
        (euro(150), false, false),
        (euro(250), false, false),
        (dollars.clone(), false, false),
        (euro(150), true, true),
        (euro(250), true, false),
        (dollars, true, false),
    ] {
        for (source, state) in [(VERIFIED, NewsState::Accepted), (Source::Inquiry, NewsState::Failed(None))] {
            let mut known = payment(PaymentState::Accepted);
            known.refunds = vec![refund(ActionState::Pending, Some("f-1"))];
            let mut told = News::new(source, Target::default(), Action::Refund, state);
            (told.action_id, told.amount, told.partial) = (Some("f-1".into()), Some(said.clone()), partial);
            let applied = apply(&known, &told, NOW);
            assert_eq!(applied.payment.refunds[0].state != ActionState::Pending, believed, "{told:?}");
            assert_eq!(applied.callbacks.len(), usize::from(believed));
            assert!(applied.payment.review.is_some() && applied.alert == Some("amount_disagrees"), "{told:?}");
        }
    }
}

/// The answer's own disagreement was made *pending* already: the refund must not stay *started*.
#[test]
fn an_answer_whose_refund_disagrees_leaves_it_pending_and_flagged() {
    let mut known = payment(PaymentState::Accepted);
    known.refunds = vec![refund(ActionState::Started, None)];
    let target = Target { host_reference: Some("f".repeat(32)), ..Target::default() };
    let mut answer = News::new(Source::Answer, target, Action::Refund, NewsState::Pending);
    (answer.amount, answer.review) = (Some(euro(150)), Some("asked for 200".into()));
    let applied = apply(&known, &answer, NOW);
    assert_eq!(applied.payment.refunds[0].state, ActionState::Pending);
    assert!(applied.payment.review.is_some() && applied.alert == Some("amount_disagrees"));
}

#[test]
fn a_refund_in_another_currency_is_flagged_and_neither_adopted_nor_counted() {
    let mut elsewhere = News::new(VERIFIED, Target::default(), Action::Refund, NewsState::Accepted);
    elsewhere.action_id = Some("f-9".into());
    elsewhere.amount = Some(Amount { minor: 100, currency: "USD".into() });
    let applied = apply(&payment(PaymentState::Accepted), &elsewhere, NOW);
    assert_eq!((applied.payment.refunds.len(), applied.payment.refunded, applied.later), (0, 0, false));
    assert!(applied.payment.review.is_some() && applied.alert == Some("amount_disagrees"));
    // An adopted payment may have learnt its amount after its refund.
    let mut known = payment(PaymentState::Accepted);
    known.refunds = vec![refund(ActionState::Accepted, Some("f-1")), refund(ActionState::Accepted, Some("f-2"))];
    known.refunds[1].amount.currency = "USD".into();
    assert_eq!(known.paid_back(), 200);
}

#[test]
fn every_name_learnt_is_kept_and_the_first_told_id_stays() {
    let mut known = payment(PaymentState::Unknown);
    known.told = Some("r".repeat(32));
    let mut told = news(Source::Inquiry, NewsState::Accepted);
    told.target.payment_ids = vec!["p-2".into(), "p-1".into()];
    let applied = apply(&known, &told, NOW);
    assert_eq!(applied.payment.ids, ["p-1", "p-2"]);
    assert_eq!(applied.payment.shown_id(), "r".repeat(32));
}

#[test]
fn names_without_end_are_not_kept_and_a_person_is_told() {
    let mut many = news(Source::Inquiry, NewsState::Accepted);
    many.target.payment_ids = (0..100).map(|number| format!("p-{number}")).collect();
    let applied = apply(&payment(PaymentState::Pending), &many, NOW);
    assert_eq!((applied.payment.ids.len(), applied.alert), (IDS, Some("too_many_names")));
    assert_eq!(applied.payment.state, PaymentState::Accepted, "what the news says counts all the same");
    many.target.payment_ids.truncate(IDS);
    assert_eq!(apply(&applied.payment, &many, NOW).alert, None, "known ones need no room");

    let mut known = payment(PaymentState::Accepted);
    let mut elsewhere = News::new(VERIFIED, Target::default(), Action::Refund, NewsState::Accepted);
    elsewhere.amount = Some(euro(1));
    for number in 0..=ADOPTED {
        elsewhere.action_id = Some(format!("f-{number}"));
        let applied = apply(&known, &elsewhere, NOW);
        assert_eq!(applied.alert, (number == ADOPTED).then_some("too_many_names"));
        known = applied.payment;
    }
    assert_eq!(known.refunds.len(), ADOPTED);
}

/// Rule 12.
#[test]
fn open_refunds_hold_their_amount_and_only_a_definite_failure_releases_it() {
    let mut known = payment(PaymentState::Accepted);
    known.captured = Some(500);
    for (state, left) in [
        (ActionState::Started, 300),
        (ActionState::Unknown, 300),
        (ActionState::Pending, 300),
        (ActionState::Failed, 500),
        (ActionState::NotExecuted, 500),
    ] {
        known.refunds = vec![refund(state, None)];
        assert_eq!(known.refundable(), Some(left), "{state:?}");
    }
}

#[test]
fn a_refund_is_told_once_and_counted_once() {
    let mut known = payment(PaymentState::Accepted);
    known.captured = Some(500);
    known.refunds = vec![refund(ActionState::Pending, Some("f-1"))];
    let mut accepted = News::new(VERIFIED, Target::default(), Action::Refund, NewsState::Accepted);
    accepted.action_id = Some("f-1".into());
    let once = apply(&known, &accepted, NOW);
    assert_eq!(once.payment.refunded, 200);
    assert_eq!(once.callbacks, [Callback { kind: CallbackType::RefundAccepted, about: About::Refund(0) }]);
    let twice = apply(&once.payment, &accepted, NOW);
    assert!(!twice.differs_from(&once.payment));
}

#[test]
fn a_refund_that_was_told_as_pending_and_never_happened_is_told_as_failed() {
    let cases = [
        (ActionState::Started, Source::Answer, None),
        (ActionState::Unknown, Source::Inquiry, Some(CallbackType::RefundFailed)),
    ];
    for (state, source, told) in cases {
        let mut known = payment(PaymentState::Accepted);
        known.refunds = vec![refund(state, None)];
        let target = Target { host_reference: Some("f".repeat(32)), ..Target::default() };
        let applied = apply(&known, &News::new(source, target, Action::Refund, NewsState::NotExecuted), NOW);
        assert_eq!(applied.payment.refunds[0].state, ActionState::NotExecuted);
        assert_eq!(applied.callbacks.iter().map(|callback| callback.kind).collect::<Vec<_>>(), Vec::from_iter(told));
    }
}

#[test]
fn a_refund_made_elsewhere_is_adopted_unless_one_of_ours_is_unnamed() {
    let mut elsewhere = News::new(VERIFIED, Target::default(), Action::Refund, NewsState::Accepted);
    elsewhere.action_id = Some("f-9".into());
    elsewhere.amount = Some(euro(100));
    let adopted = apply(&payment(PaymentState::Accepted), &elsewhere, NOW);
    assert_eq!((adopted.payment.refunds.len(), adopted.payment.refunded), (1, 100));
    assert_eq!(adopted.callbacks.len(), 1);
    let mut racing = payment(PaymentState::Accepted);
    racing.refunds = vec![refund(ActionState::Started, None)];
    let applied = apply(&racing, &elsewhere, NOW);
    assert_eq!((applied.payment.refunds.len(), applied.ask, applied.later), (1, true, true));
    elsewhere.source = Source::Inquiry;
    let applied = apply(&racing, &elsewhere, NOW);
    assert_eq!((applied.ask, applied.later), (false, true), "an answer to a question does not ask it again");
    racing.refunds[0].state = ActionState::Failed;
    assert!(!apply(&racing, &elsewhere, NOW).later);
}

#[test]
fn a_question_that_waits_ends_with_a_decision_and_with_nothing_less() {
    let mut known = payment(PaymentState::Started);
    known.ask_at = Some(NOW);
    let pending = apply(&known, &news(Source::Answer, NewsState::Pending), NOW).payment;
    assert_eq!(pending.ask_at, Some(NOW));
    let accepted = apply(&pending, &news(Source::Inquiry, NewsState::Accepted), NOW).payment;
    assert_eq!(accepted.ask_at, None);
}

/// Rule 14: what a plugin asks for counts only where the payment is still open.
#[test]
fn a_follow_up_is_wanted_only_while_the_payment_is_open() {
    let mut asks = news(VERIFIED, NewsState::Authorized);
    asks.follow_ups = vec![FollowUp::Capture, FollowUp::Resume("{}".into())];
    let wanted = |known: PaymentState| apply(&payment(known), &asks, NOW).follow_ups.len();
    assert_eq!([wanted(PaymentState::Pending), wanted(PaymentState::Authorized)], [2, 2]);
    assert_eq!([wanted(PaymentState::Accepted), wanted(PaymentState::Voided)], [0, 0]);
}

/// A link that was made is told as one; what becomes of its payment is told as of any other.
#[test]
fn a_link_is_told_with_its_url() {
    let mut known = payment(PaymentState::Started);
    known.origin = Origin::Link;
    let destination = Destination { web: Some("https://pay.example/l".into()), app: None };
    let made = apply(&known, &news(Source::Answer, NewsState::ActionRequired(destination)), NOW);
    let about = About::Link { url: "https://pay.example/l".into(), description: None };
    assert_eq!(made.callbacks, [Callback { kind: CallbackType::LinkCreated, about }]);
    let paid = apply(&made.payment, &news(VERIFIED, NewsState::Accepted), NOW);
    assert_eq!(paid.callbacks, [Callback { kind: CallbackType::PaymentAccepted, about: About::Payment }]);
}
