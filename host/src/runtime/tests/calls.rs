//! One call of a guest: what it may do, and where it ends.

use super::engine;
use super::guest::{Guest, RESULT};
use crate::capabilities::testing::{operation, provider, scope};
use crate::capabilities::{Call, Limits, Name, Report};
use crate::model::{Amount, Failure, PayRequest, PluginError, PluginOutcome, Request, Response};
use crate::runtime::{Finished, Plugin};
use std::time::Duration;

fn request() -> Request {
    Request::Pay(PayRequest {
        amount: Amount { minor: 500, currency: "EUR".into() },
        shop_transaction_id: "shop-1".into(),
        payment_method: None,
        success_redirect_url: None,
        failure_redirect_url: None,
        provider_data: None,
    })
}

fn call(limits: Limits) -> Call {
    let mut provider = provider("https://a.example");
    provider.limits = limits;
    Call::new(scope(provider, Vec::new()).0, operation())
}

async fn plugin(guest: &Guest) -> Plugin {
    engine().load(guest.component()).await.unwrap()
}

async fn pay_within(guest: &Guest, limits: Limits) -> Finished {
    plugin(guest).await.call(call(limits), request()).await
}

async fn pay(guest: &Guest) -> Finished {
    pay_within(guest, Limits::default()).await
}

fn limit(finished: &Finished) -> &'static str {
    match finished.response {
        Err(Failure::Limit(name)) => name,
        _ => panic!("{finished:?}"),
    }
}

fn trap(finished: &Finished) -> &str {
    match &finished.response {
        Err(Failure::Trap(why)) => why,
        _ => panic!("{finished:?}"),
    }
}

#[tokio::test]
async fn a_call_returns_what_the_plugin_said() {
    let finished = pay(&Guest::default()).await;
    let said = Response::Outcome(Err(PluginError::Unsupported(String::new())));
    assert_eq!(finished.response, Ok(said));
    assert_eq!(finished.report, Report::default());
    assert_eq!(finished.usage.memory_peak, 64 << 10);
    assert!(finished.usage.cpu > Duration::ZERO && finished.usage.instantiate <= finished.usage.wall);
}

#[tokio::test]
async fn every_call_has_an_instance_of_its_own() {
    let remembers = "(if (i32.load (i32.const 5000)) (then unreachable)) (i32.store (i32.const 5000) (i32.const 1))";
    let guest = Guest::paying(&format!("{remembers} {}", Guest::default().pay));
    let plugin = plugin(&guest).await;
    for _ in 0..3 {
        assert!(plugin.call(call(Limits::default()), request()).await.response.is_ok());
    }
}

#[tokio::test]
async fn a_trap_ends_its_call_and_no_other() {
    let guest = Guest { more: "(global $calls (mut i32) (i32.const 0))".into(), ..Guest::paying("(unreachable)") };
    let plugin = plugin(&guest).await;
    for _ in 0..3 {
        let finished = plugin.call(call(Limits::default()), request()).await;
        assert!(trap(&finished).contains("unreachable"), "{finished:?}");
    }
}

#[tokio::test]
async fn an_endless_loop_ends_at_its_cpu_limit_and_lets_others_run() {
    let looping = plugin(&Guest::paying("(loop (br 0)) (unreachable)")).await;
    let limits = Limits { cpu: Duration::from_millis(50), ..Limits::default() };
    let ordinary = Guest::default();
    let (finished, other) = tokio::join!(looping.call(call(limits), request()), pay(&ordinary));
    assert_eq!(limit(&finished), "cpu");
    assert!(finished.usage.cpu >= Duration::from_millis(50), "{finished:?}");
    assert!(other.response.is_ok());
}

#[tokio::test]
async fn a_loop_that_has_cpu_left_ends_at_the_deadline() {
    let limits = Limits { cpu: Duration::from_secs(600), deadline: Duration::from_millis(50), ..Limits::default() };
    let finished = pay_within(&Guest::paying("(loop (br 0)) (unreachable)"), limits).await;
    assert_eq!(finished.response, Err(Failure::Deadline));
}

#[tokio::test]
async fn recursion_without_end_is_a_trap() {
    let guest = Guest { more: "(func $deep (call $deep))".into(), ..Guest::paying("(call $deep) (unreachable)") };
    assert!(trap(&pay(&guest).await).contains("stack"));
}

#[tokio::test]
async fn memory_beyond_its_ceiling_is_refused() {
    let grow = "(loop (drop (memory.grow (i32.const 16))) (br 0)) (unreachable)";
    let finished = pay_within(&Guest::paying(grow), Limits { memory: 4 << 20, ..Limits::default() }).await;
    assert_eq!(limit(&finished), "memory");
    assert!(finished.usage.memory_peak <= 4 << 20);
    let large = Guest { pages: 65, ..Guest::default() };
    assert_eq!(limit(&pay_within(&large, Limits { memory: 4 << 20, ..Limits::default() }).await), "memory");
}

#[tokio::test]
async fn tables_beyond_their_ceiling_are_refused() {
    let guest = Guest {
        more: "(table $t 1 funcref)".into(),
        ..Guest::paying("(loop (drop (table.grow $t (ref.null func) (i32.const 5000))) (br 0)) (unreachable)")
    };
    assert_eq!(limit(&pay(&guest).await), "tables");
}

