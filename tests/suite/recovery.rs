//! What is pending or unknown is a promise (rules 6, 7, 9 and 10): it is asked for without anybody asking, by its
//! schedule, until it is decided or a person must look. `recovery_repeat` makes calls again.

use crate::harness::{Database, Host, Reply, START, Setup, payment, payment_with, refund, refund_with};
use provost::clock::Clock;
use provost::operations::Recovery;
use serde_json::{Value, json};
use simulators::provider::{Misbehaviour, Rule, Status};
use simulators::{Merchant, Provider, Response};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);

/// A host between a scripted provider and a merchant, under a clock that the test holds.
pub struct World {
    pub provider: Provider,
    pub merchant: Merchant,
    pub clock: Clock,
    pub host: Host,
}

impl World {
    pub async fn start() -> Self {
        Self::with(|setup, _| setup).await
    }

    pub async fn with(change: impl FnOnce(Setup, &Provider) -> Setup) -> Self {
        let (provider, merchant, clock) = (Provider::start(), Merchant::start(), Clock::manual(START));
        let setup = Setup::new().clock(&clock).merchant(&merchant).acme(&provider);
        Self { host: change(setup, &provider).start().await, provider, merchant, clock }
    }

    /// Started again over what it left, after a change of its setup.
    pub async fn again(self, change: impl FnOnce(Setup) -> Setup) -> Self {
        let Self { provider, merchant, clock, host } = self;
        Self { host: change(host.stop().await).start().await, provider, merchant, clock }
    }

    /// A payment that never reached the provider, and of which nobody knows that.
    pub async fn lost(&self, shop: &str) -> Reply {
        self.provider.fail(Rule::charge(Misbehaviour::Close.before()));
        let reply = self.host.post("/v3/acme/pay", &payment(shop, 500)).await;
        assert_eq!(reply.header("x-payment-outcome"), "unknown", "{reply:?}");
        reply
    }

    /// Moves the clock to when the shop's payment is asked about next, and waits until it was.
    pub async fn asked(&self, shop: &str) {
        let before = self.plan(shop);
        let due = before.due.expect("it is to be asked about");
        self.clock.advance(Duration::from_millis(due.saturating_sub(self.clock.now().0)));
        let settled = |database: &Database| {
            let now = Plan::of(database, shop);
            now.asks != before.asks || now.state != before.state
        };
        self.host.on_disk().until("it was asked about", settled).await;
    }

    /// The types of the callbacks about a shop's transaction, all delivered.
    pub async fn told(&self, shop: &str) -> Vec<String> {
        let database = self.host.on_disk();
        database.all_delivered().await;
        database.told(shop)
    }

    pub async fn becomes(&self, shop: &str, state: &str) {
        self.host
            .on_disk()
            .until(&format!("{shop} is {state}"), |database| Plan::of(database, shop).state == state)
            .await;
    }

    pub fn plan(&self, shop: &str) -> Plan {
        Plan::of(&self.host.on_disk(), shop)
    }

    /// The gap before the next question, counted from now.
    fn gap(&self, shop: &str) -> Duration {
        let due = self.plan(shop).due.expect("it is to be asked about");
        Duration::from_millis(due - self.clock.now().0)
    }

    pub fn charges(&self, shop: &str) -> usize {
        self.provider.ledger().charges_for_shop(shop).len()
    }

    /// How often the provider was asked to charge.
    pub fn attempts(&self) -> usize {
        let ledger = self.provider.ledger();
        ledger.requests().iter().filter(|request| request.method == "POST" && request.path == "/charges").count()
    }
}

/// When a payment is asked about.
pub struct Plan {
    pub state: String,
    pub asks: usize,
    due: Option<u64>,
    pub review: String,
}

