//! The only way a payment ever changes, whoever brings the news (rules 11 to 13, 28, 29). Pure: the store calls it
//! inside the transaction that holds the payment's lock, and writes what it returns.

use super::classify::disagreement;
use super::{Action, Callback, CallbackType, NewsState, Payment, PaymentState, Refund, RefundState, Source};
use super::{Destination, News, Reference};
use crate::clock::Timestamp;

/// Provider ids kept for a payment, and for each refund: a provider that invents more is found out, and fills no disk.
const IDS: usize = 64;

/// Refunds made elsewhere that a payment takes in.
const ADOPTED_REFUNDS: usize = 256;

/// The alert where there are more.
const TOO_MANY: &str = "too_many_names";

/// What news made of a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The payment as it is now.
    pub payment: Payment,
    /// What to tell the merchant: one for each change.
    pub callbacks: Vec<Callback>,
    /// The news contradicts what is known, or is older than it: the provider must be asked.
    pub ask: bool,
    /// The news cannot be judged until a refund of ours has its name or its end: it is to be brought again then.
    pub later: bool,
    /// What a person should be alerted to.
    pub alert: Option<&'static str>,
}

impl Applied {
    /// Whether anything is to be written.
    pub fn differs_from(&self, before: &Payment) -> bool {
        self.payment != *before || !self.callbacks.is_empty()
    }
}

/// What to do about a state that is reported.
enum Verdict {
    /// Nothing new.
    Keep,
    /// A lawful change, and what the merchant is told of it (nothing where nothing came to exist).
    Change(Option<CallbackType>),
    /// A contradiction: only the provider's answer may decide.
    Ask,
}

/// Applies `news`, at `now`, to a payment that was found by its names.
pub fn apply(before: &Payment, news: &News, now: Timestamp) -> Applied {
    let mut applied = Applied { payment: before.clone(), callbacks: Vec::new(), ask: false, later: false, alert: None };
    learn_names(&mut applied, news);
    match news.action {
        Action::Refund => apply_to_refund(&mut applied, news, now),
        Action::Payment | Action::Capture | Action::Void => apply_to_payment(&mut applied, news),
    }
    if applied.ask {
        applied.payment.ask_at = Some(now);
    }
    if applied.payment != *before {
        applied.payment.updated_at = now;
    }
    applied
}

fn apply_to_payment(applied: &mut Applied, news: &News) {
    let Some(reported) = reported_state(news) else {
        return;
    };
    if let Some(review) = review_of(&applied.payment, news, reported) {
        flag(applied, review);
        if matches!(reported, PaymentState::Accepted | PaymentState::Authorized) {
            return;
        }
    }
    let payment = &mut applied.payment;
    let verdict = match judge(payment.state, reported, news.source) {
        Verdict::Change(_) if is_stale(payment, news) => Verdict::Ask,
        verdict => verdict,
    };
    if payment.state == PaymentState::NotExecuted && !matches!(verdict, Verdict::Keep) {
        applied.alert = Some("not_executed_was_wrong");
    }
    match verdict {
        Verdict::Keep => {
            if payment.state == reported {
                remember(payment, news);
            }
        }
        Verdict::Ask => applied.ask = true,
        Verdict::Change(told) => {
            payment.state = reported;
            remember(payment, news);
            settle_amounts(payment, news, reported);
            // What is decided needs no question; any other keeps waiting, for its asker alone knows that it was asked.
            if payment.state.is_terminal() && payment.held() == 0 {
                payment.ask_at = None;
            }
            if news.source != Source::Answer && payment.told.is_none() {
                payment.told = Some(payment.shown_id().to_owned());
            }
            applied.callbacks.extend(told.map(|kind| Callback { kind, refund: None }));
        }
    }
}

