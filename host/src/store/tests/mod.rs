//! The promises of the store's commands, on a real file. What a test needs of a payment's life stands here.

mod asks;
mod callbacks;
mod captures;
mod claim;
mod expiry;
mod finish;
mod follow_ups;
mod interleavings;
mod lapse;
mod open;
mod operators;
mod redirects;
mod refunds;
mod repeats;
mod report;
mod server;
mod state;
mod states;
mod subscriptions;
mod webhooks;
mod writer;

use super::database::{self, Connection, FromValue};
use super::{
    Address, Changed, Claim, Claimed, DueBy, Finish, Finished, Found, Name, NewPayment, Place, Sending, Settings,
    Store, StoreError, Told, What,
};
use crate::clock::Timestamp;
use crate::model::{
    Action, ActionState, Amount, Answer, AskAt, Event, Kind, News, NewsState, Operation, Origin, Payment, PaymentKey,
    PaymentState, Reference, SecretBytes, Seed, Settled, Source, Target, Version,
};
use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Duration;

const NOW: Timestamp = Timestamp(1_000_000_000);
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);
/// When what is left open is asked about first.
const LATER: AskAt = AskAt { unknown: Timestamp(NOW.0 + 10_000), pending: Timestamp(NOW.0 + 60_000) };

/// The environment's word for where the promises are kept: `postgres`, or in a file where it says nothing.
const WHERE: &str = "TEST_STORE";

struct Opened {
    store: Store,
    settings: Settings,
    path: PathBuf,
    _place: Kept,
}

/// What goes with the test.
enum Kept {
    Folder { _folder: tempfile::TempDir },
    Database { _database: test_postgres::Database },
}

impl std::ops::Deref for Opened {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.store
    }
}

/// A store that is empty: in a file, or in a server where that is to be tested.
fn opened() -> Opened {
    match std::env::var(WHERE).as_deref() {
        Ok("postgres") => in_server(),
        Ok(other) => panic!("{WHERE} is {other}"),
        Err(_) => in_file(),
    }
}

fn in_file() -> Opened {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("provost.db");
    Opened::at(Settings::file(&path), path, Kept::Folder { _folder: folder }, NOW)
}

fn in_server() -> Opened {
    let database = test_postgres::Database::create();
    let place = Place::Server(Address::parse(database.url()).unwrap());
    let settings = Settings { place, connections: 3, key: Some(SecretBytes::new(vec![7; 32])) };
    Opened::at(settings, PathBuf::new(), Kept::Database { _database: database }, NOW)
}

impl Opened {
    fn at(settings: Settings, path: PathBuf, place: Kept, now: Timestamp) -> Self {
        let store = Store::open(&settings, now).unwrap();
        Self { store, settings, path, _place: place }
    }

    /// The same, to be opened again with this key for what it keeps sealed.
    fn with_key(mut self, key: SecretBytes) -> Self {
        self.settings.key = Some(key);
        self
    }

    /// As a new process finds it.
    fn reopened(self, now: Timestamp) -> Self {
        let Self { store, settings, path, _place } = self;
        drop(store);
        Self::at(settings, path, _place, now)
    }
}

/// Callbacks that are due at `now`, by a schedule that looks two days ahead.
fn due_by(now: Timestamp) -> DueBy {
    DueBy { now, furthest: now.plus(2 * DAY) }
}

fn euro(minor: u64) -> Amount {
    Amount { minor, currency: "EUR".into() }
}

/// A pay of 10 euro for this shop transaction.
fn pay(shop: &str) -> Claim {
    Claim {
        now: NOW,
        external: "acme".into(),
        caller: "shop".into(),
        idempotency_key: None,
        keys_live: 7 * DAY,
        fingerprint: format!("pay {shop}"),
        reference: Reference::random(),
        seed: Seed::random(),
        version: Version("v1".into()),
        amount: Some(euro(1000)),
        lease_until: NOW.plus(MINUTE),
        what: What::Pay(new_payment(shop)),
    }
}

fn new_payment(shop: &str) -> NewPayment {
    NewPayment { shop_transaction_id: shop.into(), payment_method: Some("card".into()), business_key: true }
}

fn refund(payment: PaymentKey, minor: u64) -> Claim {
    Claim {
        fingerprint: format!("refund {minor}"),
        amount: Some(euro(minor)),
        what: What::Refund { payment, repeat_window: 10 * MINUTE },
        ..pay("")
    }
}

fn keyed(key: &str, claim: Claim) -> Claim {
    Claim { idempotency_key: Some(key.into()), ..claim }
}

fn is_new(claimed: &Claimed) -> bool {
    matches!(claimed, Claimed::New { .. })
}

fn target(ids: &[&str]) -> Target {
    Target { payment_ids: ids.iter().map(|id| (*id).to_owned()).collect(), ..Target::default() }
}

fn verified(ids: &[&str], state: NewsState) -> News {
    News::new(Source::Verified { can_ask: true }, target(ids), Action::Payment, state)
}

fn inquiry(ids: &[&str], state: NewsState) -> News {
    News::new(Source::Inquiry, target(ids), Action::Payment, state)
}

fn about_refund(ids: &[&str], refund: &str, state: NewsState) -> News {
    News { action: Action::Refund, action_id: Some(refund.to_owned()), ..verified(ids, state) }
}