impl Plan {
    /// That of the shop's last payment.
    pub fn of(database: &Database, shop: &str) -> Self {
        let sql = "SELECT state, asks, ask_at, review FROM payments WHERE shop_transaction_id = ? ORDER BY key DESC";
        let row = database.rows(sql, [shop]).swap_remove(0);
        let due = row[2].parse().ok();
        Self {
            state: row[0].clone(),
            asks: row[1].parse().expect("a number of questions"),
            due,
            review: row[3].clone(),
        }
    }
}

fn assert_about(gap: Duration, wanted: Duration) {
    assert!(gap >= wanted && gap <= wanted.mul_f64(1.2) + Duration::from_millis(1), "{gap:?} for {wanted:?}");
}

/// Rules 6 and 10.
#[tokio::test]
async fn the_unknown_is_asked_for_at_each_gap_of_its_schedule_and_then_a_person_is_told() {
    let patient = |setup: Setup| setup.with(|provider| provider.external = "patient".to_owned());
    let world = World::with(|setup, _| patient(setup)).await;
    let always = || Rule::search(Misbehaviour::html(502).before()).always();
    world.provider.fail(always());
    world.provider.fail(Rule::charge(Misbehaviour::Close.before()));
    let pending = world.host.post("/v3/patient/pay", &payment("s-1", 500)).await;
    let schedule = Recovery::default().unknown;
    for (asks, gap) in schedule.iter().enumerate() {
        assert_eq!(world.plan("s-1").asks, asks);
        assert_about(world.gap("s-1"), *gap);
        world.asked("s-1").await;
    }
    let after = world.plan("s-1");
    assert_eq!((after.state.as_str(), after.asks, after.due), ("unknown", schedule.len(), None));
    assert!(after.review.contains("not decided"), "{}", after.review);
    let alert = "alert=\"needs_review\"";
    let is_it = |line: &str| line.contains("external=\"patient\"") && line.contains(alert) && line.ends_with(" 1");
    let alerted = |reply: &Reply| String::from_utf8_lossy(&reply.bytes).lines().any(is_it);
    world.host.get_until("/-/metrics", alerted).await;
    assert_eq!(world.told("s-1").await, ["payment.pending"]);

    // Whoever asks for it still finds out, and then nobody needs to look any more.
    world.provider.heal();
    let status = world.host.get(&format!("/v3/patient/status?paymentId={}", pending.text("paymentId"))).await;
    assert_eq!(status.json["status"], "FAILED", "{status:?}");
    assert_eq!(world.plan("s-1").review, "");
}

/// Rule 6: the counters are on disk.
#[tokio::test]
async fn a_restart_does_not_begin_the_schedule_anew() {
    let mut world = World::start().await;
    world.provider.fail(Rule::search(Misbehaviour::html(502).before()).always());
    world.lost("s-1").await;
    for _ in 0..3 {
        world.asked("s-1").await;
    }
    let before = world.plan("s-1");
    world = world.again(|setup| setup).await;
    let after = world.plan("s-1");
    assert_eq!((after.asks, after.due), (3, before.due));
    world.asked("s-1").await;
    assert_about(world.gap("s-1"), Recovery::default().unknown[4]);
}

/// Rule 6.
#[tokio::test]
async fn a_provider_that_wants_to_be_left_alone_is_left_alone() {
    let world = World::start().await;
    world.provider.fail(Rule::search(Misbehaviour::too_many("3600").before()));
    world.lost("s-1").await;
    world.asked("s-1").await;
    assert_eq!(world.gap("s-1"), Duration::from_secs(3600));
}

/// Rule 6: what a provider says of one question it says of the next ones too.
#[tokio::test]
async fn a_provider_that_wants_to_be_left_alone_is_not_asked_about_others_either() {
    let other = Provider::start();
    let world =
        World::with(|setup, _| setup.acme(&other).with(|provider| provider.external = "other".to_owned())).await;
    world.provider.fail(Rule::search(Misbehaviour::too_many("60").before()));
    world.lost("s-1").await;
    world.clock.advance(Duration::from_secs(5));
    world.lost("s-2").await;
    world.asked("s-1").await;
    other.fail(Rule::charge(Misbehaviour::Close.before()));
    world.host.post("/v3/other/pay", &payment("s-3", 500)).await;
    world.clock.advance(Duration::from_secs(59));
    // It comes after acme in each look at what is due.
    world.becomes("s-3", "accepted").await;
    assert_eq!(world.plan("s-2").asks, 0);
    world.clock.advance(Duration::from_secs(1));
    world.becomes("s-2", "accepted").await;
}

