//! Properties of `apply` over any order of any news (rules 11 to 14, 28, 29). What is lawful stands in [`lawful`], as
//! data that knows nothing of how `apply` decides.

mod generated;
mod lawful;
mod order;
mod subscription;

use super::{Applied, apply};
use crate::clock::Timestamp;
use crate::model::{
    About, Action, ActionState, CallbackType, Capture, News, OperationKey, Payment, PaymentState, Reference, Refund,
    Source,
};
use generated::Step;
use lawful::{LAWFUL, LAWFUL_ACTION, is_lawful};
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, RngSeed};

const NOW: Timestamp = Timestamp(1_000_000);

/// The same cases on every machine.
fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        rng_algorithm: RngAlgorithm::ChaCha,
        rng_seed: RngSeed::Fixed(11),
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config(4096))]

    /// Rules 11 to 13 and 29: whatever is claimed and told, in whatever order, by whomever.
    #[test]
    fn any_order_of_any_news_ends_lawfully_and_every_change_is_one_callback(
        begun in generated::any_beginning(),
        steps in prop::collection::vec(generated::any_step(), 0..24),
    ) {
        let mut payment = begun.payment();
        for step in steps {
            match step {
                Step::Claim(claim) => claim.make(&mut payment),
                Step::News(told) => {
                    let news = told.about(&payment);
                    let applied = apply(&payment, &news, NOW);
                    check(&payment, &news, &applied)?;
                    payment = applied.payment;
                }
            }
        }
    }
}

/// All that holds after each piece of news.
fn check(before: &Payment, news: &News, applied: &Applied) -> Result<(), TestCaseError> {
    states_are_lawful(before, news.source, &applied.payment)?;
    a_change_is_one_callback(before, applied)?;
    sums_hold(before, &applied.payment)?;
    nothing_is_forgotten(before, &applied.payment)?;
    if news.source == Source::Inquiry && news.action == Action::Payment {
        prop_assert!(!applied.ask, "an answer to a question does not ask it again");
    }
    if applied.ask {
        prop_assert_eq!(applied.payment.ask_at, Some(NOW));
        prop_assert!(applied.follow_ups.is_empty(), "nothing follows from what is doubtful");
    }
    if applied.alert == Some("amount_disagrees") {
        prop_assert_ne!(&applied.payment.review, &before.review, "a person is told once");
    }
    let again = apply(&applied.payment, news, NOW);
    prop_assert_eq!(&again.payment, &applied.payment, "the same news again changes nothing");
    prop_assert!(again.callbacks.is_empty(), "{:?}", again.callbacks);
    Ok(())
}

fn states_are_lawful(before: &Payment, source: Source, after: &Payment) -> Result<(), TestCaseError> {
    let (known, now) = (before.state, after.state);
    prop_assert!(known == now || is_lawful(LAWFUL, known, now, source), "{known:?} to {now:?} by {source:?}");
    for refund in &after.refunds {
        let known = before.refunds.iter().find(|known| known.reference == refund.reference);
        let known = known.map_or(ActionState::Started, |known| known.state);
        let is_lawful = known == refund.state || is_lawful(LAWFUL_ACTION, known, refund.state, source);
        prop_assert!(is_lawful, "a refund: {known:?} to {:?} by {source:?}", refund.state);
    }
    for capture in &after.captures {
        let known = before.captures.iter().find(|known| known.reference == capture.reference);
        let known = known.map_or(ActionState::Started, |known| known.state);
        let is_lawful = known == capture.state || is_lawful(LAWFUL_ACTION, known, capture.state, source);
        prop_assert!(is_lawful, "a capture: {known:?} to {:?} by {source:?}", capture.state);
    }
    Ok(())
}

/// Where a payment stands, and all that was done to it.
fn standing(payment: &Payment) -> impl PartialEq + std::fmt::Debug {
    let refunds: Vec<_> = payment.refunds.iter().map(|refund| refund.state).collect();
    let captures: Vec<_> = payment.captures.iter().map(|capture| capture.state).collect();
    (payment.state, refunds, captures)
}

