//! Rule 12 as a race: captures and refunds of ours and of others, their answers, and what webhooks tell of both, all at
//! once. Whatever comes first, the store ends with what the provider has.

use super::webhooks::receive;
use super::*;
use crate::model::Trust;
use crate::store::Received;
use std::sync::{Arc, Mutex};

/// What is reserved.
const RESERVED: u64 = 1000;

/// One that never takes more than is there, and tells of all that it did.
#[derive(Default)]
struct Provider(Mutex<Book>);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Book {
    captured: u64,
    refunded: u64,
}

impl Provider {
    /// Says whether it was done.
    fn act(&self, action: Action, minor: u64) -> bool {
        let mut book = self.0.lock().unwrap();
        let (made, limit) = match action {
            Action::Capture => (book.captured, RESERVED),
            _ => (book.refunded, book.captured),
        };
        let fits = made + minor <= limit;
        if fits && action == Action::Capture {
            book.captured += minor;
        } else if fits {
            book.refunded += minor;
        }
        fits
    }
}

/// Repeatable chance.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    async fn dawdle(&mut self) {
        for _ in 0..self.roll(4) {
            tokio::task::yield_now().await;
        }
    }
}

struct World {
    store: Opened,
    provider: Provider,
    payment: Payment,
}

impl World {
    fn news(&self, action: Action, id: &str, minor: u64, done: bool) -> News {
        let state = if done { NewsState::Accepted } else { NewsState::Failed(None) };
        let about = verified(&["p-1"], state);
        News { action, action_id: Some(id.to_owned()), amount: Some(euro(minor)), ..about }
    }

    /// Made by us: claimed, done, told by an answer, by a webhook before or after it, or by a question.
    async fn ours(&self, action: Action, minor: u64, mut dice: Dice) {
        let id = format!("{action:?}-{minor}");
        let claim = match action {
            Action::Capture => captures::capture(self.payment.key, Some(minor), false),
            _ => refund(self.payment.key, minor),
        };
        dice.dawdle().await;
        let Claimed::New { operation, .. } = self.store.claim(keyed(&id, claim)).await.unwrap() else {
            return;
        };
        dice.dawdle().await;
        let done = self.provider.act(action, minor);
        let named = News {
            target: Target { host_reference: Some(operation.reference.0.clone()), ..target(&["p-1"]) },
            ..self.news(action, &id, minor, done)
        };
        if dice.roll(2) == 0 {
            receive(&self.store, Trust::Verified, None, named.clone()).await;
        }
        dice.dawdle().await;
        let settled = match dice.roll(3) {
            0 => Settled::Unknown,
            _ if done => Settled::Succeeded,
            _ => Settled::Declined,
        };
        let name = (settled != Settled::Unknown).then_some(&*id);
        self.store.finish(end(&operation, settled, name)).await.unwrap();
        dice.dawdle().await;
        let answered = News { source: Source::Inquiry, ..named.clone() };
        self.store.report_on(&self.payment, answered, NOW, LATER).await.unwrap();
        receive(&self.store, Trust::Verified, None, named).await;
    }

    /// Made elsewhere: all that is heard of it is what webhooks tell, more than once.
    async fn elsewhere(&self, action: Action, minor: u64, mut dice: Dice) {
        dice.dawdle().await;
        if !self.provider.act(action, minor) {
            return;
        }
        for _ in 0..=dice.roll(2) {
            dice.dawdle().await;
            let told = self.news(action, &format!("elsewhere-{action:?}-{minor}"), minor, true);
            let received = receive(&self.store, Trust::Verified, None, told).await;
            assert!(matches!(received, Received::Applied(_)), "{received:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whatever_the_order_no_race_takes_or_gives_back_more_than_there_is() {
    for seed in 1..=24_u64 {
        let store = opened();
        let payment = store.ended(pay("s-1"), Settled::Authorized, Some("p-1")).await.of_payment().payment;
        let world = Arc::new(World { store, provider: Provider::default(), payment });
        let mut tasks = Vec::new();
        for (number, minor) in [350_u64, 270, 230, 190, 110, 90, 70, 50, 30].into_iter().enumerate() {
            for (action, by_us) in
                [(Action::Capture, true), (Action::Capture, false), (Action::Refund, true), (Action::Refund, false)]
            {
                // No two of a kind are of one amount, so that each can be told from the others.
                let minor = minor + u64::from(by_us) + 2 * u64::from(action == Action::Refund);
                let dice = Dice(seed * 1_000_003 + number as u64 * 97 + minor);
                let world = world.clone();
                tasks.push(tokio::spawn(async move {
                    if by_us {
                        world.ours(action, minor, dice).await
                    } else {
                        world.elsewhere(action, minor, dice).await
                    }
                }));
            }
        }
        for task in tasks {
            task.await.unwrap();
        }
        assert_agrees(&world, seed).await;
    }
}

/// The store has what the provider has, and told each change once and in order.
async fn assert_agrees(world: &World, seed: u64) {
    let World { store, provider, .. } = world;
    store.unpark(NOW, LATER).await.unwrap();
    let payment = store.found(Name::Payment("p-1")).unwrap().payment;
    let book = *provider.0.lock().unwrap();
    let known = Book { captured: payment.captured.unwrap_or_default(), refunded: payment.refunded };
    assert_eq!(known, book, "{seed}: {payment:#?}");
    assert!(book.refunded <= book.captured && book.captured <= RESERVED, "{seed}: {book:?}");
    assert_eq!((payment.held(), &payment.review), (0, &None), "{seed}");
    let sequences = store.query::<i64>("SELECT sequence FROM callbacks ORDER BY key");
    assert_eq!(sequences, (1..=payment.sequence.cast_signed()).collect::<Vec<_>>(), "{seed}");
    assert_eq!(store.query::<i64>("SELECT count(*) FROM parked_names"), [0], "{seed}");
}