/// Rule 6: what the host itself holds back is asked a little later, and uses up nothing of the schedule.
#[tokio::test]
async fn a_question_that_the_host_holds_back_does_not_count() {
    let one_at_a_time = |setup: Setup| setup.with(|provider| provider.egress.concurrent_requests = 1);
    let world = World::with(|setup, _| one_at_a_time(setup)).await;
    world.provider.fail(Rule::search(Misbehaviour::StallBeforeHeaders.before()).always());
    world.lost("s-1").await;
    world.lost("s-2").await;
    world.clock.advance(MINUTE / 4);
    let later = world.clock.now().plus(MINUTE).0.to_string();
    let held_back = |database: &Database| {
        database.column("SELECT asks FROM payments WHERE asking = 0 AND ask_at = ?", [later.as_str()]) == ["0"]
    };
    world.host.on_disk().until("one of the two is put off", held_back).await;
}

/// Rules 6 and 29: every change of state is one callback, and nobody has to ask for it.
#[tokio::test]
async fn whatever_is_open_at_the_sandbox_is_decided_by_the_clock_alone_and_told() {
    let world = World::with(|setup, _| setup.sandbox()).await;
    let pay = |shop: &str, scenario: &str| payment_with(shop, 500, json!({ "scenario": scenario }));
    let cases = [
        ("pay", "unknown", "accepted", "payment.accepted"),
        ("pay", "pending-accepted", "accepted", "payment.accepted"),
        ("pay", "pending-failed", "failed", "payment.failed"),
    ];
    for (number, (path, scenario, state, callback)) in cases.into_iter().enumerate() {
        let shop = format!("s-{number}");
        let reply = world.host.post(&format!("/v3/sandbox/{path}"), &pay(&shop, scenario)).await;
        assert_eq!(reply.result(), (200, "PENDING".into()), "{reply:?}");
        world.asked(&shop).await;
        world.becomes(&shop, state).await;
        assert_eq!(world.host.on_disk().told(&shop), ["payment.pending", callback], "{scenario}");
        assert_eq!(world.plan(&shop).due, None, "what is decided is asked about no more");
    }
}

/// Rule 6: for refunds and subscriptions as for payments.
#[tokio::test]
async fn an_open_refund_or_subscription_is_decided_by_the_clock_alone_and_told() {
    let world = World::with(|setup, _| setup.sandbox()).await;
    let paid = world.host.post("/v3/sandbox/pay", &payment("s-1", 500)).await.text("paymentId");
    for (amount, scenario, state) in
        [(100, "unknown", "accepted"), (101, "pending-accepted", "accepted"), (102, "pending-failed", "failed")]
    {
        let asked = refund_with(&paid, amount, json!({ "scenario": scenario }));
        let reply = world.host.post("/v3/sandbox/refund", &asked).await;
        assert_eq!(reply.result(), (200, "PENDING".into()), "{reply:?}");
        world.clock.advance(2 * MINUTE);
        let decided = |database: &Database| database.refunds("s-1").last().is_some_and(|last| last == state);
        world.host.on_disk().until(scenario, decided).await;
    }
    let told = world.host.on_disk().told("s-1");
    assert_eq!(told.iter().filter(|kind| *kind == "refund.accepted").count(), 2, "{told:?}");
    assert_eq!(told.last().unwrap(), "refund.failed");

    for (path, scenario) in [("schedule", "unknown"), ("start", "unknown")] {
        let shop = format!("sub-{path}");
        let mut begin = payment_with(&shop, 500, json!({ "scenario": scenario }));
        begin["subscriptionInfo"] = json!({ "interval": "MONTH", "intervalCount": 1 });
        let reply = world.host.post(&format!("/v3/sandbox/subscription/{path}"), &begin).await;
        assert_eq!(reply.result(), (200, "PENDING".into()), "{path}: {reply:?}");
        world.clock.advance(15 * Duration::from_secs(1));
        let state = "SELECT state FROM subscriptions WHERE shop_transaction_id = ?";
        let begun = |database: &Database| database.column(state, [&shop])[0] == "active";
        world.host.on_disk().until(path, begun).await;
    }
}

