//! Captures and voids of a payment: of ours, and captures made elsewhere; what they do to what was reserved (rules 12
//! and 14).

use super::action::{self, Verdict};
use super::amounts::{beyond_reserved, flag, reserved};
use super::{ADOPTED, Applied, MISJUDGED, TOO_MANY, add_new, remember};
use crate::clock::Timestamp;
use crate::model::classify::disagreement;
use crate::model::payment::total;
use crate::model::{
    About, Action, ActionState, Callback, CallbackType, Capture, News, NewsState, Payment, PaymentState, Reference,
    Source,
};

/// Applies news about a capture or a void. Says whether that is all there is to it: else it is about the payment alone.
pub(super) fn apply(applied: &mut Applied, news: &News, now: Timestamp) -> bool {
    let found = find(&applied.payment, news);
    let Some(reported) = reported(news) else {
        return found.is_some();
    };
    let position = match found {
        Some(position) => position,
        None => match adopt(applied, news, reported, now) {
            Adoption::Made(position) => position,
            Adoption::Refused => return true,
            Adoption::OfNothing => return false,
        },
    };
    let capture = &mut applied.payment.captures[position];
    if !add_new(&mut capture.ids, news.action_id.iter()) {
        applied.alert = Some(TOO_MANY);
    }
    if let Some(review) = disagreement(news.amount.as_ref(), news.partial, capture.amount.as_ref()) {
        flag(applied, review);
        // An answer was classified by its amount already (rule 2).
        if news.source != Source::Answer {
            return true;
        }
    }
    let known = applied.payment.captures[position].state;
    let verdict = action::judge(known, reported, news.source);
    if known == ActionState::NotExecuted && verdict != Verdict::Keep {
        applied.alert = Some(MISJUDGED);
    }
    let takes = reported == ActionState::Accepted && !applied.payment.captures[position].void;
    match verdict {
        Verdict::Keep => {}
        Verdict::Ask => applied.ask = true,
        // The provider tells of money that it took of what came to nothing.
        Verdict::Change if takes && contradicts_end(&applied.payment, news) => applied.ask = true,
        Verdict::Change => change(applied, position, reported, news),
    }
    true
}

/// Whether only the provider's own answer may say that something was taken after all (rule 11).
fn contradicts_end(payment: &Payment, news: &News) -> bool {
    payment.state.frees_business_key() && news.source != Source::Answer && !news.source.corrects()
}

/// A change of the payment itself may show what became of the one capture or void that nobody has heard of.
pub(super) fn settle_by_payment(applied: &mut Applied, news: &News, before: &Payment) {
    let payment = &mut applied.payment;
    let gained = payment.captured.unwrap_or_default().saturating_sub(before.captured.unwrap_or_default());
    let released = payment.state == PaymentState::Voided && before.state != PaymentState::Voided;
    let mut open = (0..payment.captures.len()).filter(|position| payment.captures[*position].state.holds());
    let (Some(position), None) = (open.next(), open.next()) else {
        return;
    };
    let capture = &mut payment.captures[position];
    // The change of the payment has counted it, and told it.
    let shown = if capture.void { released } else { gained > 0 && gained == capture.minor() };
    if shown {
        capture.state = ActionState::Accepted;
        if !add_new(&mut capture.ids, news.action_id.iter()) {
            applied.alert = Some(TOO_MANY);
        }
    }
}

/// Minor units of captures that are done, and of the one that is open, if there is no other; none where there are none.
pub(super) fn taken(payment: &Payment) -> Option<u64> {
    let mut open = payment.captures.iter().filter(|capture| !capture.void && capture.state.holds());
    let (first, another) = (open.next(), open.next());
    let only = first.filter(|_| another.is_none()).map_or(0, Capture::minor);
    let taken = done(payment).saturating_add(only);
    (taken > 0 || another.is_some()).then_some(taken)
}

