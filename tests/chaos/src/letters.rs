//! The bank's webhooks on their way: each is sent until some host takes it, and some come twice.

use crate::chance::Chance;
use crate::doors::Doors;
use simulators::Bank;
use simulators::bank::{Letter, try_letter};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

const CARRIERS: u64 = 3;
const PAUSE: Duration = Duration::from_millis(20);
/// How long a host may take for one.
const PATIENCE: Duration = Duration::from_secs(10);
/// One in so many comes twice.
const TWICE: u64 = 5;

/// Letters that nobody has taken yet.
#[derive(Debug, Default)]
pub(crate) struct Letters {
    waiting: Mutex<VecDeque<Letter>>,
    under_way: AtomicUsize,
}

impl Letters {
    /// How many are not taken yet.
    pub(crate) fn left(&self) -> usize {
        self.under_way.load(Ordering::SeqCst) + self.waiting().len()
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, VecDeque<Letter>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Option<Letter> {
        let mut waiting = self.waiting();
        let letter = waiting.pop_front()?;
        self.under_way.fetch_add(1, Ordering::SeqCst);
        Some(letter)
    }
}

/// Lets the bank decide what is due, and carries its letters, for ever.
pub(crate) fn carry(bank: &Arc<Bank>, letters: &Arc<Letters>, doors: &Arc<Doors>, seed: u64) -> JoinSet<()> {
    let mut carriers = JoinSet::new();
    carriers.spawn(decide(bank.clone(), letters.clone(), Chance::of(seed, "letters", 0)));
    for carrier in 1..=CARRIERS {
        carriers.spawn(deliver(letters.clone(), doors.clone(), Chance::of(seed, "letters", carrier)));
    }
    carriers
}

async fn decide(bank: Arc<Bank>, letters: Arc<Letters>, mut chance: Chance) {
    let mut beat = tokio::time::interval(PAUSE);
    loop {
        beat.tick().await;
        let ledger = bank.ledger();
        let mut books = ledger.open();
        // Under the books' lock, so that a letter is either undecided or waiting.
        for letter in books.settle(Instant::now()) {
            if chance.once_in(TWICE) {
                letters.waiting().push_back(letter.clone());
            }
            letters.waiting().push_back(letter);
        }
    }
}

async fn deliver(letters: Arc<Letters>, doors: Arc<Doors>, mut chance: Chance) {
    let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().expect("a client can be made");
    loop {
        let Some(letter) = letters.take() else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let taken = match doors.any(&mut chance) {
            Some(origin) => {
                try_letter(&client, &at(&origin, &letter.to), &letter).await.is_ok_and(|status| status < 300)
            }
            None => false,
        };
        if !taken {
            letters.waiting().push_back(letter);
        }
        letters.under_way.fetch_sub(1, Ordering::SeqCst);
        if !taken {
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// The same path and query at another origin: whichever host lives stands behind one public name.
fn at(origin: &str, url: &str) -> String {
    let path = url.splitn(4, '/').nth(3).unwrap_or_default();
    format!("{origin}/{path}")
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_letter_keeps_its_path_and_query() {
        let at = super::at("http://127.0.0.1:9", "https://pay.example.com/v3/bank/callback?ref=a/b");
        assert_eq!(at, "http://127.0.0.1:9/v3/bank/callback?ref=a/b");
    }
}
