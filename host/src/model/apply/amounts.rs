//! How much: what of an amount is believed, and what a payment has of it (rules 12 and 13).

use super::{Applied, capture};
use crate::model::classify::disagreement;
use crate::model::{Action, Amount, News, Payment, PaymentState, Source};

/// Why news about a payment is not believed, if it is not.
pub(super) fn review_of(payment: &Payment, news: &News, reported: PaymentState) -> Option<String> {
    if news.review.is_some() {
        return news.review.clone();
    }
    if let Some(review) = beyond_reserved(payment, news).or_else(|| unlike_what_is_known(payment, news)) {
        return Some(review);
    }
    let agreed = [payment.captured.filter(|minor| *minor > 0), payment.authorized];
    let agreed_before = |said: &Amount| agreed.iter().any(|minor| of_payment(payment, *minor).as_ref() == Some(said));
    match (&news.amount, news.action, reported) {
        (Some(said), Action::Payment, PaymentState::Accepted | PaymentState::Authorized) if !agreed_before(said) => {
            disagreement(Some(said), news.partial, payment.amount.as_ref())
        }
        (said, Action::Void, _) => disagreement(said.as_ref(), news.partial, payment.amount.as_ref()),
        _ => None,
    }
}

/// What was captured, in parts or whole, is at most what was reserved, or else asked, in its currency (rule 13); and at
/// most what the same news says that the payment is.
pub(super) fn beyond_reserved(payment: &Payment, news: &News) -> Option<String> {
    let whole = news.amount.as_ref().filter(|_| news.action == Action::Payment);
    let of_the_capture = news.amount.as_ref().filter(|_| news.action == Action::Capture);
    let ceiling = of_payment(payment, reserved(payment));
    let beyond = |ceiling: Option<&Amount>| {
        let captured = [news.captured.as_ref(), of_the_capture];
        captured.into_iter().find_map(|captured| disagreement(captured, true, ceiling))
    };
    beyond(ceiling.as_ref()).or_else(|| beyond(whole))
}

/// A payment of which only refunds and captures were known has the currency of those, and is no less than they are.
fn unlike_what_is_known(payment: &Payment, news: &News) -> Option<String> {
    let said = news.amount.as_ref().filter(|_| payment.amount.is_none() && news.action == Action::Payment)?;
    let says = |known: String| format!("{known}, the provider says {} {}", said.minor, said.currency);
    if let Some(currency) = payment.currency().filter(|currency| *currency != said.currency) {
        return Some(says(format!("refunded in {currency}")));
    }
    let captured = capture::done(payment);
    (captured > said.minor).then(|| says(format!("captured {captured}")))
}

/// Minor units that may be captured in all, where known.
pub(super) fn reserved(payment: &Payment) -> Option<u64> {
    payment.authorized.or(payment.amount.as_ref().map(|amount| amount.minor))
}

fn of_payment(payment: &Payment, minor: Option<u64>) -> Option<Amount> {
    payment.amount.as_ref().zip(minor).map(|(amount, minor)| Amount { minor, currency: amount.currency.clone() })
}

/// What a payment that has come to stand so has of its amounts.
pub(super) fn settle(payment: &mut Payment, news: &News, state: PaymentState) {
    if payment.amount.is_none() && news.action == Action::Payment && unlike_what_is_known(payment, news).is_none() {
        payment.amount.clone_from(&news.amount);
    }
    let said = news.amount.as_ref().or(payment.amount.as_ref()).map(|amount| amount.minor);
    match state {
        PaymentState::Authorized => payment.authorized = said,
        PaymentState::Accepted => {
            let captured = news.captured.as_ref().map(|amount| amount.minor.max(capture::done(payment)));
            let all = payment.authorized.filter(|_| news.amount.is_none());
            let captured = captured.or_else(|| capture::taken(payment)).or(all).or(said);
            payment.captured = at_most(captured, reserved(payment));
        }
        PaymentState::Failed | PaymentState::Voided | PaymentState::NotCharged => payment.captured = Some(0),
        _ => {}
    }
    if state != PaymentState::Failed {
        payment.decline_code = None;
    }
}

fn at_most(minor: Option<u64>, ceiling: Option<u64>) -> Option<u64> {
    minor.map(|minor| minor.min(ceiling.unwrap_or(u64::MAX)))
}

/// The provider may give back more than is known to have been captured. What was captured elsewhere may not have been
/// heard of yet: so it is asked, and a person looks where its answer does not explain it.
pub(super) fn check_refunded(before: &Payment, applied: &mut Applied, news: &News) {
    let payment = &applied.payment;
    let Some(captured) = payment.captured.filter(|captured| payment.refunded > *captured) else {
        return;
    };
    let answered = match news.source {
        Source::Inquiry => news.action == Action::Payment,
        Source::Verified { can_ask } => !can_ask,
        Source::Operator { correct } => correct,
        Source::Answer => false,
    };
    if answered {
        let review = format!("{} was refunded, and {captured} captured", payment.refunded);
        flag(applied, review);
    } else if (before.refunded, before.captured) != (payment.refunded, payment.captured) {
        applied.ask = true;
    }
}

/// A person must look at an amount (rule 13).
pub(super) fn flag(applied: &mut Applied, review: String) {
    applied.call_a_person(&review, "amount_disagrees");
}