/// Minor units of captures that are done.
pub(super) fn done(payment: &Payment) -> u64 {
    let counts = |capture: &&Capture| !capture.void && capture.state == ActionState::Accepted;
    total(payment.captures.iter().filter(counts).map(Capture::minor))
}

fn change(applied: &mut Applied, position: usize, reported: ActionState, news: &News) {
    let (before, done_before) = (applied.payment.clone(), done(&applied.payment));
    let capture = &mut applied.payment.captures[position];
    let void = capture.void;
    let known = std::mem::replace(&mut capture.state, reported);
    match (known == ActionState::Accepted, reported == ActionState::Accepted) {
        (false, true) if void => release(applied),
        (false, true) => collect(applied, news, done_before),
        (true, false) if void => keep_reserved(&mut applied.payment),
        (true, false) => undo(&mut applied.payment, position, news),
        _ => {}
    }
    let payment = &mut applied.payment;
    remember(payment, news);
    if news.source != Source::Answer && payment.told.is_none() {
        payment.told = Some(payment.shown_id().to_owned());
    }
    let told = told(&before, payment, position, known);
    applied.callbacks.extend(told.map(|kind| Callback { kind, about: About::Payment }));
}

/// A void was done.
fn release(applied: &mut Applied) {
    let payment = &mut applied.payment;
    match payment.state {
        // Something was taken meanwhile: which of the two is so, the provider knows.
        PaymentState::Accepted => applied.ask = true,
        state if state.is_terminal() => {}
        _ => (payment.state, payment.captured) = (PaymentState::Voided, Some(0)),
    }
}

/// A capture was done. What the provider says was captured in all counts where it is more than we know of.
fn collect(applied: &mut Applied, news: &News, done_before: u64) {
    let doubt = beyond_reserved(&applied.payment, news);
    let payment = &mut applied.payment;
    let known = payment.captured.unwrap_or_default();
    let told = news.captured.as_ref().filter(|_| doubt.is_none()).map(|captured| captured.minor);
    let sum = known.max(done(payment)).max(told.unwrap_or_default());
    let ceiling = reserved(payment).unwrap_or(u64::MAX);
    payment.captured = Some(sum.min(ceiling));
    // Whether what was captured elsewhere is in that sum, only the provider can say.
    applied.ask |= known > done_before && told.is_none();
    // The provider tells of money that it took of what was to have failed.
    applied.ask |= payment.state.frees_business_key();
    payment.state = PaymentState::Accepted;
    let beyond = (sum > ceiling).then(|| format!("{sum} was captured, and {ceiling} reserved"));
    if let Some(review) = doubt.or(beyond) {
        flag(applied, review);
    }
}

/// A void did not happen after all.
fn keep_reserved(payment: &mut Payment) {
    if payment.state == PaymentState::Voided {
        payment.state = PaymentState::Authorized;
    }
}

/// A capture did not happen after all. Where nothing else was taken, all of it is still reserved.
fn undo(payment: &mut Payment, position: usize, news: &News) {
    if payment.state != PaymentState::Accepted {
        return;
    }
    let minor = payment.captures[position].minor();
    let known = payment.captured.unwrap_or_default();
    let told = news.captured.as_ref().filter(|_| beyond_reserved(payment, news).is_none());
    let left = told.map_or(known.saturating_sub(minor), |told| told.minor.min(known)).max(done(payment));
    payment.captured = Some(left.min(reserved(payment).unwrap_or(u64::MAX)));
    if payment.captured == Some(0) {
        payment.state = PaymentState::Authorized;
    }
}