/// The table of rule 11: what is known, what is reported, who reports it.
fn judge(known: PaymentState, reported: PaymentState, source: Source) -> Verdict {
    use PaymentState as S;
    let corrects = match source {
        Source::Inquiry => true,
        Source::Verified { can_ask } => !can_ask,
        Source::Answer => false,
    };
    match (known, reported) {
        (known, reported) if known == reported => Verdict::Keep,
        // A poll that does not know changes nothing (rule 9); nobody but the operation itself says that it did not happen.
        (_, S::Started) => Verdict::Keep,
        (S::Started, S::Unknown) if source == Source::Answer => Verdict::Change(told(reported)),
        (_, S::Unknown) => Verdict::Keep,
        // The caller was told, and no payment came to exist.
        (S::Started, S::NotExecuted) => Verdict::Change(None),
        // The merchant was told that it is pending, and waits (rule 6).
        (S::Unknown, S::NotExecuted) => Verdict::Change(Some(CallbackType::PaymentFailed)),
        (S::NotExecuted, S::Failed | S::Voided | S::NotExecuted) => Verdict::Keep,
        (_, S::NotExecuted) => Verdict::Ask,

        (S::Started | S::Unknown, _) => Verdict::Change(told(reported)),
        (S::Pending, S::ActionRequired) => match source {
            Source::Answer => Verdict::Change(None),
            _ => Verdict::Keep,
        },
        (S::ActionRequired, S::Pending) => Verdict::Keep,
        (S::Pending | S::ActionRequired, _) => Verdict::Change(told(reported)),
        (S::Authorized, S::Pending | S::ActionRequired) => Verdict::Keep,
        (S::Authorized, _) => Verdict::Change(told(reported)),

        (S::Accepted, S::Failed | S::Voided) => match source {
            // Never from accepted to failed by a webhook alone.
            Source::Inquiry => Verdict::Change(told(reported)),
            _ => Verdict::Ask,
        },
        (S::Failed | S::Voided | S::NotExecuted, S::Accepted | S::Authorized) if corrects => {
            Verdict::Change(Some(CallbackType::PaymentLateSuccess))
        }
        (S::Failed | S::Voided | S::NotExecuted, S::Accepted | S::Authorized) => Verdict::Ask,
        (S::NotExecuted, _) if corrects => Verdict::Change(told(reported)),
        (S::NotExecuted, _) => Verdict::Ask,
        (S::Accepted | S::Failed | S::Voided, _) => Verdict::Keep,
    }
}

fn told(state: PaymentState) -> Option<CallbackType> {
    match state {
        PaymentState::Accepted => Some(CallbackType::PaymentAccepted),
        PaymentState::Authorized => Some(CallbackType::PaymentAuthorized),
        PaymentState::Failed => Some(CallbackType::PaymentFailed),
        PaymentState::Voided => Some(CallbackType::PaymentVoided),
        PaymentState::Pending | PaymentState::ActionRequired | PaymentState::Unknown => {
            Some(CallbackType::PaymentPending)
        }
        PaymentState::NotExecuted | PaymentState::Started => None,
    }
}

fn reported_state(news: &News) -> Option<PaymentState> {
    let state = match &news.state {
        NewsState::Pending => PaymentState::Pending,
        NewsState::ActionRequired(_) => PaymentState::ActionRequired,
        NewsState::Authorized => PaymentState::Authorized,
        NewsState::Accepted => PaymentState::Accepted,
        NewsState::Failed(_) => PaymentState::Failed,
        NewsState::Voided => PaymentState::Voided,
        NewsState::Unknown => PaymentState::Unknown,
        NewsState::NotExecuted => PaymentState::NotExecuted,
    };
    match (news.action, state) {
        // A capture or void that is not done says nothing about the payment itself.
        (Action::Capture | Action::Void, PaymentState::Accepted) if news.action == Action::Void => {
            Some(PaymentState::Voided)
        }
        (Action::Capture, PaymentState::Accepted) | (Action::Void, PaymentState::Voided) => Some(state),
        (Action::Capture | Action::Void, _) => None,
        _ => Some(state),
    }
}

fn review_of(payment: &Payment, news: &News, reported: PaymentState) -> Option<String> {
    if news.review.is_some() {
        return news.review.clone();
    }
    if let Some(review) = beyond_asked(payment, news) {
        return Some(review);
    }
    let agreed_before = payment.captured.or(payment.authorized);
    match (&news.amount, news.action, reported) {
        (Some(said), Action::Payment, PaymentState::Accepted | PaymentState::Authorized)
            if agreed_before != Some(said.minor) =>
        {
            disagreement(Some(said), news.partial, payment.amount.as_ref())
        }
        _ => None,
    }
}

