//! A call of which nobody knows anything is made again, and only then and so as rule 8 allows; what is kept for it is
//! encrypted, and erased (rule 36).

use crate::harness::{Reply, payment, payment_with, refund_with};
use crate::recovery::{Plan, World};
use serde_json::{Value, json};
use simulators::Response;
use simulators::provider::{Misbehaviour, Rule};
use std::path::Path;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// Words that only the payment's data for the plugin has.
const MARK: &str = "a mark that nobody else would write";

const KEPT: &str = "SELECT request FROM operations ORDER BY key";

/// What is kept of requests.
fn kept(world: &World) -> Vec<Option<Vec<u8>>> {
    world.host.on_disk().bytes(KEPT)
}

/// What the provider got for charges, whatever it did with it: key and body.
fn sent(world: &World) -> Vec<(String, Value)> {
    let ledger = world.provider.ledger();
    let posts = ledger.requests().iter().filter(|request| request.method == "POST");
    posts
        .map(|post| {
            (
                post.header("idempotency-key").expect("a charge has a key").to_owned(),
                post.json().expect("a charge has a body"),
            )
        })
        .collect()
}

async fn pays(world: &World, shop: &str, data: Value) -> Reply {
    world.host.post("/v3/acme/pay", &payment_with(shop, 500, data)).await
}

/// Rule 8: a payment that never reached the provider reaches it, once.
#[tokio::test]
async fn a_lost_call_is_made_again_with_its_own_key_and_the_very_same_request() {
    let world = World::start().await;
    let pending = world.lost("s-1").await;
    assert_eq!(world.charges("s-1"), 0);
    world.asked("s-1").await;
    world.becomes("s-1", "accepted").await;
    let sent = sent(&world);
    assert_eq!(sent.len(), 2);
    assert_eq!(sent[0], sent[1]);
    assert_eq!(world.charges("s-1"), 1);
    assert_eq!(world.told("s-1").await, ["payment.pending", "payment.accepted"]);
    // Rule 19: what was answered is answered for ever; status tells the present.
    let again = world.host.post("/v3/acme/pay", &payment("s-1", 500)).await;
    assert_eq!((again.bytes, again.status), (pending.bytes, 200));
    let status = world.host.get("/v3/acme/status?shopTransactionId=s-1").await;
    assert_eq!((&status.json["status"], &status.json["paymentId"]), (&json!("ACCEPTED"), &pending.json["paymentId"]));
}

/// Rule 8: whatever the provider says to the same request under the same key is what became of it.
#[tokio::test]
async fn a_repeat_may_end_as_declined_or_pending_too() {
    for (outcome, state, callback) in
        [("declined", "failed", "payment.failed"), ("pending", "pending", ""), ("redirect", "action_required", "")]
    {
        let world = World::start().await;
        world.provider.fail(Rule::charge(Misbehaviour::Reset.before()));
        pays(&world, "s-1", json!({ "outcome": outcome })).await;
        world.asked("s-1").await;
        world.becomes("s-1", state).await;
        let told = world.host.on_disk().told("s-1");
        assert_eq!(told[0], "payment.pending");
        assert!(callback.is_empty() || told[1..] == [callback], "{outcome}: {told:?}");
        assert_eq!(kept(&world), [None], "{outcome}");
    }
}

/// Rule 8, the order: who finds it does not send it again.
#[tokio::test]
async fn what_a_search_finds_is_not_made_again() {
    let world = World::start().await;
    world.provider.fail(Rule::charge(Misbehaviour::Close.after()));
    pays(&world, "s-1", json!({})).await;
    world.asked("s-1").await;
    world.becomes("s-1", "accepted").await;
    assert_eq!(world.attempts(), 1);
}

/// Rule 8, the order: a provider that cannot say now may know very well.
#[tokio::test]
async fn nothing_is_made_again_while_the_question_itself_fails() {
    let world = World::start().await;
    world.provider.fail(Rule::search(Misbehaviour::html(502).before()).times(2));
    world.lost("s-1").await;
    for _ in 0..2 {
        world.asked("s-1").await;
        assert_eq!((world.attempts(), world.plan("s-1").state.as_str()), (1, "unknown"));
    }
    world.asked("s-1").await;
    world.becomes("s-1", "accepted").await;
    assert_eq!(world.attempts(), 2);
}

/// Rule 8: another answer than these leaves it unknown, and so does none.
#[tokio::test]
async fn whatever_else_comes_of_a_repeat_it_stays_unknown() {
    let refused = Response::json(422, &json!({ "code": "no", "description": "no" }));
    for fault in [
        Misbehaviour::Answer(refused).before(),
        Misbehaviour::Answer(Response::status(404)).before(),
        Misbehaviour::html(502).before(),
        Misbehaviour::Close.before(),
        Misbehaviour::garbage().before(),
    ] {
        let world = World::start().await;
        world.lost("s-1").await;
        world.provider.fail(Rule::charge(fault));
        world.asked("s-1").await;
        assert_eq!((world.attempts(), world.plan("s-1").state.as_str()), (2, "unknown"));
        assert!(kept(&world)[0].is_some(), "and may be made again");
        assert_eq!(world.host.on_disk().told("s-1"), ["payment.pending"]);
        world.asked("s-1").await;
        world.becomes("s-1", "accepted").await;
        assert_eq!(world.charges("s-1"), 1);
    }
}