fn told(before: &Payment, payment: &Payment, position: usize, known: ActionState) -> Option<CallbackType> {
    let capture = &payment.captures[position];
    let adds_nothing = (before.state, before.captured) == (payment.state, payment.captured);
    match capture.state {
        // One that was made elsewhere is known already by what was captured in all.
        ActionState::Accepted if capture.operation.is_none() && known == ActionState::Started && adds_nothing => None,
        ActionState::Accepted if !capture.void && before.state.frees_business_key() => {
            Some(CallbackType::PaymentLateSuccess)
        }
        ActionState::Pending | ActionState::Unknown => Some(CallbackType::PaymentPending),
        ActionState::NotExecuted if known == ActionState::Started => None,
        ActionState::Started => None,
        // The merchant is told how the payment stands.
        ActionState::Accepted | ActionState::Failed | ActionState::NotExecuted => {
            super::told(payment.state).or(Some(CallbackType::PaymentFailed))
        }
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

/// The capture that the news is about: by the host's name, then by the provider's, else one of ours that no answer has
/// named and that is of this amount. One that is done goes first: news of it says the least that is new.
fn find(payment: &Payment, news: &News) -> Option<usize> {
    let kind = |capture: &&Capture| capture.void == (news.action == Action::Void);
    let position =
        |is_it: &dyn Fn(&Capture) -> bool| payment.captures.iter().position(|capture| kind(&capture) && is_it(capture));
    let by_reference = |capture: &Capture| Some(&capture.reference.0) == news.target.host_reference.as_ref();
    let by_id = |capture: &Capture| news.action_id.as_ref().is_some_and(|id| capture.ids.contains(id));
    let by_amount = |capture: &Capture, states: &[ActionState]| {
        is_unnamed(capture) && news.amount == capture.amount && states.contains(&capture.state)
    };
    let found = position(&by_reference).or_else(|| position(&by_id));
    if found.is_some() || news.action_id.is_none() || news.amount.is_none() {
        return found;
    }
    position(&|capture| by_amount(capture, &[ActionState::Accepted]))
        .or_else(|| position(&|capture| by_amount(capture, &[ActionState::Unknown, ActionState::Pending])))
}

fn is_unnamed(capture: &Capture) -> bool {
    capture.operation.is_some() && capture.ids.is_empty()
}

/// What became of a capture that nobody here knows.
enum Adoption {
    /// It is known from now on, at this position.
    Made(usize),
    /// Not now, or never.
    Refused,
    /// There is no telling which capture it is: the news says something of the payment alone.
    OfNothing,
}

/// Takes in a capture that was made elsewhere, where its id and amount are told (rule 14).
fn adopt(applied: &mut Applied, news: &News, reported: ActionState, now: Timestamp) -> Adoption {
    let is_capture = news.action == Action::Capture && reported == ActionState::Accepted;
    let (true, Some(id), Some(amount)) = (is_capture, &news.action_id, &news.amount) else {
        return Adoption::OfNothing;
    };
    let payment = &mut applied.payment;
    if payment.captures.iter().any(|capture| is_unnamed(capture) && capture.state == ActionState::Started) {
        // It may be that very capture, whose answer is still on its way.
        applied.later = true;
        return Adoption::Refused;
    }
    if contradicts_end(payment, news) {
        applied.ask = true;
        return Adoption::Refused;
    }
    let sum = done(payment).saturating_add(amount.minor);
    let beyond = reserved(payment).filter(|ceiling| sum > *ceiling);
    let doubt = beyond_reserved(payment, news)
        .or_else(|| beyond.map(|ceiling| format!("{sum} was captured, and {ceiling} reserved")));
    if let Some(review) = doubt {
        flag(applied, review);
        return Adoption::Refused;
    }
    if payment.captures.iter().filter(|capture| capture.operation.is_none()).count() >= ADOPTED {
        applied.alert = Some(TOO_MANY);
        return Adoption::Refused;
    }
    payment.captures.push(Capture {
        operation: None,
        void: false,
        reference: Reference::random(),
        ids: vec![id.clone()],
        amount: Some(amount.clone()),
        last: false,
        state: ActionState::Started,
        created_at: now,
    });
    Adoption::Made(payment.captures.len() - 1)
}

#[cfg(test)]
mod tests;