/// What was captured, in parts or whole, is at most what was asked, in its currency (rule 13).
fn beyond_asked(payment: &Payment, news: &News) -> Option<String> {
    let of_the_capture = news.amount.as_ref().filter(|_| news.action == Action::Capture);
    let captured = [news.captured.as_ref(), of_the_capture];
    captured.into_iter().find_map(|captured| disagreement(captured, true, payment.amount.as_ref()))
}

/// Older news never wins over newer (rule 28); an answer and an inquiry are about now.
fn is_stale(payment: &Payment, news: &News) -> bool {
    matches!((news.occurred_at, payment.observed_at), (Some(occurred), Some(observed)) if occurred < observed)
}

fn learn_names(applied: &mut Applied, news: &News) {
    let payment = &mut applied.payment;
    if payment.shop_transaction_id.is_none() {
        payment.shop_transaction_id.clone_from(&news.target.shop_transaction_id);
    }
    if !add_new(&mut payment.ids, news.target.payment_ids.iter()) {
        applied.alert = Some(TOO_MANY);
    }
}

/// Adds what is new. Says whether there was room for all of it.
fn add_new<'a>(ids: &mut Vec<String>, news: impl Iterator<Item = &'a String>) -> bool {
    for id in news {
        if ids.contains(id) {
            continue;
        }
        if ids.len() >= IDS {
            return false;
        }
        ids.push(id.clone());
    }
    true
}

fn remember(payment: &mut Payment, news: &News) {
    keep_newer(&mut payment.description, &news.description);
    keep_newer(&mut payment.metadata, &news.metadata);
    keep_newer(&mut payment.carry, &news.carry);
    keep_newer(&mut payment.payment_method, &news.payment_method);
    keep_newer(&mut payment.expires_at, &news.expires_at);
    payment.observed_at = payment.observed_at.max(news.occurred_at);
    if let NewsState::Failed(Some(decline)) = &news.state {
        payment.decline_code = Some(decline.code.clone());
    }
}

fn keep_newer<T: Clone>(known: &mut Option<T>, news: &Option<T>) {
    if news.is_some() {
        known.clone_from(news);
    }
}

fn settle_amounts(payment: &mut Payment, news: &News, state: PaymentState) {
    let said = news.amount.as_ref().or(payment.amount.as_ref()).map(|amount| amount.minor);
    match state {
        PaymentState::Authorized => payment.authorized = said,
        PaymentState::Accepted => {
            let captured = news.captured.as_ref().map(|amount| amount.minor);
            payment.captured = captured.or(payment.authorized.filter(|_| news.amount.is_none())).or(said);
        }
        PaymentState::Failed | PaymentState::Voided => payment.captured = Some(0),
        _ => {}
    }
    if payment.amount.is_none() {
        payment.amount.clone_from(&news.amount);
    }
    if state != PaymentState::Failed {
        payment.decline_code = None;
    }
}