/// Rule 8: refused at egress.
#[tokio::test]
async fn a_repeat_that_would_send_anything_else_sends_nothing() {
    let world = World::start().await;
    world.lost("s-1").await;
    // The plugin writes the webhook URL into its request, and that is another one now.
    let moved = url::Url::parse("https://elsewhere.example.com").unwrap();
    let world = world.again(|mut setup| {
        setup.public_url = Some(moved);
        setup
    });
    let world = world.await;
    world.asked("s-1").await;
    assert_eq!((world.attempts(), world.plan("s-1").state.as_str()), (1, "unknown"));
    world.clock.advance(16 * MINUTE);
    world.becomes("s-1", "not_executed").await;
    assert_eq!(world.charges("s-1"), 0);
}

/// Rule 8.
#[tokio::test]
async fn another_version_of_the_plugin_does_not_repeat_what_this_one_did() {
    let world = World::start().await;
    world.lost("s-1").await;
    let world = world.again(|setup| {
        another_version(&setup.plugins().join("acme.wasm"));
        setup
    });
    let world = world.await;
    world.asked("s-1").await;
    assert_eq!((world.attempts(), world.plan("s-1").state.as_str()), (1, "unknown"));
    world.clock.advance(16 * MINUTE);
    world.becomes("s-1", "not_executed").await;
}

/// The same component with a section that says nothing.
fn another_version(file: &Path) {
    let mut bytes = std::fs::read(file).expect("a plugin can be read");
    bytes.extend_from_slice(&[0, 5, 4, b'm', b'o', b'r', b'e']);
    std::fs::write(file, bytes).expect("a plugin can be written");
}

/// Rules 8 and 36.
#[tokio::test]
async fn after_ten_minutes_nothing_is_made_again_and_nothing_is_kept_for_it() {
    let world = World::start().await;
    world.provider.fail(Rule::search(Misbehaviour::html(502).before()));
    world.lost("s-1").await;
    world.asked("s-1").await;
    assert!(kept(&world)[0].is_some());
    world.clock.advance(10 * MINUTE);
    world.host.on_disk().until("it was asked about", |database| Plan::of(database, "s-1").asks == 2).await;
    world.host.on_disk().until("what was kept is erased", |database| database.bytes(KEPT) == [None]).await;
    assert_eq!((world.attempts(), world.plan("s-1").state.as_str()), (1, "unknown"));
}

/// Rule 8, and a clock that was set back: nobody knows how long ago it was.
#[tokio::test]
async fn what_was_sent_in_the_future_is_not_made_again() {
    let world = World::start().await;
    world.lost("s-1").await;
    world.clock.set_back(3 * 24 * 60 * MINUTE);
    world.host.on_disk().until("it was asked about", |database| Plan::of(database, "s-1").asks == 1).await;
    assert_eq!((world.attempts(), world.plan("s-1").state.as_str()), (1, "unknown"));
}

/// Rule 8, for what is done to a payment.
#[tokio::test]
async fn a_lost_refund_is_made_again_once() {
    let world = World::start().await;
    let paid = world.host.post("/v3/acme/pay", &payment("s-1", 500)).await.text("paymentId");
    world.provider.fail(Rule::refund(Misbehaviour::Close.before()));
    let lost = world.host.post("/v3/acme/refund", &refund_with(&paid, 200, json!({}))).await;
    assert_eq!(lost.header("x-payment-outcome"), "unknown", "{lost:?}");
    world.clock.advance(MINUTE / 4);
    world.host.on_disk().until("the refund is accepted", |database| database.refunds("s-1") == ["accepted"]).await;
    assert_eq!(world.provider.ledger().refunds().len(), 1);
    assert_eq!(world.told("s-1").await, ["payment.accepted", "refund.pending", "refund.accepted"]);
    assert_eq!(kept(&world), [None, None]);
}

/// Rule 36: searched byte by byte.
#[tokio::test]
async fn what_is_kept_of_a_request_is_encrypted_and_erased_when_it_is_decided() {
    let world = World::start().await;
    world.provider.fail(Rule::charge(Misbehaviour::Close.before()));
    pays(&world, "s-1", json!({ "note": MARK })).await;
    let sealed = kept(&world).remove(0).expect("it is kept while it may be made again");
    assert!(is_elsewhere(&world) || holds(&world, &sealed));
    assert!(!holds(&world, MARK.as_bytes()) && !sealed.windows(MARK.len()).any(|window| window == MARK.as_bytes()));
    world.asked("s-1").await;
    world.becomes("s-1", "accepted").await;
    assert_eq!(sent(&world)[1].1["providerData"]["note"], MARK, "and it was all of it");
    assert_eq!(kept(&world), [None]);
    // What a log still holds of it is gone with the log.
    let world = world.again(|setup| setup).await;
    assert!(!holds(&world, &sealed) && !holds(&world, MARK.as_bytes()));
}

/// Rule 36: one that was answered at once leaves nothing either.
#[tokio::test]
async fn what_is_decided_at_once_leaves_nothing() {
    let world = World::start().await;
    pays(&world, "s-1", json!({ "note": MARK })).await;
    assert_eq!(kept(&world), [None]);
    assert!(!holds(&world, MARK.as_bytes()));
}

/// Whether the store has no files here.
fn is_elsewhere(world: &World) -> bool {
    matches!(world.host.kept(), crate::harness::Kept::Server(_))
}

/// Whether the store's files hold these bytes anywhere.
fn holds(world: &World, bytes: &[u8]) -> bool {
    let files = ["", "-wal"].map(|end| format!("{}{end}", world.host.database().display()));
    let held =
        |file: &String| std::fs::read(file).is_ok_and(|all| all.windows(bytes.len()).any(|window| window == bytes));
    files.iter().any(held)
}
