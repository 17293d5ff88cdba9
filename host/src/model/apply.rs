//! The only way a payment ever changes, whoever brings the news (rules 11 to 13, 28, 29). Pure: the store calls it
//! inside the transaction that holds the payment's lock, and writes what it returns.

mod action;
mod amounts;
mod capture;
mod dispute;
mod refund;
mod subscription;

pub use dispute::apply_dispute;
pub use subscription::{AppliedToSubscription, apply_to_subscription};

use super::{
    About, Action, ActionState, Callback, CallbackType, FollowUp, News, NewsState, Origin, Payment, PaymentState,
    Source, Target,
};
use crate::clock::Timestamp;

/// Provider ids kept for a payment, and for each refund: a provider that invents more is found out, and fills no disk.
const IDS: usize = 64;

/// Refunds made elsewhere that a payment takes in, and captures.
const ADOPTED: usize = 256;

/// The alert where there are more.
const TOO_MANY: &str = "too_many_names";

/// The alert where something happened of which we had said that it did not (rule 11).
const MISJUDGED: &str = "not_executed_was_wrong";

/// What a person must look at is kept up to here, so that a provider that says something else each time fills no disk.
const LONGEST_REVIEW: usize = 1_000;

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
    /// What the host shall do next, where the payment's state still allows it: once for each content (rule 14).
    pub follow_ups: Vec<FollowUp>,
}

impl Applied {
    /// Whether anything is to be written.
    pub fn differs_from(&self, before: &Payment) -> bool {
        self.payment != *before || !self.callbacks.is_empty() || !self.follow_ups.is_empty() || self.later
    }

    /// Whether something stands otherwise that was decided before, or did not happen after all: more than an answer may
    /// say that is older than what is known. A capture of what was reserved undoes nothing.
    pub fn undoes(&self, before: &Payment) -> bool {
        use PaymentState as S;
        let (was, is) = (before.state, self.payment.state);
        let decided = matches!(was, S::Authorized | S::Accepted | S::Failed | S::Voided | S::NotExecuted);
        let goes_on = (was, is) == (S::Authorized, S::Accepted);
        let payment = was != is && !goes_on && (decided || is == S::NotExecuted);
        let action = |was: ActionState, is: ActionState| was != is && (!was.holds() || is == ActionState::NotExecuted);
        let refunds = before.refunds.iter().zip(&self.payment.refunds);
        let captures = before.captures.iter().zip(&self.payment.captures);
        payment
            || refunds.into_iter().any(|(was, is)| action(was.state, is.state))
            || captures.into_iter().any(|(was, is)| action(was.state, is.state))
    }

    /// Nothing but that the provider must be asked.
    pub fn question(before: &Payment, now: Timestamp) -> Self {
        Self { ask: true, ..Self::of(before) }.at(before, now)
    }

    /// A person must look at it, and is told once of each thing.
    pub fn call_a_person(&mut self, review: &str, alert: &'static str) {
        let known = self.payment.review.as_deref().unwrap_or_default();
        if known.contains(review) || known.len() + review.len() > LONGEST_REVIEW && !known.is_empty() {
            return;
        }
        self.payment.review = Some(if known.is_empty() { review.to_owned() } else { format!("{known}; {review}") });
        self.alert = Some(alert);
    }

    /// Nothing, so far.
    fn of(before: &Payment) -> Self {
        Self {
            payment: before.clone(),
            callbacks: Vec::new(),
            ask: false,
            later: false,
            alert: None,
            follow_ups: Vec::new(),
        }
    }