/// Rule 6: what has no state of its own, and what leaves its payment as it was, is asked about too.
#[tokio::test]
async fn whatever_else_got_lost_is_asked_about_by_the_clock_alone() {
    let world = World::with(|setup, _| setup.sandbox()).await;
    let pay = |shop: &str, amount: u64, scenario: &str| payment_with(shop, amount, json!({ "scenario": scenario }));
    let until = |what: &'static str, sql: &'static str, wanted: &'static str| {
        let database = world.host.on_disk();
        async move { database.until(what, |database| database.column(sql, [])[0] == wanted).await }
    };
    let clock_goes_on = || world.clock.advance(2 * MINUTE);

    let linked = world.host.post("/v3/sandbox/pay-by-link", &pay("link", 500, "unknown")).await;
    assert_eq!(linked.header("x-payment-outcome"), "unknown", "{linked:?}");
    clock_goes_on();
    until("a link", "SELECT state FROM payments WHERE shop_transaction_id = 'link'", "pending").await;

    let reserved = world.host.post("/v3/sandbox/pay", &pay("capture", 500, "authorize")).await.text("paymentId");
    let asked = json!({ "amount": 306, "currency": "EUR", "paymentId": reserved });
    let captured = world.host.post("/v3/sandbox/capture", &asked).await;
    assert_eq!(captured.header("x-payment-outcome"), "unknown", "{captured:?}");
    clock_goes_on();
    until("a capture", "SELECT action_state FROM operations WHERE kind = 'capture'", "accepted").await;

    let agreed = world.host.post("/v3/sandbox/pay", &pay("resume", 506, "continue")).await.text("paymentId");
    let notice = json!({ "id": "evt_1", "paymentId": agreed, "state": "approved" });
    assert_eq!(world.host.sandbox_webhook(&notice).await.status, 200);
    until("a resume", "SELECT coalesce(max(outcome), '') FROM operations WHERE kind = 'resume'", "unknown").await;
    clock_goes_on();
    until("its payment", "SELECT state FROM payments WHERE shop_transaction_id = 'resume'", "accepted").await;

    let mut begin = payment_with("subscription", 500, json!({}));
    begin["subscriptionInfo"] = json!({ "interval": "MONTH", "intervalCount": 1 });
    let begun = world.host.post("/v3/sandbox/subscription/start", &begin).await;
    let token = begun.text("subscriptionToken");
    let charge = json!({ "amount": 706, "currency": "EUR", "shopTransactionId": "charge",
                         "subscriptionInfo": { "token": token } });
    let charged = world.host.post("/v3/sandbox/subscription/pay", &charge).await;
    assert_eq!(charged.header("x-payment-outcome"), "unknown", "{charged:?}");
    clock_goes_on();
    until("a charge", "SELECT state FROM payments WHERE shop_transaction_id = 'charge'", "accepted").await;
}

/// One slow provider.
#[tokio::test]
async fn a_provider_that_stalls_keeps_no_other_from_being_asked() {
    let slow = Provider::start();
    let world = World::with(|setup, _| setup.acme(&slow).with(|provider| provider.external = "slow".to_owned())).await;
    let places = Recovery::default().concurrent_questions as usize;
    slow.fail(Rule::search(Misbehaviour::StallBeforeHeaders.before()).always());
    slow.fail(Rule::charge(Misbehaviour::Close.before()).times(places + 4));
    for number in 0..places + 4 {
        world.host.post("/v3/slow/pay", &payment(&format!("slow-{number}"), 500)).await;
    }
    world.lost("s-1").await;
    // All of them are due, whatever their jitter.
    world.clock.advance(MINUTE / 4);
    world.becomes("s-1", "accepted").await;
    let searches = || slow.ledger().requests().iter().filter(|request| request.method == "GET").count();
    world.host.on_disk().until("every place is taken", |_| searches() >= places).await;
    assert_eq!(searches(), places, "and it is asked no more at once than it has places");
}

