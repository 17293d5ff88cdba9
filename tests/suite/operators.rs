//! What operators do beside a running host, and where none runs: look, settle, send again (rules 10 and 33).

use crate::harness::{Process, Ran, payment, payment_with, refund_with, told};
use serde_json::{Value, json};
use simulators::provider::Status;
use simulators::{Merchant, Provider};

const BECAUSE: [&str; 2] = ["--reason", "seen in the portal"];

/// Where a host may die that was told to do something.
pub const POINTS: [&str; 2] = ["settled", "replayed"];

struct World {
    provider: Provider,
    merchant: Merchant,
    host: Process,
}

impl World {
    async fn started(environment: &[(&str, &str)]) -> Self {
        let (provider, merchant) = (Provider::start(), Merchant::start());
        let mut host = Process::prepare(&provider, Some(&merchant), &["acme"]);
        host.start(environment).await;
        Self { provider, merchant, host }
    }

    async fn pay_pending(&self, shop: &str) -> String {
        let wish = json!({ "outcome": "pending" });
        let paid = self.host.post("/v3/acme/pay", &payment_with(shop, 500, wish)).await;
        assert_eq!(paid.json["result"], "PENDING", "{paid:?}");
        paid.text("paymentId")
    }

    async fn run(&self, arguments: &[&str]) -> Ran {
        self.host.command(arguments).await
    }

    async fn settle(&self, name: &str, outcome: &str, more: &[&str]) -> Ran {
        self.run(&[&["payments", "settle", name, "--outcome", outcome], &BECAUSE[..], more].concat()).await
    }

    async fn shown(&self, name: &str) -> Value {
        self.run(&["payments", "show", name, "--json"]).await.json()
    }
}

fn texts<'a>(list: &'a Value, member: &str) -> Vec<&'a str> {
    list.as_array().into_iter().flatten().filter_map(|one| one[member].as_str()).collect()
}

/// Rule 10.
#[tokio::test]
async fn a_payment_is_found_and_settled_through_the_running_host_and_the_merchant_is_told() {
    let world = World::started(&[]).await;
    let id = world.pay_pending("order 1/ü").await;
    world.pay_pending("order-2").await;
    assert_eq!(told(&world.merchant, 2).await, ["payment.pending"; 2]);

    let listed = world.run(&["payments", "list", "--state", "pending", "--since", "1h", "--json"]).await.json();
    assert_eq!(texts(&listed["payments"], "shopTransactionId"), ["order-2", "order 1/ü"], "the newest first");
    let page = world.run(&["payments", "list", "--limit", "1", "--json"]).await.json();
    let next = page["next"].as_str().expect("there is more");
    let rest = world.run(&["payments", "list", "--cursor", next, "--json"]).await.json();
    assert_eq!((texts(&rest["payments"], "paymentId"), &rest["next"]), (vec![&*id], &Value::Null));
    let people = world.run(&["payments", "list"]).await;
    assert!(people.code == 0 && people.out.contains(&id) && people.out.starts_with("CREATED"), "{people:?}");

    // The shop's own id, with what a path would trip over.
    let settled = world.settle("order 1/ü", "accepted", &["--external", "acme", "--json"]).await.json();
    assert_eq!((&settled["paymentId"], &settled["state"]), (&json!(id), &json!("accepted")));
    assert_eq!(told(&world.merchant, 3).await[2], "payment.accepted");
    let status = world.host.get(&format!("/v3/acme/status?paymentId={id}")).await;
    assert_eq!(status.json["status"], "ACCEPTED", "{status:?}");

    let whole = world.shown(&id).await;
    let entry = &whole["audit"][0];
    assert_eq!((&entry["who"], &entry["reason"]), (&json!("ann"), &json!("seen in the portal")), "{whole:#}");
    assert_eq!((&entry["before"], &entry["after"]), (&json!("pending"), &json!("accepted")));
    assert_eq!(texts(&whole["callbacks"], "type"), ["payment.pending", "payment.accepted"]);
    assert_eq!(texts(&whole["operations"], "kind"), ["pay"]);
    let people = world.run(&["payments", "show", &id]).await;
    assert!(people.out.contains("seen in the portal") && people.out.contains("payment.accepted"), "{people:?}");
}

