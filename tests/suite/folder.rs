//! Plugins from a folder: what is put there serves, is swapped and goes, with no restart and no failed request. Each
//! test has an external of its own name, by which it reads the log.

use crate::harness::{Host, Setup, component, logged, payment};
use provost::capabilities::{Limits, Provider};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

const SERVES: &str = "plugin in service";
const AWAY: &str = "no plugin serves this external";
const REFUSED: &str = "plugin refused";

/// Puts a component into the folder as deployments do: under another name, then renamed.
fn put(host: &Host, guest: &str, file: &str) {
    let aside = host.plugins().join(format!("{file}.new"));
    std::fs::copy(component(guest), &aside).expect("the component can be copied");
    std::fs::rename(&aside, host.plugins().join(file)).expect("both names are in one folder");
}

fn digest(file: &Path) -> String {
    hex::encode(Sha256::digest(std::fs::read(file).expect("the component can be read")))
}

/// A payment that succeeds, and the version that it says it was made by.
async fn paid_by(host: &Host, external: &str, shop_transaction_id: &str) -> Value {
    let reply = host.post(&format!("/v3/{external}/pay"), &payment(shop_transaction_id, 500)).await;
    assert_eq!(reply.result(), (200, "OK".into()), "{reply:?}");
    reply.json["metadata"]["version"].clone()
}