    /// Notes when it changed, and when the provider is to be asked.
    fn at(mut self, before: &Payment, now: Timestamp) -> Self {
        if self.ask {
            self.payment.ask_at = Some(now);
        }
        if self.payment != *before {
            self.payment.updated_at = now;
        }
        self
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
    let mut applied = Applied::of(before);
    learn_names(&mut applied, &news.target);
    match news.action {
        Action::Refund => refund::apply_to_refund(&mut applied, news, now),
        Action::Capture | Action::Void if capture::apply(&mut applied, news, now) => {}
        Action::Payment | Action::Capture | Action::Void => {
            if apply_to_payment(&mut applied, news) {
                capture::settle_by_payment(&mut applied, news, before);
            }
        }
    }
    // An answer to a question does not ask it again.
    applied.ask &= news.source != Source::Inquiry;
    amounts::check_refunded(before, &mut applied, news);
    // Nothing more is done by itself while a person must look, or what was told is doubtful (rules 11 and 13).
    let doubtful = applied.ask || applied.payment.review.is_some();
    let wanted = |follow_up: &&FollowUp| !doubtful && is_wanted(&applied.payment, follow_up);
    applied.follow_ups = news.follow_ups.iter().filter(wanted).cloned().collect();
    applied.at(before, now)
}

/// Applies news about the payment itself. Says whether it counts: it is neither doubtful nor older than what is known.
fn apply_to_payment(applied: &mut Applied, news: &News) -> bool {
    let Some(reported) = reported_state(news) else {
        return false;
    };
    if let Some(review) = amounts::review_of(&applied.payment, news, reported) {
        amounts::flag(applied, review);
        if matches!(reported, PaymentState::Accepted | PaymentState::Authorized) || news.action == Action::Void {
            return false;
        }
    }
    let payment = &mut applied.payment;
    let stale = is_stale(payment, news);
    let verdict = match judge(payment.state, reported, news.source) {
        Verdict::Change(_) if stale => Verdict::Ask,
        verdict => verdict,
    };
    if payment.state == PaymentState::NotExecuted && !matches!(verdict, Verdict::Keep) {
        applied.alert = Some(MISJUDGED);
    }
    match verdict {
        Verdict::Keep if stale => return false,
        Verdict::Keep => {
            if payment.state == reported {
                remember(payment, news);
            }
            let more = captured_elsewhere(payment, news, reported);
            applied.callbacks.extend(more.map(|kind| Callback { kind, about: About::Payment }));
        }
        Verdict::Ask => {
            applied.ask = true;
            return false;
        }
        Verdict::Change(told) => {
            payment.state = reported;
            remember(payment, news);
            amounts::settle(payment, news, reported);
            // What is decided needs no question, unless it may be about something else that was done to the payment; any
            // other keeps waiting, for its asker alone knows that it was asked.
            if payment.state.is_terminal() && payment.refunds.is_empty() && payment.captures.is_empty() {
                payment.ask_at = None;
            }
            if news.source != Source::Answer && payment.told.is_none() {
                payment.told = Some(payment.shown_id().to_owned());
            }
            let callback = link_created(payment, news).or(told.map(|kind| Callback { kind, about: About::Payment }));
            applied.callbacks.extend(callback);
        }
    }
    true
}

/// More of it was captured than is known here: that is a change, and told (rule 14).
fn captured_elsewhere(payment: &mut Payment, news: &News, reported: PaymentState) -> Option<CallbackType> {
    let told = news.captured.as_ref().map(|captured| captured.minor);
    let is_accepted = payment.state == PaymentState::Accepted && reported == PaymentState::Accepted;
    let more = told.filter(|told| is_accepted && payment.captured < Some(*told))?;
    payment.captured = Some(more);
    Some(CallbackType::PaymentAccepted)
}

/// Whether a payment is still where its plugin asked for something more.
fn is_wanted(payment: &Payment, follow_up: &FollowUp) -> bool {
    match follow_up {
        FollowUp::Capture => !payment.state.is_terminal() && payment.capturable() != Some(0),
        FollowUp::Resume(_) => !payment.state.is_terminal(),
    }
}

/// A link that was made is told as such: it is what the caller asked for.
fn link_created(payment: &Payment, news: &News) -> Option<Callback> {
    let NewsState::ActionRequired(destination) = &news.state else {
        return None;
    };
    let is_made = payment.origin == Origin::Link && news.source == Source::Answer;
    let url = destination.web.as_ref().or(destination.app.as_ref()).filter(|_| is_made)?.clone();
    let about = About::Link { url, description: news.description.clone() };
    Some(Callback { kind: CallbackType::LinkCreated, about })
}

/// The table of rule 11: what is known, what is reported, who reports it.
fn judge(known: PaymentState, reported: PaymentState, source: Source) -> Verdict {
    use PaymentState as S;
    let corrects = source.corrects();
    match (known, reported) {
        (known, reported) if known == reported => Verdict::Keep,
        // A poll that does not know changes nothing (rule 9); nobody but the operation itself says that it did not happen.
        (_, S::Started) => Verdict::Keep,
        (S::Started, S::Unknown) if source == Source::Answer => Verdict::Change(told(reported)),
        (_, S::Unknown) => Verdict::Keep,
        // The caller was told, and no payment came to exist. While its call runs, nobody else can know.
        (S::Started, S::NotExecuted) if source == Source::Answer => Verdict::Change(None),
        // The merchant was told that it is pending, and waits (rule 6).
        (S::Unknown, S::NotExecuted) if source.knows() => Verdict::Change(Some(CallbackType::PaymentFailed)),
        (S::Pending | S::ActionRequired, S::NotExecuted) if source.is_operator() => {
            Verdict::Change(Some(CallbackType::PaymentFailed))
        }
        (S::Started | S::Unknown, S::NotExecuted) => Verdict::Keep,
        (S::NotExecuted, S::Failed | S::Voided | S::NotExecuted) => Verdict::Keep,
        (S::NotCharged, S::NotExecuted) => Verdict::Keep,
        (_, S::NotExecuted) => Verdict::Ask,

        (S::Started, S::NotCharged) => Verdict::Change(None),
        (S::Started | S::Unknown, _) => Verdict::Change(told(reported)),
        (S::Pending, S::ActionRequired) => match source {
            Source::Answer => Verdict::Change(None),
            _ => Verdict::Keep,
        },
        // The payer has come back. A provider that is asked may call pending what still waits for the payer.
        (S::ActionRequired, S::Pending) => match source {
            Source::Verified { .. } => Verdict::Change(told(reported)),
            _ => Verdict::Keep,
        },
        (S::Pending | S::ActionRequired, _) => Verdict::Change(told(reported)),
        (S::Authorized, S::Pending | S::ActionRequired) => Verdict::Keep,
        (S::Authorized, S::NotCharged) => Verdict::Ask,
        (S::Authorized, _) => Verdict::Change(told(reported)),

        (S::Accepted, S::Failed | S::Voided) => match source.takes_back() {
            true => Verdict::Change(told(reported)),
            false => Verdict::Ask,
        },
        (S::Failed | S::Voided | S::NotExecuted, S::Accepted | S::Authorized) if corrects => {
            Verdict::Change(Some(CallbackType::PaymentLateSuccess))
        }
        (S::Failed | S::Voided | S::NotExecuted, S::Accepted | S::Authorized) => Verdict::Ask,
        (S::NotExecuted, _) if corrects => Verdict::Change(told(reported)),
        (S::NotExecuted, _) => Verdict::Ask,
        (S::NotCharged, _) => Verdict::Change(told(reported)),
        (S::Accepted | S::Failed | S::Voided, _) => Verdict::Keep,
    }
}

fn told(state: PaymentState) -> Option<CallbackType> {
    match state {
        PaymentState::Accepted | PaymentState::NotCharged => Some(CallbackType::PaymentAccepted),
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
        NewsState::NotCharged => PaymentState::NotCharged,
    };
    let collected = news.captured.as_ref().is_some_and(|captured| captured.minor > 0);
    match (news.action, state) {
        // The first capture makes a payment accepted, whatever else of it is still reserved.
        (Action::Payment, PaymentState::Authorized) if collected => Some(PaymentState::Accepted),
        // A capture or void that is not done says nothing about the payment itself.
        (Action::Capture | Action::Void, PaymentState::Accepted) if news.action == Action::Void => {
            Some(PaymentState::Voided)
        }
        (Action::Capture, PaymentState::Accepted) | (Action::Void, PaymentState::Voided) => Some(state),
        (Action::Capture | Action::Void, _) => None,
        _ => Some(state),
    }
}

/// Older news never wins over newer (rule 28); an answer and an inquiry are about now.
fn is_stale(payment: &Payment, news: &News) -> bool {
    let reported = matches!(news.source, Source::Verified { .. });
    reported
        && matches!((news.occurred_at, payment.observed_at), (Some(occurred), Some(observed)) if occurred < observed)
}

fn learn_names(applied: &mut Applied, target: &Target) {
    let payment = &mut applied.payment;
    if payment.shop_transaction_id.is_none() {
        payment.shop_transaction_id.clone_from(&target.shop_transaction_id);
    }
    if !add_new(&mut payment.ids, target.payment_ids.iter()) {
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
    // What was over before it began is a mistake.
    keep_newer(&mut payment.expires_at, &news.expires_at.filter(|end| *end >= payment.created_at));
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

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