/// How `operation` ends, with the provider's id for what it did.
fn end(operation: &Operation, settled: Settled, id: Option<&str>) -> Finish {
    let state = match settled {
        Settled::Succeeded => NewsState::Accepted,
        Settled::Authorized => NewsState::Authorized,
        Settled::Pending | Settled::ActionRequired => NewsState::Pending,
        Settled::Declined => NewsState::Failed(None),
        Settled::NotExecuted => NewsState::NotExecuted,
        Settled::Unknown => NewsState::Unknown,
    };
    let id = id.map(str::to_owned);
    let mut target = Target { host_reference: Some(operation.reference.0.clone()), ..Target::default() };
    let action = operation.kind.action().unwrap();
    let action_id = id.clone().filter(|_| action != Action::Payment);
    if action == Action::Payment {
        target.payment_ids.extend(id.clone());
    }
    let news = News { action_id, ..News::new(Source::Answer, target, action, state) };
    let kept = settled != Settled::NotExecuted;
    Finish {
        now: NOW,
        operation: operation.key,
        fence: operation.fence,
        settled,
        news: Some(news),
        subscription_news: None,
        changes: None,
        emitted: Vec::new(),
        told: Told {
            payment_id: id.clone().filter(|_| operation.kind.makes_payment()),
            refund_id: id.filter(|_| operation.kind == Kind::Refund),
            subscription_token: None,
        },
        answer_if_contradicted: None,
        parked_until: NOW.plus(DAY),
        answer: kept.then(|| Answer {
            status: 200,
            headers: vec![("x-payment-outcome".into(), settled.name().into())],
            body: settled.name().into(),
        }),
        ask_at: LATER,
        again: false,
    }
}

/// It is about to leave, and is not to be made again.
fn sending(operation: &Operation) -> Sending {
    Sending { operation: operation.key, fence: operation.fence, now: NOW, request: None }
}

impl Finished {
    /// What it made of its payment.
    fn of_payment(&self) -> Changed {
        self.changed.clone().unwrap()
    }
}

impl Store {
    /// Claimed, and on disk, with its payment where it has one.
    async fn new_operation(&self, claim: Claim) -> (Operation, Payment) {
        let claimed = self.accepted_claim(claim).await;
        self.ping().await.unwrap();
        claimed
    }

    /// Claimed, and not on disk yet.
    async fn accepted_claim(&self, claim: Claim) -> (Operation, Payment) {
        match self.claim(claim).await.unwrap() {
            Claimed::New { operation, subject } => {
                let none = || Payment::blank("acme", Origin::Pay, Reference::random(), NOW);
                (operation, subject.payment.unwrap_or_else(none))
            }
            other => panic!("{other:?}"),
        }
    }

    async fn ended(&self, claim: Claim, settled: Settled, id: Option<&str>) -> Finished {
        let (operation, _) = self.new_operation(claim).await;
        self.finish(end(&operation, settled, id)).await.unwrap()
    }

    /// A payment of 10 euro that was accepted under this id.
    async fn accepted(&self, shop: &str, id: &str) -> Payment {
        let finished = self.ended(pay(shop), Settled::Succeeded, Some(id)).await;
        let payment = finished.changed.unwrap().payment;
        assert_eq!(payment.state, PaymentState::Accepted);
        payment
    }

    fn found(&self, name: Name<'_>) -> Option<Found> {
        wait(self.payment("acme", name)).unwrap()
    }

    /// A payment as it is now: as who asks about it knows it.
    async fn as_it_is(&self, payment: PaymentKey) -> Payment {
        self.payment_by_key(payment).await.unwrap().unwrap()
    }

    fn state_of(&self, id: &str) -> PaymentState {
        self.found(Name::Payment(id)).unwrap().payment.state
    }

    /// How many payments are due to be asked about.
    fn due_asks(&self, now: Timestamp) -> i64 {
        self.query(&format!("SELECT count(*) FROM payments WHERE ask_at <= {}", now.0))[0]
    }

    fn due_subscription_asks(&self, now: Timestamp) -> i64 {
        self.query(&format!("SELECT count(*) FROM subscriptions WHERE ask_at <= {}", now.0))[0]
    }

    /// The types of the callbacks that were enqueued, oldest first.
    fn told(&self) -> Vec<String> {
        self.query("SELECT type FROM callbacks ORDER BY key")
    }

    /// The first column of what a query gives.
    fn query<T: FromValue + Send + 'static>(&self, sql: &str) -> Vec<T> {
        self.column(sql, 0)
    }

    fn column<T: FromValue + Send + 'static>(&self, sql: &str, column: usize) -> Vec<T> {
        let sql = sql.to_owned();
        let rows = move |connection: &Connection| {
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_map([], |row| row.get(column))?;
            Ok(rows.collect::<database::Result<_>>()?)
        };
        wait(self.parts.readers.read(rows)).unwrap()
    }
}

/// For what a test asks in passing: waits on its thread.
fn wait<T>(future: impl Future<Output = T>) -> T {
    struct Waiting(std::thread::Thread);
    impl std::task::Wake for Waiting {
        fn wake(self: std::sync::Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = std::sync::Arc::new(Waiting(std::thread::current())).into();
    let (mut future, mut context) = (std::pin::pin!(future), std::task::Context::from_waker(&waker));
    loop {
        if let std::task::Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
        std::thread::park();
    }
}
