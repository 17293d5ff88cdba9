//! Captures and voids of a payment: what they do to what was reserved (rule 12).

use super::action::{self, Verdict};
use super::{Applied, TOO_MANY, add_new, flag, remember};
use crate::model::classify::disagreement;
use crate::model::{
    About, Action, ActionState, Callback, CallbackType, Capture, News, NewsState, Payment, PaymentState, Source,
};

/// Applies news about a capture or a void. Says whether it is one of ours.
pub(super) fn apply(applied: &mut Applied, news: &News) -> bool {
    let Some(position) = find(&applied.payment, news) else {
        return false;
    };
    let Some(reported) = reported(news) else {
        return true;
    };
    let capture = &mut applied.payment.captures[position];
    if !add_new(&mut capture.ids, news.action_id.iter()) {
        applied.alert = Some(TOO_MANY);
    }
    if let Some(review) = disagreement(news.amount.as_ref(), news.partial, Some(&capture.amount)) {
        flag(applied, review);
        // An answer was classified by its amount already (rule 2).
        if news.source != Source::Answer {
            return true;
        }
    }
    let known = applied.payment.captures[position].state;
    match action::judge(known, reported, news.source) {
        Verdict::Keep => {}
        Verdict::Ask => applied.ask = true,
        Verdict::Change => change(applied, position, reported, news),
    }
    true
}

/// News of the payment itself that shows what became of the one capture or void that nobody had heard of. `before` is
/// what was captured until now.
pub(super) fn settle_by_payment(payment: &mut Payment, before: u64) {
    let gained = payment.captured.unwrap_or_default().saturating_sub(before);
    let released = payment.state == PaymentState::Voided;
    let mut open = payment.captures.iter_mut().filter(|capture| capture.state.holds());
    if let (Some(capture), None) = (open.next(), open.next()) {
        let shown = if capture.void { released } else { gained > 0 && gained == capture.amount.minor };
        if shown {
            capture.state = ActionState::Accepted;
        }
    }
}

/// Minor units of captures that are done or may be.
pub(super) fn taken(payment: &Payment) -> Option<u64> {
    let counts =
        |capture: &&Capture| !capture.void && (capture.state.holds() || capture.state == ActionState::Accepted);
    let taken: u64 = payment.captures.iter().filter(counts).map(|capture| capture.amount.minor).sum();
    (taken > 0).then_some(taken)
}

fn change(applied: &mut Applied, position: usize, reported: ActionState, news: &News) {
    let payment = &mut applied.payment;
    let capture = &mut payment.captures[position];
    let known = std::mem::replace(&mut capture.state, reported);
    let (void, minor) = (capture.void, capture.amount.minor);
    let (was_done, is_done) = (known == ActionState::Accepted, reported == ActionState::Accepted);
    if void {
        if is_done && payment.state == PaymentState::Accepted {
            applied.ask = true;
            return;
        }
        if is_done {
            payment.state = PaymentState::Voided;
            payment.captured = Some(0);
        }
    } else {
        let before = payment.captured.unwrap_or_default();
        let sum = if is_done { before + minor } else { before.saturating_sub(if was_done { minor } else { 0 }) };
        let total = news.captured.as_ref().map_or(sum, |captured| captured.minor);
        let asked = payment.amount.as_ref().map_or(u64::MAX, |amount| amount.minor);
        if is_done || was_done {
            payment.captured = Some(total.min(asked));
        }
        if is_done && !matches!(payment.state, PaymentState::Failed | PaymentState::Voided) {
            payment.state = PaymentState::Accepted;
        } else if is_done {
            applied.ask = true;
        }
    }
    remember(payment, news);
    if news.source != Source::Answer && payment.told.is_none() {
        payment.told = Some(payment.shown_id().to_owned());
    }
    let told = told(payment, void, known, reported);
    applied.callbacks.extend(told.map(|kind| Callback { kind, about: About::Payment }));
}

fn told(payment: &Payment, void: bool, known: ActionState, reported: ActionState) -> Option<CallbackType> {
    match reported {
        ActionState::Accepted if void => Some(CallbackType::PaymentVoided),
        ActionState::Accepted => Some(CallbackType::PaymentAccepted),
        ActionState::Pending | ActionState::Unknown => Some(CallbackType::PaymentPending),
        ActionState::NotExecuted if known == ActionState::Started => None,
        // The payment stands as it did.
        ActionState::Failed | ActionState::NotExecuted => Some(match payment.state {
            PaymentState::Authorized => CallbackType::PaymentAuthorized,
            PaymentState::Accepted => CallbackType::PaymentAccepted,
            _ => CallbackType::PaymentPending,
        }),
        ActionState::Started => None,
    }
}

fn reported(news: &News) -> Option<ActionState> {
    match &news.state {
        NewsState::Accepted => Some(ActionState::Accepted),
        NewsState::Voided if news.action == Action::Void => Some(ActionState::Accepted),
        NewsState::Pending | NewsState::ActionRequired(_) => Some(ActionState::Pending),
        // An answer that says no more than that it is reserved has not decided the capture.
        NewsState::Authorized if news.source == Source::Answer => Some(ActionState::Pending),
        NewsState::Failed(_) => Some(ActionState::Failed),
        NewsState::Unknown => Some(ActionState::Unknown),
        NewsState::NotExecuted => Some(ActionState::NotExecuted),
        NewsState::Voided | NewsState::Authorized | NewsState::NotCharged => None,
    }
}

/// The capture that the news is about: by the host's name, then by the provider's.
fn find(payment: &Payment, news: &News) -> Option<usize> {
    let kind = |capture: &&Capture| capture.void == (news.action == Action::Void);
    let by_reference = |capture: &Capture| Some(&capture.reference.0) == news.target.host_reference.as_ref();
    let by_id = |capture: &Capture| news.action_id.as_ref().is_some_and(|id| capture.ids.contains(id));
    let position =
        |is_it: &dyn Fn(&Capture) -> bool| payment.captures.iter().position(|capture| kind(&capture) && is_it(capture));
    position(&by_reference).or_else(|| position(&by_id))
}
