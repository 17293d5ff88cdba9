//! A payment, or what was done to it, decided by a person who has found out (rule 10): through the one `apply`, with its
//! callback, and with a row of `audit` in the same transaction.

use super::change::{self, Changed, When};
use super::database::Connection;
use super::{Store, StoreError, audit, operations, parked, payments};
use crate::clock::Timestamp;
use crate::model::{
    Action, ActionState, Amount, AskAt, Capture, News, NewsState, Payment, PaymentKey, Reference, Refund, Source,
    Target,
};

/// What a person says became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Done: paid, paid back, captured or released.
    Accepted,
    /// Reserved.
    Authorized,
    /// Refused.
    Failed,
    /// Reserved once, and released.
    Voided,
    /// Nothing happened at the provider.
    NotExecuted,
}

impl Verdict {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Accepted, Self::Authorized, Self::Failed, Self::Voided, Self::NotExecuted];

    /// Its name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Authorized => "authorized",
            Self::Failed => "failed",
            Self::Voided => "voided",
            Self::NotExecuted => "not_executed",
        }
    }

    /// The one that has this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.name() == name)
    }

    fn news(self) -> NewsState {
        match self {
            Self::Accepted => NewsState::Accepted,
            Self::Authorized => NewsState::Authorized,
            Self::Failed => NewsState::Failed(None),
            Self::Voided => NewsState::Voided,
            Self::NotExecuted => NewsState::NotExecuted,
        }
    }
}

/// A decision by hand.
#[derive(Clone, Debug)]
pub struct Settling {
    /// The present.
    pub now: Timestamp,
    /// The payment.
    pub payment: PaymentKey,
    /// The refund, capture or void of it that is meant; none: the payment itself.
    pub action: Option<Reference>,
    /// What became of it.
    pub verdict: Verdict,
    /// Minor units that were paid, where they differ from what was asked.
    pub captured: Option<u64>,
    /// Whether it may contradict what counts as decided.
    pub correct: bool,
    /// Who says so.
    pub who: String,
    /// Why.
    pub reason: String,
    /// When the provider is to be asked first about what this leaves open.
    pub ask_at: AskAt,
}

/// What became of a decision by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettledByHand {
    /// It counts. Where nothing was written, it was known already.
    Done(Box<Changed>),
    /// A call runs that was made for it, or is being made again: its end is not to be foretold.
    Runs,
    /// It is decided, and otherwise.
    Contradicts {
        /// How it stands.
        state: &'static str,
    },
    /// It cannot have become that.
    Unfit(&'static str),
}