/// Rule 7.
#[tokio::test]
async fn before_a_refund_an_unknown_payment_is_resolved_or_the_refund_is_refused() {
    let world = World::start().await;
    world.provider.fail(Rule::charge(Misbehaviour::Close.after()));
    let done = world.host.post("/v3/acme/pay", &payment("s-1", 500)).await.text("paymentId");
    let refunded = world.host.post("/v3/acme/refund", &refund(&done, 500)).await;
    assert_eq!(refunded.result(), (200, "OK".into()), "{refunded:?}");
    assert_eq!(world.told("s-1").await, ["payment.pending", "payment.accepted", "refund.accepted"]);

    let lost = world.lost("s-2").await.text("paymentId");
    let refused = world.host.post("/v3/acme/refund", &refund(&lost, 500)).await;
    assert_eq!(refused.problem(), (409, "state_forbids".into()), "{refused:?}");
    assert_eq!(world.charges("s-2"), 0, "no caller makes a call be made again");
}

/// Rule 9.
#[tokio::test]
async fn not_found_means_not_executed_only_when_the_attempt_is_older_than_a_quarter_of_an_hour() {
    let world = World::start().await;
    let search_fails = Rule::search(Misbehaviour::html(502).before()).times(3);
    world.provider.fail(search_fails);
    world.lost("s-1").await;
    // Past what may be made again, and before what is proven.
    world.clock.advance(14 * MINUTE);
    for _ in 0..3 {
        let status = world.host.get("/v3/acme/status?shopTransactionId=s-1").await;
        assert_eq!(status.json["metadata"]["outcome"], "unknown", "{status:?}");
    }
    let early = world.host.get("/v3/acme/status?shopTransactionId=s-1").await;
    assert_eq!(early.json["metadata"]["outcome"], "unknown", "not found proves nothing yet: {early:?}");
    world.clock.advance(MINUTE + Duration::from_secs(1));
    let late = world.host.get("/v3/acme/status?shopTransactionId=s-1").await;
    assert_eq!((&late.json["status"], &late.json["metadata"]["outcome"]), (&json!("FAILED"), &json!("not_executed")));
    assert_eq!(world.told("s-1").await, ["payment.pending", "payment.failed"]);
    assert_eq!(world.attempts(), 1);
}

/// Rule 9.
#[tokio::test]
async fn an_error_or_an_unknown_from_a_question_changes_nothing() {
    let world = World::start().await;
    let body = payment_with("s-1", 500, json!({ "outcome": "pending" }));
    world.host.post("/v3/acme/pay", &body).await;
    for fault in [Misbehaviour::html(502), Misbehaviour::garbage(), Misbehaviour::Answer(Response::status(404))] {
        world.provider.fail(Rule::inquiry(fault.before()));
        world.asked("s-1").await;
        assert_eq!(world.plan("s-1").state, "pending");
    }
    assert_eq!(world.host.on_disk().told("s-1"), ["payment.pending"]);
    world.provider.settle("ch_1", Status::Succeeded);
    world.asked("s-1").await;
    world.becomes("s-1", "accepted").await;
}