fn apply_to_refund(applied: &mut Applied, news: &News, now: Timestamp) {
    let Some(reported) = reported_refund_state(news) else {
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
    match judge_refund(refund.state, reported, news.source) {
        Verdict::Keep => {}
        Verdict::Ask => applied.ask = true,
        Verdict::Change(told) => {
            refund.state = reported;
            keep_newer(&mut refund.description, &news.description);
            keep_newer(&mut refund.carry, &news.carry);
            if news.source != Source::Answer && refund.told.is_none() {
                refund.told = Some(refund.shown_id().to_owned());
            }
            applied.callbacks.extend(told.map(|kind| Callback { kind, refund: Some(position) }));
        }
    }
    applied.payment.refunded = applied.payment.paid_back();
}

/// A person must look at an amount (rule 13).
fn flag(applied: &mut Applied, review: String) {
    applied.payment.review = Some(review);
    applied.alert = Some("amount_disagrees");
}

fn judge_refund(known: RefundState, reported: RefundState, source: Source) -> Verdict {
    use RefundState as R;
    match (known, reported) {
        (known, reported) if known == reported => Verdict::Keep,
        (R::Started, R::Unknown) if source == Source::Answer => Verdict::Change(told_of_refund(reported)),
        (_, R::Unknown | R::Started) => Verdict::Keep,
        (R::Started, R::NotExecuted) => Verdict::Change(None),
        (R::Unknown, R::NotExecuted) => Verdict::Change(Some(CallbackType::RefundFailed)),
        (R::NotExecuted, R::Failed) => Verdict::Keep,
        (_, R::NotExecuted) => Verdict::Ask,
        (R::Started | R::Unknown | R::Pending, _) => Verdict::Change(told_of_refund(reported)),
        (R::Accepted | R::Failed, R::Pending) => Verdict::Keep,
        (R::NotExecuted, R::Pending) | (R::Failed | R::NotExecuted, R::Accepted) => match source {
            Source::Inquiry | Source::Verified { can_ask: false } => Verdict::Change(told_of_refund(reported)),
            _ => Verdict::Ask,
        },
        (R::Accepted, R::Failed) => match source {
            Source::Inquiry => Verdict::Change(told_of_refund(reported)),
            _ => Verdict::Ask,
        },
        (R::Accepted | R::Failed, _) => Verdict::Keep,
    }
}

fn told_of_refund(state: RefundState) -> Option<CallbackType> {
    match state {
        RefundState::Accepted => Some(CallbackType::RefundAccepted),
        RefundState::Failed => Some(CallbackType::RefundFailed),
        RefundState::Pending | RefundState::Unknown => Some(CallbackType::RefundPending),
        RefundState::Started | RefundState::NotExecuted => None,
    }
}

fn reported_refund_state(news: &News) -> Option<RefundState> {
    match &news.state {
        NewsState::Pending => Some(RefundState::Pending),
        NewsState::Accepted => Some(RefundState::Accepted),
        NewsState::Failed(_) => Some(RefundState::Failed),
        NewsState::Unknown => Some(RefundState::Unknown),
        NewsState::NotExecuted => Some(RefundState::NotExecuted),
        NewsState::Authorized | NewsState::Voided | NewsState::ActionRequired(Destination { .. }) => None,
    }
}

/// The refund that the news is about: by the host's name, then by the provider's.
fn find_refund(payment: &Payment, news: &News) -> Option<usize> {
    let by_reference = |refund: &Refund| Some(&refund.reference.0) == news.target.host_reference.as_ref();
    let by_id = |refund: &Refund| news.action_id.as_ref().is_some_and(|id| refund.ids.contains(id));
    payment.refunds.iter().position(by_reference).or_else(|| payment.refunds.iter().position(by_id))
}

/// Takes in a refund that was made elsewhere, where its id and amount are told (rule 14).
fn adopt_refund(applied: &mut Applied, news: &News, reported: RefundState, now: Timestamp) -> Option<usize> {
    let id = news.action_id.clone()?;
    if reported == RefundState::Unknown {
        return None;
    }
    if applied.payment.refunds.iter().any(is_unnamed) {
        // It may be that very refund, whose answer is still on its way. What asking brought is asked for again anyhow.
        applied.ask |= news.source != Source::Inquiry;
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
    if applied.payment.refunds.iter().filter(|refund| refund.operation.is_none()).count() >= ADOPTED_REFUNDS {
        applied.alert = Some(TOO_MANY);
        return None;
    }
    applied.payment.refunds.push(Refund {
        operation: None,
        reference: Reference::random(),
        ids: vec![id],
        told: None,
        amount,
        state: RefundState::Started,
        description: None,
        carry: None,
        created_at: now,
    });
    Some(applied.payment.refunds.len() - 1)
}

/// A refund of ours that the provider has not named yet.
fn is_unnamed(refund: &Refund) -> bool {
    matches!(refund.state, RefundState::Started | RefundState::Unknown) && refund.ids.is_empty()
}

#[cfg(test)]
mod tests;