#[tokio::test]
async fn what_is_decided_is_contradicted_only_where_it_is_to_be_corrected() {
    let world = World::started(&[]).await;
    let id = world.host.post("/v3/acme/pay", &payment("order-1", 500)).await.text("paymentId");
    let refused = world.settle(&id, "failed", &[]).await;
    assert!(refused.code == 1 && refused.err.contains("accepted") && refused.err.contains("correct"), "{refused:?}");
    assert_eq!(world.shown(&id).await["state"], "accepted");
    let corrected = world.settle(&id, "failed", &["--correct", "--who", "bea"]).await;
    assert_eq!(corrected.code, 0, "{corrected:?}");
    assert_eq!(told(&world.merchant, 2).await, ["payment.accepted", "payment.failed"]);
    assert_eq!(texts(&world.shown(&id).await["audit"], "who"), ["bea"]);
    let unknown = world.settle("nobody", "failed", &[]).await;
    assert!(unknown.code == 1 && unknown.err.contains("nobody"), "{unknown:?}");
}

#[tokio::test]
async fn a_refund_is_settled_by_its_own_id() {
    let world = World::started(&[]).await;
    let id = world.host.post("/v3/acme/pay", &payment("order-1", 500)).await.text("paymentId");
    let wish = json!({ "outcome": "pending" });
    let refunded = world.host.post("/v3/acme/refund", &refund_with(&id, 200, wish)).await;
    assert_eq!(refunded.json["result"], "PENDING", "{refunded:?}");
    let refund = refunded.text("refundId");
    assert_eq!(world.settle(&refund, "accepted", &["--json"]).await.json()["refunded"], 200);
    assert_eq!(told(&world.merchant, 3).await, ["payment.accepted", "refund.pending", "refund.accepted"]);
}

#[tokio::test]
async fn where_no_host_runs_it_is_settled_in_the_store_and_told_by_the_next() {
    let mut world = World::started(&[]).await;
    let id = world.pay_pending("order-1").await;
    told(&world.merchant, 1).await;
    world.host.on_disk().all_delivered().await;
    world.host.kill().await;
    let settled = world.settle(&id, "accepted", &["--json"]).await.json();
    assert_eq!(settled["state"], "accepted");
    assert_eq!(world.shown(&id).await["audit"][0]["who"], "ann");
    world.provider.settle(&id, Status::Succeeded);
    world.host.start(&[]).await;
    assert_eq!(told(&world.merchant, 2).await[1], "payment.accepted");
}

/// Rule 33.
#[tokio::test]
async fn a_dead_letter_is_inspected_and_replayed_with_its_id_and_bytes() {
    let world = World::started(&[]).await;
    world.merchant.reply_next([410, 410]);
    for shop in ["order-1", "order-2"] {
        world.host.post("/v3/acme/pay", &payment(shop, 500)).await;
    }
    let first = world.merchant.wait_for(2).await;
    world.host.on_disk().all_delivered().await;
    let listed = world.run(&["callbacks", "list", "--state", "dead", "--json"]).await.json();
    assert_eq!(texts(&listed["callbacks"], "state"), ["dead"; 2], "{listed:#}");
    let id = first[0].id();
    let shown = world.run(&["callbacks", "show", id, "--json"]).await.json();
    assert_eq!(shown["body"], first[0].event());
    assert_eq!((&shown["deliveries"][0]["status"], &shown["attempts"]), (&json!(410), &json!(1)), "{shown:#}");
    assert!(shown["deliveries"][0]["error"].as_str().is_some_and(|error| error.contains("no more")), "{shown:#}");

    let replayed = world.run(&[&["callbacks", "replay", id], &BECAUSE[..]].concat()).await;
    assert_eq!(replayed.code, 0, "{replayed:?}");
    let again = &world.merchant.wait_for(3).await[2];
    assert_eq!((again.id(), &again.request.body), (id, &first[0].request.body));
    world.host.on_disk().all_delivered().await;
    let shown = world.run(&["callbacks", "show", id, "--json"]).await.json();
    assert_eq!((texts(&shown["audit"], "who"), &shown["state"]), (vec!["ann"], &json!("delivered")));

    let all = ["callbacks", "replay", "--all", "--payment", "order-2", "--since", "1h", "--json"];
    let replayed = world.run(&[&all[..], &BECAUSE].concat()).await.json();
    assert_eq!(replayed["replayed"], json!([first[1].id()]));
    assert_eq!(world.merchant.wait_for(4).await[3].id(), first[1].id());
    world.host.on_disk().all_delivered().await;
    let nothing = world.run(&[&["callbacks", "replay", "--all"], &BECAUSE[..]].concat()).await;
    assert!(nothing.code == 0 && nothing.err.contains("nothing"), "{nothing:?}");
}