/// What of a payment is meant.
enum Meant<'a> {
    Payment,
    Refund(&'a Refund),
    Capture(&'a Capture),
}

impl Store {
    /// Decides by hand. When this returns, it is on disk.
    ///
    /// # Errors
    ///
    /// [`StoreError::Gone`]: there is no such payment, or nothing of that name was done to it.
    pub async fn settle(&self, settling: Settling) -> Result<SettledByHand, StoreError> {
        self.parts.writer.durable(move |connection| settle(connection, &settling)).await
    }
}

fn settle(connection: &Connection, settling: &Settling) -> Result<SettledByHand, StoreError> {
    let before = payments::load(connection, settling.payment)?.ok_or(StoreError::Gone)?;
    let meant = Meant::of(&before, settling.action.as_ref()).ok_or(StoreError::Gone)?;
    if operations::any_runs_for(connection, before.key, settling.now)? {
        return Ok(SettledByHand::Runs);
    }
    if let Some(unfit) = meant.unfit(&before, settling) {
        return Ok(SettledByHand::Unfit(unfit));
    }
    let (state, subject) = (meant.state(&before), meant.subject(&before).to_owned());
    let when = When { now: settling.now, ask_at: settling.ask_at };
    // A person has looked.
    let seen = Payment { review: None, ..before.clone() };
    let mut applied = change::consider(&seen, &meant.news(&before, settling), when);
    let after = Meant::of(&applied.payment, settling.action.as_ref()).ok_or(StoreError::Gone)?.state(&applied.payment);
    if applied.ask || after != meant.wanted(settling.verdict) {
        return Ok(SettledByHand::Contradicts { state });
    }
    ask_again(&mut applied.payment, when);
    let mut changed = change::write(connection, &before, applied, when)?;
    if changed.written {
        let entry = audit::Entry {
            at: settling.now,
            who: settling.who.clone(),
            action: audit::Action::Settle,
            external: before.external.clone(),
            subject,
            before: state.to_owned(),
            after: after.to_owned(),
            reason: settling.reason.clone(),
        };
        audit::write(connection, Some(before.key), None, &entry)?;
        parked::catch_up(connection, &mut changed, when)?;
    }
    Ok(SettledByHand::Done(Box::new(changed)))
}

/// What a person has seen and not decided is a promise still: who asked to the end of the schedule begins anew (rule 6).
fn ask_again(payment: &mut Payment, when: When) {
    if let Some(standing) = payment.standing().filter(|_| payment.ask_at.is_none()) {
        (payment.ask_at, payment.asks, payment.open_since) = (Some(when.ask_at.of(standing)), 0, Some(when.now));
    }
}

impl<'a> Meant<'a> {
    fn of(payment: &'a Payment, action: Option<&Reference>) -> Option<Self> {
        let Some(reference) = action else {
            return Some(Self::Payment);
        };
        let refund = payment.refunds.iter().find(|refund| refund.reference == *reference).map(Self::Refund);
        refund.or_else(|| payment.captures.iter().find(|capture| capture.reference == *reference).map(Self::Capture))
    }

    fn state(&self, payment: &Payment) -> &'static str {
        match self {
            Self::Payment => payment.state.name(),
            Self::Refund(refund) => refund.state.name(),
            Self::Capture(capture) => capture.state.name(),
        }
    }

    /// How it stands once this is decided.
    fn wanted(&self, verdict: Verdict) -> &'static str {
        match (self, verdict) {
            (Self::Capture(capture), Verdict::Voided) if capture.void => ActionState::Accepted.name(),
            _ => verdict.name(),
        }
    }

    /// Why it cannot have become that.
    fn unfit(&self, payment: &Payment, settling: &Settling) -> Option<&'static str> {
        let of_payment = matches!(self, Self::Payment);
        let is_void = matches!(self, Self::Capture(capture) if capture.void);
        if matches!(settling.verdict, Verdict::Authorized) && !of_payment {
            return Some("only a payment can be authorized");
        }
        if matches!(settling.verdict, Verdict::Voided) && !of_payment && !is_void {
            return Some("only a payment or a void can be voided");
        }
        let captured = settling.captured?;
        if !of_payment || settling.verdict != Verdict::Accepted {
            return Some("an amount says how much of a payment was accepted");
        }
        match &payment.amount {
            None => Some("nobody here knows what was asked for, nor in which currency"),
            Some(asked) if captured == 0 || captured > asked.minor => {
                Some("the amount must be more than nothing, and at most what was asked for")
            }
            Some(_) => None,
        }
    }

    /// The name that it is shown by.
    fn subject<'b>(&'b self, payment: &'b Payment) -> &'b str {
        match self {
            Self::Payment => payment.shown_id(),
            Self::Refund(refund) => refund.shown_id(),
            Self::Capture(capture) => &capture.reference.0,
        }
    }

    fn news(&self, payment: &Payment, settling: &Settling) -> News {
        let (reference, action) = match self {
            Self::Payment => (&payment.reference, Action::Payment),
            Self::Refund(refund) => (&refund.reference, Action::Refund),
            Self::Capture(capture) if capture.void => (&capture.reference, Action::Void),
            Self::Capture(capture) => (&capture.reference, Action::Capture),
        };
        let target = Target { host_reference: Some(reference.0.clone()), ..Target::default() };
        let source = Source::Operator { correct: settling.correct };
        let currency = payment.currency();
        let captured = settling.captured.zip(currency);
        News {
            captured: captured.map(|(minor, currency)| Amount { minor, currency: currency.to_owned() }),
            ..News::new(source, target, action, settling.verdict.news())
        }
    }
}