#[tokio::test]
async fn what_is_handed_to_the_host_is_counted_over_all_calls() {
    let flood =
        "(loop (call $log (i32.const 1) (i32.const 65536) (i32.const 60000) (i32.const 0) (i32.const 0)) (br 0))";
    let guest = Guest { pages: 2, ..Guest::paying(&format!("{flood} (unreachable)")) };
    let limits = Limits { cpu: Duration::from_secs(60), ..Limits::default() };
    let finished = pay_within(&guest, limits).await;
    assert_eq!(limit(&finished), "host_bytes");
    assert!(finished.report.log_cut > 7 << 20, "{finished:?}");
    let empty = "(loop (call $log (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)) (br 0))";
    let guest = Guest::paying(&format!("{empty} (unreachable)"));
    let limits = Limits { cpu: Duration::from_secs(60), host_bytes: 64 << 10, ..Limits::default() };
    assert_eq!(limit(&pay_within(&guest, limits).await), "host_bytes");
}

#[tokio::test]
async fn one_huge_argument_does_not_reach_the_host() {
    // A list of 200,000 pairs, each of them the same 60,000 bytes twice.
    let fill = "(local $i i32) (loop
        (i32.store offset=100004 (local.get $i) (i32.const 60000)) (i32.store offset=100012 (local.get $i) (i32.const 60000))
        (local.set $i (i32.add (local.get $i) (i32.const 16))) (br_if 0 (i32.lt_u (local.get $i) (i32.const 3200000))))";
    let send = "(call $log (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 100000) (i32.const 200000))";
    let guest = Guest { pages: 64, ..Guest::paying(&format!("{fill} {send} (unreachable)")) };
    let finished = pay(&guest).await;
    assert!(!trap(&finished).contains("unreachable"), "{finished:?}");
}

#[tokio::test]
async fn what_is_returned_is_lawful_or_the_call_has_failed() {
    let finished = pay(&Guest::with_metadata("{\"a\":1}")).await;
    let Ok(Response::Outcome(Ok(PluginOutcome::Succeeded(said)))) = finished.response else { panic!("{finished:?}") };
    assert_eq!(said.metadata.as_deref(), Some("{\"a\":1}"));
    for metadata in ["{", "[]", "null", "1", ""] {
        let finished = pay(&Guest::with_metadata(metadata)).await;
        assert_eq!(trap(&finished), "metadata is not a JSON object", "{metadata}");
    }
    let large = |tag| {
        let (pointer, length) = (tag + 4, tag + 8);
        let text = format!(
            "(i32.store8 (i32.const {tag}) (i32.const 1)) (i32.store (i32.const {pointer}) (i32.const 65536))
             (i32.store (i32.const {length}) (i32.const 300000)) (i32.const {RESULT})"
        );
        Guest { pages: 10, ..Guest::paying(&text) }
    };
    let (payment_id, description) = (RESULT + 16, RESULT + 60);
    assert_eq!(trap(&pay(&large(payment_id)).await), "a provider's name of 300000 bytes");
    assert_eq!(limit(&pay(&large(description)).await), "value");
    let amount = format!(
        "(i32.store8 (i32.const {}) (i32.const 1)) (i64.store (i32.const {}) (i64.const 9007199254740992))
         (i32.const {RESULT})",
        RESULT + 32,
        RESULT + 40
    );
    assert_eq!(trap(&pay(&Guest::paying(&amount)).await), "an amount is more than 2^53-1");
}

#[tokio::test]
async fn a_trap_says_what_the_guest_wrote_last() {
    let guest = Guest {
        more: "(data (i32.const 3000) \"panicked: s3cret-value \\1b[31m\")".into(),
        ..Guest::paying("(call $write (call $stderr) (i32.const 3000) (i32.const 28) (i32.const 4000)) (unreachable)")
    };
    let finished = pay(&guest).await;
    assert!(trap(&finished).ends_with(": panicked: [redacted] \\u{1b}[31m"), "{finished:?}");
}

#[tokio::test]
async fn what_was_learned_stays_whatever_becomes_of_the_call() {
    let guest = Guest {
        more: "(data (i32.const 3000) \"pay-1\")".into(),
        ..Guest::paying("(call $learned (i32.const 0) (i32.const 3000) (i32.const 5)) (unreachable)")
    };
    let finished = pay(&guest).await;
    assert!(finished.response.is_err());
    assert_eq!(finished.report.learned, [Name::Payment("pay-1".into())]);
}

#[tokio::test]
async fn a_call_for_which_there_is_no_room_is_not_made() {
    let plugin = plugin(&Guest::paying("(loop (br 0)) (unreachable)")).await;
    let limits = Limits { cpu: Duration::from_millis(30), ..Limits::default() };
    let calls = [0, 1, 2].map(|_| plugin.call(call(limits.clone()), request()));
    let finished = futures_util::future::join_all(calls).await;
    let ends: Vec<_> = finished.into_iter().map(|finished| finished.response.unwrap_err()).collect();
    assert_eq!(ends, [Failure::Limit("cpu"), Failure::Limit("cpu"), Failure::Exhausted]);
}