#[tokio::test]
async fn only_who_has_the_token_is_heard_and_nobody_else_can_read_it() {
    let world = World::started(&[]).await;
    let file = world.host.file("provost.db.admin");
    let door: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let (address, token) = (door["address"].as_str().unwrap(), door["token"].as_str().unwrap());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert!(address.starts_with("127.0.0.1:") && token.len() == 64 && !world.host.log().contains(token));
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let list = format!("http://{address}/admin/v1/payments");
    assert_eq!(client.get(&list).send().await.unwrap().status(), 401);
    assert_eq!(client.get(&list).bearer_auth(token).send().await.unwrap().status(), 200);
    assert_eq!(world.host.get("/admin/v1/payments").await.status, 404, "not where callers are");
}

#[tokio::test]
async fn a_host_that_cannot_be_told_is_said_to_be_so() {
    let world = World::started(&[]).await;
    let id = world.pay_pending("order-1").await;
    let file = world.host.file("provost.db.admin");
    let door = std::fs::read(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    let lost = world.settle(&id, "accepted", &[]).await;
    assert!(lost.code == 1 && lost.err.contains("provost.db.admin"), "{lost:?}");
    let mut wrong: Value = serde_json::from_slice(&door).unwrap();
    wrong["token"] = "0".repeat(64).into();
    std::fs::write(&file, wrong.to_string()).unwrap();
    let refused = world.settle(&id, "accepted", &[]).await;
    assert!(refused.code == 1 && refused.err.contains("token_required"), "{refused:?}");
    assert_eq!(world.shown(&id).await["state"], "pending");
    for wrong in [
        &["payments", "settle", &id, "--outcome", "accepted"][..],
        &["payments", "settle", &id, "--outcome", "paid", "--reason", "r"],
        &["payments", "settle", &id, "--outcome", "accepted", "--reason", " "],
        &["payments", "list", "--since", "yesterday"],
        &["callbacks", "replay", "--reason", "r"],
        &["callbacks", "replay", "msg_1", "--all", "--reason", "r"],
    ] {
        assert_eq!(world.run(wrong).await.code, 2, "{wrong:?}");
    }
}

/// The host dies right after it has settled or replayed: it is on disk, done once, and told by the next.
#[tokio::test]
async fn what_was_settled_or_replayed_survives_the_death_of_its_host() {
    for point in POINTS {
        let mut world = World::started(&[("PROVOST_CRASH_POINT", point)]).await;
        world.merchant.reply_next([410]);
        let id = world.pay_pending("order-1").await;
        let first = world.merchant.wait_for(1).await;
        world.host.on_disk().all_delivered().await;
        let again = [&["callbacks", "replay", first[0].id()], &BECAUSE[..]].concat();
        let done = if point == "settled" { world.settle(&id, "accepted", &[]).await } else { world.run(&again).await };
        assert!(done.code == 1 && done.err.contains("Look whether it was done"), "{point}: {done:?}");
        world.host.died().await;
        world.provider.settle(&id, Status::Succeeded);
        world.host.start(&[]).await;
        let deliveries = world.merchant.wait_for(2).await;
        world.host.on_disk().all_delivered().await;
        match point {
            "settled" => {
                assert_eq!(deliveries[1].event()["type"], "payment.accepted");
                let twice = world.settle(&id, "accepted", &[]).await;
                assert_eq!(twice.code, 0, "{twice:?}");
            }
            _ => assert_eq!(deliveries[1].id(), first[0].id()),
        }
        assert_eq!(texts(&world.shown(&id).await["audit"], "who"), ["ann"], "{point}: once");
    }
}