/// Rule 10.
#[tokio::test]
async fn a_redirect_that_nobody_followed_expires_after_a_last_look_that_succeeded() {
    let world = World::start().await;
    world.host.post("/v3/acme/pay", &payment_with("s-1", 500, json!({ "outcome": "redirect" }))).await;
    world.provider.fail(Rule::inquiry(Misbehaviour::html(502).before()).always());
    while world.clock.now() < START.plus(DAY + MINUTE) {
        world.asked("s-1").await;
    }
    assert_eq!(world.plan("s-1").state, "action_required", "nobody has looked");
    world.provider.heal();
    world.asked("s-1").await;
    world.becomes("s-1", "failed").await;
    let status = world.host.get("/v3/acme/status?shopTransactionId=s-1").await;
    assert_eq!(
        (&status.json["status"], &status.json["metadata"]["declineCode"]),
        (&json!("FAILED"), &json!("expired"))
    );
    assert_eq!(world.plan("s-1").review, "", "that is no case for a person");
    assert_eq!(world.told("s-1").await, ["payment.pending", "payment.failed"]);
    // Rule 11: should the payer come after all.
    world.provider.settle("ch_1", Status::Succeeded);
    world.host.get("/v3/acme/status?shopTransactionId=s-1").await;
    assert_eq!(world.told("s-1").await.last().unwrap(), "payment.late_success");
}

/// Rule 10.
#[tokio::test]
async fn a_redirect_that_was_followed_in_time_does_not_expire() {
    let world = World::start().await;
    world.host.post("/v3/acme/pay", &payment_with("s-1", 500, json!({ "outcome": "redirect" }))).await;
    world.asked("s-1").await;
    world.provider.settle("ch_1", Status::Succeeded);
    world.clock.advance(2 * DAY);
    world.becomes("s-1", "accepted").await;
    assert_eq!(world.told("s-1").await, ["payment.pending", "payment.accepted"]);
}

/// Rule 10.
#[tokio::test]
async fn where_the_plugin_cannot_search_the_unknown_waits_for_a_person_and_nothing_is_made_again() {
    let world = World::with(|setup, provider| setup.in_front_of("hostile", provider)).await;
    let orders: Value = json!({ "after": true, "attack": "trap" });
    let reply = world.host.post("/v3/hostile/pay", &payment_with("s-1", 500, orders)).await;
    assert_eq!(reply.header("x-payment-outcome"), "unknown", "{reply:?}");
    assert_eq!(world.host.on_disk().bytes("SELECT request FROM operations"), [None], "nothing to repeat");
    for _ in Recovery::default().unknown {
        world.asked("s-1").await;
    }
    let after = world.plan("s-1");
    assert_eq!((after.state.as_str(), after.due), ("unknown", None));
    assert!(!after.review.is_empty());
}

/// A clock that jumps.
#[tokio::test]
async fn a_clock_that_jumps_brings_no_storm_of_questions_and_loses_no_promise() {
    let world = World::start().await;
    let shops: Vec<String> = (0..20).map(|number| format!("s-{number}")).collect();
    for shop in &shops {
        world.host.post("/v3/acme/pay", &payment_with(shop, 500, json!({ "outcome": "pending" }))).await;
    }
    let inquiries = || world.provider.ledger().requests().iter().filter(|request| request.method == "GET").count();
    let all_asked = |asks: usize| {
        let (world, shops) = (&world, &shops);
        async move {
            let asked = |database: &Database| shops.iter().all(|shop| Plan::of(database, shop).asks == asks);
            world.host.on_disk().until("each was asked about once more", asked).await;
        }
    };
    world.clock.advance(100 * DAY);
    all_asked(1).await;
    assert_eq!(inquiries(), shops.len(), "one question for each");
    let database = world.host.on_disk();
    assert!(shops.iter().all(|shop| Plan::of(&database, shop).due.is_some()), "and no person is told for that");

    world.clock.set_back(400 * DAY);
    all_asked(2).await;
    assert_eq!(inquiries(), 2 * shops.len(), "one question for each");
    for charge in 1..=shops.len() {
        world.provider.settle(&format!("ch_{charge}"), Status::Succeeded);
    }
    world.clock.advance(2 * DAY);
    for shop in &shops {
        world.becomes(shop, "accepted").await;
    }
}
