//! What the callers were answered, for the judge.

use crate::desk::Stuck;
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A payment, the start of a subscription or a charge of it.
    Pay,
    /// A link: of one that is not known `KO` is said, and its payment found out.
    Link,
    /// A refund.
    Refund,
    /// A capture or a void.
    Act,
}

/// An answer of 200 to something that may move money.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// What was asked for.
    pub(crate) step: Step,
    /// The shop's name for the payment.
    pub(crate) shop: String,
    /// `OK`, `KO`, `PENDING`, `REDIRECT_TO_URL`.
    pub(crate) result: String,
    /// The payment's id, or the refund's.
    pub(crate) id: String,
    /// In minor units.
    pub(crate) amount: u64,
}

/// Everything that callers saw.
#[derive(Debug, Default)]
pub(crate) struct Pages {
    /// The number of the errand begun last.
    pub(crate) errands: u64,
    /// Each first answer.
    pub(crate) answers: Vec<Answer>,
    /// What a payment was seen as, one after the other, by the shop's name for it.
    pub(crate) seen: BTreeMap<String, Vec<String>>,
    /// Tokens of subscriptions by the shop's name for them.
    pub(crate) tokens: BTreeMap<String, String>,
    /// What the bank does not decide by itself.
    pub(crate) stuck: VecDeque<Stuck>,
    /// Answers that no sound host gives.
    pub(crate) wrongs: Vec<String>,
    /// Refusals that may be, by their code.
    pub(crate) refused: BTreeMap<String, u64>,
    /// Questions about a status that were answered.
    pub(crate) looks: u64,
}

/// The pages, shared, and how many answers there were.
#[derive(Debug, Default)]
pub(crate) struct Book {
    pages: Mutex<Pages>,
    /// Whether shops are at work.
    busy: AtomicBool,
    answered: watch::Sender<u64>,
}

impl Book {
    /// Opens it.
    pub(crate) fn open(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shops begin to work, or have ended.
    pub(crate) fn set_busy(&self, busy: bool) {
        self.busy.store(busy, Ordering::SeqCst);
    }

    /// Whether shops are at work.
    pub(crate) fn is_busy(&self) -> bool {
        self.busy.load(Ordering::SeqCst)
    }

    /// Somebody was answered.
    pub(crate) fn count(&self) {
        self.answered.send_modify(|answered| *answered += 1);
    }

    /// Waits for so many more answers.
    pub(crate) async fn more_answers(&self, count: u64) {
        let mut answered = self.answered.subscribe();
        let wanted = *answered.borrow() + count;
        // The sending half lives as long as this book.
        let _ = answered.wait_for(|answered| *answered >= wanted).await;
    }
}

impl Pages {
    /// A payment was seen to stand so.
    pub(crate) fn see(&mut self, shop: &str, word: &str) {
        let words = self.seen.entry(shop.to_owned()).or_default();
        if words.last().map(String::as_str) != Some(word) {
            words.push(word.to_owned());
        }
    }
}