#[tokio::test]
async fn a_file_that_is_added_serves_under_its_name() {
    let host = Setup::new().start().await;
    assert_eq!(host.post("/v3/added/pay", &payment("1", 500)).await.problem(), (404, "unknown_external".into()));
    // Names that no path can have, and files that are no plugins.
    for file in ["Bad Name.wasm", "-x.wasm", "added.wasm.bak", "readme.txt"] {
        std::fs::copy(component("versioned-1"), host.plugins().join(file)).unwrap();
    }
    put(&host, "versioned-1", "added.wasm");
    logged("added", 1, &[SERVES]).await;
    assert_eq!(paid_by(&host, "added", "1").await, 1);
    let externals = host.get("/v3").await;
    let names: Vec<_> = externals.json["externals"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
    assert_eq!(names, ["added"]);
}

#[tokio::test]
async fn a_file_that_is_replaced_is_swapped_and_serves_what_was_begun_before() {
    let host = Setup::new().plugin("versioned-1", "replaced.wasm").start().await;
    assert_eq!(paid_by(&host, "replaced", "first").await, 1);
    put(&host, "versioned-2", "replaced.wasm");
    logged("replaced", 2, &[SERVES]).await;
    assert_eq!(paid_by(&host, "replaced", "second").await, 2);
    let status = host.get("/v3/replaced/status?shopTransactionId=first").await;
    assert_eq!(status.json["metadata"]["version"], 2, "{status:?}");
    let versions = ["versioned-1", "versioned-2"].map(|guest| digest(&component(guest)));
    assert_eq!(host.stored::<String>("SELECT version FROM operations ORDER BY key"), versions);
    assert_eq!(host.get("/v3/replaced").await.json["plugin"]["digest"], versions[1].as_str());
}

#[tokio::test]
async fn a_file_that_is_removed_is_out_of_service_and_not_forgotten() {
    let host = Setup::new().plugin("versioned-1", "removed.wasm").start().await;
    paid_by(&host, "removed", "first").await;
    std::fs::remove_file(host.plugins().join("removed.wasm")).unwrap();
    logged("removed", 1, &[AWAY]).await;

    let refund = json!({ "amount": 100, "currency": "EUR", "paymentId": "any" });
    let replies = [
        host.post("/v3/removed/pay", &payment("second", 500)).await,
        host.post("/v3/removed/card/pay", &payment("second", 500)).await,
        host.post("/v3/removed/refund", &refund).await,
        host.get("/v3/removed/status?paymentId=unheard-of").await,
    ];
    for reply in replies {
        assert_eq!(reply.problem(), (503, "external_absent".into()));
        assert_eq!((&reply.json["outcome"], &reply.json["retryable"]), (&"not_executed".into(), &true.into()));
        assert!(reply.header("retry-after").parse::<u64>().is_ok());
    }
    for webhook in
        [host.get("/v3/removed/callback?paymentId=any").await, host.post("/v3/removed/callback", &json!({})).await]
    {
        assert_eq!(webhook.problem(), (503, "webhook_later".into()));
    }
    let known = host.get("/v3/removed/status?shopTransactionId=first").await;
    assert_eq!((known.status, &known.json["status"]), (200, &"ACCEPTED".into()));
    assert!(known.json["metadata"]["asOf"].is_string(), "{known:?}");
    assert_eq!(host.get("/v3/removed").await.json, json!({ "name": "removed", "available": false }));
    let check_up = host.get("/-/check-up").await;
    assert_eq!(check_up.json["dependencies"][1], json!({ "name": "external:removed", "status": "KO" }));
    assert_eq!(host.get("/-/ready").await.status, 200, "one provider's trouble is not the host's");

    put(&host, "versioned-2", "removed.wasm");
    logged("removed", 2, &[SERVES]).await;
    assert_eq!(paid_by(&host, "removed", "second").await, 2);
}

#[tokio::test]
async fn a_broken_file_changes_nothing_and_the_log_says_why() {
    let host = Setup::new().plugin("versioned-1", "broken.wasm").start().await;
    let whole = std::fs::read(component("versioned-2")).unwrap();
    let (half, _) = whole.split_at(whole.len() / 2);
    let cases: [&[u8]; 5] = [b"", b"no component at all", b"\0asm\x01\0\0\0", half, b"\x7fELF\x02\x01\x01"];
    for (number, bytes) in (1..).zip(cases) {
        std::fs::write(host.plugins().join("broken.wasm"), bytes).unwrap();
        let refusals = logged("broken", number, &[REFUSED]).await;
        let refusal: Value = serde_json::from_str(refusals.last().unwrap()).unwrap();
        assert!(!refusal["reason"].as_str().unwrap().is_empty(), "{refusal}");
        assert_eq!((&refusal["file"], &refusal["serves_on"]), (&"broken.wasm".into(), &true.into()));
        assert_eq!(paid_by(&host, "broken", &format!("after {number}")).await, 1);
    }
    let refused = host.counter("provost_plugin_refusals_total", &[("external", "broken")]).await;
    assert_eq!(refused, cases.len() as u64);
    assert_eq!(host.counter("provost_plugin_swaps_total", &[("external", "broken")]).await, 1);
}

#[tokio::test]
async fn a_file_that_is_written_slowly_serves_when_it_is_whole() {
    let host = Setup::new().plugin("versioned-1", "slowly.wasm").start().await;
    let whole = std::fs::read(component("versioned-2")).unwrap();
    let file = host.plugins().join("slowly.wasm");
    for quarter in 1..4 {
        std::fs::write(&file, &whole[..whole.len() * quarter / 4]).unwrap();
        logged("slowly", quarter, &[REFUSED]).await;
        assert_eq!(paid_by(&host, "slowly", &format!("{quarter}/4")).await, 1);
    }
    std::fs::write(&file, &whole).unwrap();
    logged("slowly", 2, &[SERVES]).await;
    assert_eq!(paid_by(&host, "slowly", "4/4").await, 2);
}

#[tokio::test]
async fn a_file_that_never_loaded_is_out_of_service_until_it_does() {
    let host = Setup::new().start().await;
    std::fs::write(host.plugins().join("unborn.wasm"), b"half of it").unwrap();
    logged("unborn", 1, &[REFUSED]).await;
    assert_eq!(host.post("/v3/unborn/pay", &payment("1", 500)).await.problem(), (503, "external_absent".into()));
    put(&host, "versioned-1", "unborn.wasm");
    logged("unborn", 1, &[SERVES]).await;
    assert_eq!(paid_by(&host, "unborn", "1").await, 1);
}

#[tokio::test]
async fn a_plugin_whose_needs_are_not_met_is_refused_with_all_of_them_named() {
    let host = Setup::new().plugin("acme", "needy.wasm").start().await;
    let refusal = logged("needy", 1, &[REFUSED]).await.remove(0);
    for need in ["providers.needy.secrets.api_key", "providers.needy.settings.base_url"] {
        assert!(refusal.contains(need), "{refusal}");
    }
    assert!(!refusal.contains("secrets.webhook"), "that one it can do without: {refusal}");
    assert_eq!(host.post("/v3/needy/pay", &payment("1", 500)).await.problem(), (503, "external_absent".into()));
}

#[tokio::test]
async fn a_version_that_needs_more_than_is_there_leaves_the_old_one_serving() {
    let host = Setup::new().plugin("versioned-1", "greedy.wasm").start().await;
    put(&host, "acme", "greedy.wasm");
    let refusal = logged("greedy", 1, &[REFUSED]).await.remove(0);
    assert!(refusal.contains("\"serves_on\":true"), "{refusal}");
    assert_eq!(paid_by(&host, "greedy", "1").await, 1);
    put(&host, "versioned-2", "greedy.wasm");
    logged("greedy", 2, &[SERVES]).await;
    assert_eq!(paid_by(&host, "greedy", "2").await, 2);
}

#[tokio::test]
async fn two_externals_share_a_file_and_nothing_else() {
    let mut setup = Setup::new().plugin("versioned-1", "shared.wasm");
    for external in ["share-a", "share-b"] {
        let provider = Provider::unconfigured(external, Limits::default());
        setup.providers.push(Provider { plugin: "shared.wasm".into(), ..provider });
    }
    let host = setup.start().await;
    assert_eq!(host.get("/v3/shared").await.problem(), (404, "unknown_external".into()), "it has an owner");
    for external in ["share-a", "share-b"] {
        assert_eq!(paid_by(&host, external, "one name, two shops").await, 1);
    }
    assert_eq!(host.rows("payments"), 2);
    put(&host, "versioned-2", "shared.wasm");
    for external in ["share-a", "share-b"] {
        logged(external, 2, &[SERVES]).await;
        assert_eq!(paid_by(&host, external, "swapped").await, 2);
    }
    std::fs::remove_file(host.plugins().join("shared.wasm")).unwrap();
    for external in ["share-a", "share-b"] {
        logged(external, 1, &[AWAY]).await;
        let reply = host.post(&format!("/v3/{external}/pay"), &payment("gone", 500)).await;
        assert_eq!(reply.problem(), (503, "external_absent".into()));
    }
}

#[tokio::test]
async fn a_file_that_is_touched_without_a_change_swaps_nothing() {
    let host = Setup::new().plugin("versioned-1", "touched.wasm").start().await;
    put(&host, "versioned-1", "touched.wasm");
    put(&host, "versioned-2", "touched.wasm");
    let served = logged("touched", 2, &[SERVES]).await;
    assert_eq!(served.len(), 2, "{served:?}");
    assert_eq!(host.counter("provost_plugin_swaps_total", &[("external", "touched")]).await, 2);
}

/// Swaps of the file in the test below.
const SWAPS: usize = 200;
/// Payments that are answered between two swaps, at least: on a quiet machine several hundred a second.
const BETWEEN_SWAPS: usize = 20;
const CALLERS: u32 = 16;
/// Leaves the machine time to compile what is swapped in: some 250 payments a second.
const EACH_CALLS_EVERY: Duration = Duration::from_millis(64);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_swaps_under_load_fail_no_request_and_none_is_answered_by_two_versions() {
    let host = Arc::new(Setup::new().plugin("versioned-1", "swapped.wasm").start().await);
    // How many are answered; the load goes on until nobody counts any more.
    let (answers, mut answer) = watch::channel(0);
    let answers = Arc::new(answers);
    let callers: Vec<_> =
        (0..CALLERS).map(|caller| tokio::spawn(pay_on(host.clone(), caller, answers.clone()))).collect();
    for swap in 1..=SWAPS {
        put(&host, if swap % 2 == 1 { "versioned-2" } else { "versioned-1" }, "swapped.wasm");
        logged("swapped", swap + 1, &[SERVES]).await;
        answer.wait_for(|answers| *answers >= swap * BETWEEN_SWAPS).await.expect("no caller failed");
    }
    drop(answer);
    let mut answered = BTreeMap::new();
    for caller in callers {
        answered.extend(caller.await.expect("no request failed"));
    }

    let digests = [1, 2].map(|number| (digest(&component(&format!("versioned-{number}"))), number));
    let numbers: BTreeMap<_, u64> = digests.into();
    let query = "SELECT shop_transaction_id || ' ' || version FROM operations
                 JOIN payments ON payments.key = operations.payment";
    let rows = host.stored::<String>(query);
    assert_eq!(rows.len(), answered.len(), "one operation for each answer");
    let on_disk: BTreeMap<_, _> = rows
        .iter()
        .map(|row| row.split_once(' ').expect("two columns"))
        .map(|(payment, version)| (payment.to_owned(), numbers[version]))
        .collect();
    assert!(on_disk == answered, "some were answered by one version and are of another");
    for version in [1, 2] {
        assert!(answered.values().any(|one| *one == version), "version {version} served nobody");
    }
}

/// One caller: pays again and again, and notes which version said that it was paid.
async fn pay_on(host: Arc<Host>, caller: u32, answers: Arc<watch::Sender<usize>>) -> BTreeMap<String, u64> {
    let mut answered = BTreeMap::new();
    let mut turns = tokio::time::interval(EACH_CALLS_EVERY);
    while !answers.is_closed() {
        turns.tick().await;
        let shop_transaction_id = format!("{caller}-{}", answered.len());
        let version = paid_by(&host, "swapped", &shop_transaction_id).await;
        answered.insert(shop_transaction_id, version.as_u64().expect("a version"));
        answers.send_modify(|answers| *answers += 1);
    }
    answered
}
