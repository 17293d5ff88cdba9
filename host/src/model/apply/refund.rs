//! Refunds of a payment: of ours, and those made elsewhere (rules 12 and 14).

use super::action::{self, Verdict};
use super::amounts::flag;
use super::{ADOPTED, Applied, MISJUDGED, TOO_MANY, add_new, keep_newer};
use crate::clock::Timestamp;
use crate::model::classify::disagreement;
use crate::model::{About, ActionState, Callback, CallbackType, News, NewsState, Payment, Reference, Refund, Source};

/// Applies news about a refund.
pub(super) fn apply_to_refund(applied: &mut Applied, news: &News, now: Timestamp) {
    let Some(reported) = reported(&news.state) else {
        return;
    };
    let Some(position) = find_refund(&applied.payment, news).or_else(|| adopt_refund(applied, news, reported, now))
    else {
        return;
    };
    let refund = &mut applied.payment.refunds[position];
    if !add_new(&mut refund.ids, news.action_id.iter()) {
        applied.alert = Some(TOO_MANY);
    }
    let asked = Some(refund.amount.clone());
    if let Some(review) = disagreement(news.amount.as_ref(), false, asked.as_ref()) {
        flag(applied, review);
        // An answer was classified by its amount already (rule 2).
        let believed =
            news.source == Source::Answer || disagreement(news.amount.as_ref(), news.partial, asked.as_ref()).is_none();
        if !believed {
            return;
        }
    }
    let refund = &mut applied.payment.refunds[position];
    let verdict = action::judge(refund.state, reported, news.source);
    if refund.state == ActionState::NotExecuted && verdict != Verdict::Keep {
        applied.alert = Some(MISJUDGED);
    }
    match verdict {
        Verdict::Keep => {}
        Verdict::Ask => applied.ask = true,
        Verdict::Change => {
            let told = told(refund.state, reported);
            refund.state = reported;
            keep_newer(&mut refund.description, &news.description);
            keep_newer(&mut refund.carry, &news.carry);
            if news.source != Source::Answer && refund.told.is_none() {
                refund.told = Some(refund.shown_id().to_owned());
            }
            applied.callbacks.extend(told.map(|kind| Callback { kind, about: About::Refund(position) }));
        }
    }
    applied.payment.refunded = applied.payment.paid_back();
}

fn told(known: ActionState, reported: ActionState) -> Option<CallbackType> {
    match (known, reported) {
        (_, ActionState::Accepted) => Some(CallbackType::RefundAccepted),
        (_, ActionState::Failed) => Some(CallbackType::RefundFailed),
        (_, ActionState::Pending | ActionState::Unknown) => Some(CallbackType::RefundPending),
        // The caller was told, and no refund came to exist.
        (ActionState::Started, ActionState::NotExecuted) | (_, ActionState::Started) => None,
        // The merchant was told that it is pending, and waits (rule 6).
        (_, ActionState::NotExecuted) => Some(CallbackType::RefundFailed),
    }
}

fn reported(state: &NewsState) -> Option<ActionState> {
    match state {
        NewsState::Pending => Some(ActionState::Pending),
        NewsState::Accepted => Some(ActionState::Accepted),
        NewsState::Failed(_) => Some(ActionState::Failed),
        NewsState::Unknown => Some(ActionState::Unknown),
        NewsState::NotExecuted => Some(ActionState::NotExecuted),
        NewsState::Authorized | NewsState::Voided | NewsState::ActionRequired(_) | NewsState::NotCharged => None,
    }
}

/// The refund that the news is about: by the host's name, then by the provider's.
fn find_refund(payment: &Payment, news: &News) -> Option<usize> {
    let by_reference = |refund: &Refund| Some(&refund.reference.0) == news.target.host_reference.as_ref();
    let by_id = |refund: &Refund| news.action_id.as_ref().is_some_and(|id| refund.ids.contains(id));
    payment.refunds.iter().position(by_reference).or_else(|| payment.refunds.iter().position(by_id))
}

/// Takes in a refund that was made elsewhere, where its id and amount are told (rule 14).
fn adopt_refund(applied: &mut Applied, news: &News, reported: ActionState, now: Timestamp) -> Option<usize> {
    let id = news.action_id.clone()?;
    if matches!(reported, ActionState::Unknown | ActionState::NotExecuted) {
        return None;
    }
    if applied.payment.refunds.iter().any(is_unnamed) {
        // It may be that very refund, whose answer is still on its way.
        applied.ask = true;
        applied.later = true;
        return None;
    }
    let amount = news.amount.clone()?;
    if let Some(currency) = applied.payment.currency().filter(|currency| *currency != amount.currency) {
        let review =
            format!("paid in {currency}, the provider tells of a refund of {} {}", amount.minor, amount.currency);
        flag(applied, review);
        return None;
    }
    if applied.payment.refunds.iter().filter(|refund| refund.operation.is_none()).count() >= ADOPTED {
        applied.alert = Some(TOO_MANY);
        return None;
    }
    applied.payment.refunds.push(Refund {
        operation: None,
        reference: Reference::random(),
        ids: vec![id],
        told: None,
        amount,
        state: ActionState::Started,
        description: None,
        carry: None,
        created_at: now,
    });
    Some(applied.payment.refunds.len() - 1)
}

/// A refund of ours that the provider has not named yet.
fn is_unnamed(refund: &Refund) -> bool {
    matches!(refund.state, ActionState::Started | ActionState::Unknown) && refund.ids.is_empty()
}