fn a_change_is_one_callback(before: &Payment, applied: &Applied) -> Result<(), TestCaseError> {
    let after = &applied.payment;
    let more_captured = before.state == after.state && before.captured != after.captured;
    let changed = standing(before) != standing(after) || more_captured;
    let callbacks = applied.callbacks.len();
    if changed && lawful::is_silent(before, after) {
        prop_assert_eq!(callbacks, 0);
    } else {
        prop_assert_eq!(callbacks, usize::from(changed), "{:?} to {:?}", standing(before), standing(after));
    }
    for callback in &applied.callbacks {
        let fits = match callback.about {
            About::Refund(position) => lawful::tells_of_refund(callback.kind, after.refunds[position].state),
            About::Payment | About::Link { .. } => tells_of_payment(callback.kind, after),
        };
        prop_assert!(fits, "{:?} of {:?}", callback, standing(after));
    }
    Ok(())
}

fn tells_of_payment(kind: CallbackType, payment: &Payment) -> bool {
    let undecided = payment.captures.iter().any(|capture| capture.state.holds());
    lawful::tells_of_payment(kind, payment.state) || kind == CallbackType::PaymentPending && undecided
}

/// Rule 12: no sum is more than what it is taken from, unless the provider says so, and is asked, or a person told.
fn sums_hold(before: &Payment, payment: &Payment) -> Result<(), TestCaseError> {
    let told = payment.review.is_some() || payment.ask_at.is_some();
    let given_back = sum(payment.refunds.iter().filter(|refund| refund.state == ActionState::Accepted).map(given));
    prop_assert_eq!(u128::from(payment.refunded), given_back);
    if let Some(captured) = payment.captured {
        prop_assert!(payment.refunded <= captured || told, "{} of {captured} refunded", payment.refunded);
        prop_assert!(payment.refundable() <= Some(captured));
        let authorized = payment.authorized.or(payment.amount.as_ref().map(|amount| amount.minor));
        prop_assert!(authorized.is_none_or(|authorized| captured <= authorized), "{captured} of {authorized:?}");
    }
    if payment.state == PaymentState::Accepted {
        let taken = sum(payment.captures.iter().filter(|capture| capture.state == ActionState::Accepted).map(minor));
        prop_assert!(payment.captured.is_none_or(|captured| u128::from(captured) >= taken) || told);
        let asked = payment.amount.as_ref().map_or(u64::MAX, |amount| amount.minor);
        prop_assert!(payment.captured.is_none_or(|captured| captured <= asked));
        let was_less = before.state == PaymentState::Accepted && payment.captured < before.captured;
        let undone = payment.captures.iter().zip(&before.captures).any(|(now, then)| now.state != then.state);
        prop_assert!(!was_less || undone, "what was captured stays captured");
    }
    Ok(())
}

/// As much as can be counted.
fn sum(amounts: impl Iterator<Item = u128>) -> u128 {
    amounts.sum::<u128>().min(u128::from(u64::MAX))
}

fn given(refund: &Refund) -> u128 {
    u128::from(refund.amount.minor)
}

fn minor(capture: &Capture) -> u128 {
    if capture.void { 0 } else { u128::from(capture.minor()) }
}

fn nothing_is_forgotten(before: &Payment, after: &Payment) -> Result<(), TestCaseError> {
    prop_assert!(before.ids.iter().all(|id| after.ids.contains(id)));
    prop_assert!(before.told.is_none() || before.told == after.told, "what the merchant was told first stays");
    prop_assert!(before.observed_at <= after.observed_at);
    prop_assert_eq!(before.sequence, after.sequence, "the store counts");
    for (then, now) in before.refunds.iter().zip(&after.refunds) {
        prop_assert_eq!((&then.reference, &then.amount), (&now.reference, &now.amount));
        prop_assert!(then.told.is_none() || then.told == now.told);
        prop_assert!(then.ids.iter().all(|id| now.ids.contains(id)));
    }
    for (then, now) in before.captures.iter().zip(&after.captures) {
        prop_assert_eq!((&then.reference, &then.amount), (&now.reference, &now.amount));
        prop_assert!(then.ids.iter().all(|id| now.ids.contains(id)));
    }
    prop_assert!(before.refunds.len() <= after.refunds.len() && before.captures.len() <= after.captures.len());
    Ok(())
}
