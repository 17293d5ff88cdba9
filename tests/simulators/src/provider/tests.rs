use super::*;
use crate::{Merchant, Response};
use http::Method;
use serde_json::{Value, json};

/// A caller of the provider: status and body, or nothing where no answer came.
async fn post(provider: &Provider, path: &str, key: &str, body: Value) -> Option<(u16, Value)> {
    let url = format!("{}{path}", provider.url());
    let request = client().post(url).header("idempotency-key", key);
    let request = request.header("content-type", "application/json");
    answer(request.body(body.to_string())).await
}

async fn get(provider: &Provider, path: &str) -> Option<(u16, Value)> {
    answer(client().get(format!("{}{path}", provider.url()))).await
}

async fn answer(request: reqwest::RequestBuilder) -> Option<(u16, Value)> {
    let response = request.header("authorization", "Bearer k").send().await.ok()?;
    let status = response.status().as_u16();
    let body = response.bytes().await.ok()?;
    Some((status, serde_json::from_slice(&body).unwrap_or_default()))
}

/// A client of its own, so that no pooled connection decides what a test sees.
fn client() -> reqwest::Client {
    let client = reqwest::Client::builder().no_proxy();
    client.redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

fn charge_of(reference: &str, amount: u64, provider_data: Value) -> Value {
    json!({
        "reference": reference, "amount": amount, "currency": "EUR",
        "shopTransactionId": "shop-1", "providerData": provider_data,
    })
}

#[tokio::test]
async fn a_charge_ends_as_its_caller_wishes() {
    let provider = Provider::start();
    for (outcome, status) in
        [("succeeded", 201), ("authorized", 201), ("pending", 201), ("redirect", 201), ("declined", 402)]
    {
        let body = charge_of(outcome, 1299, json!({ "outcome": outcome }));
        let (answered, charge) = post(&provider, "/charges", outcome, body).await.unwrap();
        assert_eq!((answered, charge["status"].as_str()), (status, Some(outcome)));
        let id = charge["id"].as_str().unwrap();
        assert_eq!(get(&provider, &format!("/charges/{id}")).await, Some((200, charge.clone())));
        let found = get(&provider, &format!("/charges?reference={outcome}")).await;
        assert_eq!(found, Some((200, json!([charge]))));
    }
    assert_eq!(get(&provider, "/charges?reference=other").await, Some((200, json!([]))));
    assert_eq!(get(&provider, "/charges/ch_99").await.unwrap().0, 404);
}

#[tokio::test]
async fn the_same_key_is_one_charge_and_another_body_a_conflict() {
    let provider = Provider::start();
    let body = charge_of("r-1", 500, Value::Null);
    let first = post(&provider, "/charges", "k", body.clone()).await;
    assert_eq!(post(&provider, "/charges", "k", body).await, first);
    let other = charge_of("r-1", 501, Value::Null);
    assert_eq!(post(&provider, "/charges", "k", other).await.unwrap().0, 409);

    let ledger = provider.ledger();
    assert_eq!(ledger.charges_for("r-1").len(), 1);
    assert_eq!(ledger.charges_for_shop("shop-1").len(), 1);
    assert_eq!(ledger.uses_of("k"), 3);
}

#[tokio::test]
async fn what_is_not_exactly_its_format_is_refused() {
    let provider = Provider::start();
    let good = charge_of("r", 1, Value::Null);
    let with = |key: &str, value: Value| {
        let mut body = good.clone();
        body[key] = value;
        body
    };
    for body in [
        with("amount", json!(0)),
        with("amount", json!("1")),
        with("amount", json!(1.0)),
        with("currency", json!("eur")),
        with("reference", json!("")),
        with("shopTransactionId", Value::Null),
        with("surprise", json!(true)),
        with("providerData", json!("text")),
        with("providerData", json!({ "outcome": "sideways" })),
        json!([]),
    ] {
        let answer = post(&provider, "/charges", "k", body.clone()).await.unwrap();
        assert_eq!(answer.0, 400, "{body}");
    }
    assert_eq!(post(&provider, "/charges", "", good.clone()).await.unwrap().0, 400);

    let url = format!("{}/charges", provider.url());
    let anonymous = client().post(url).body(good.to_string()).send().await.unwrap();
    assert_eq!(anonymous.status().as_u16(), 401);
    assert!(provider.ledger().charges().is_empty());
}

#[tokio::test]
async fn refunds_end_where_the_charge_is_used_up() {
    let provider = Provider::start();
    post(&provider, "/charges", "c", charge_of("r", 100, Value::Null)).await;
    let refund = |amount: u64, outcome: &str| json!({ "amount": amount, "currency": "EUR", "reference": "f", "providerData": { "outcome": outcome } });
    let path = "/charges/ch_1/refunds";
    for (key, amount, outcome, status) in [
        ("1", 60, "succeeded", 201),
        ("2", 30, "declined", 402),
        ("3", 30, "pending", 201),
        ("4", 11, "succeeded", 422),
        ("5", 10, "succeeded", 201),
    ] {
        let answer = post(&provider, path, key, refund(amount, outcome)).await.unwrap();
        assert_eq!(answer.0, status, "refund {key}");
    }
    assert_eq!(provider.ledger().refunds_of("ch_1").len(), 4);
    provider.settle_refund("re_3", Status::Succeeded);
    let (_, settled) = get(&provider, "/refunds/re_3").await.unwrap();
    assert_eq!(settled["status"], "succeeded");
    let (_, found) = get(&provider, "/refunds?reference=f").await.unwrap();
    assert_eq!(found.as_array().unwrap().len(), 4);
    assert_eq!(provider.refund_event("re_3")["refundId"], "re_3");
}

#[tokio::test]
async fn a_charge_is_settled_later_and_told_by_a_signed_webhook() {
    let (provider, shop) = (Provider::start(), Merchant::start());
    let pending = charge_of("r", 100, json!({ "outcome": "pending" }));
    post(&provider, "/charges", "k", pending).await;
    provider.settle("ch_1", Status::Succeeded);

    let event = provider.charge_event("ch_1");
    assert_eq!(provider.webhook(&shop.url(), &event).await.status, 200);
    let delivery = &shop.wait_for(1).await[0];
    let told = json!({ "id": "evt_ch_1_succeeded", "reference": "r", "chargeId": "ch_1", "status": "succeeded" });
    assert_eq!(delivery.event(), told);

    let signature = delivery.request.header("acme-signature").unwrap();
    let mut mac = crate::signature::hmac_sha256(WEBHOOK_SECRET.as_bytes());
    hmac::Mac::update(&mut mac, &delivery.request.body);
    let signed = hex::decode(signature.strip_prefix("sha256=").unwrap()).unwrap();
    hmac::Mac::verify_slice(mac, &signed).unwrap();
}

#[tokio::test]
async fn every_failure_moves_money_exactly_when_it_says_so() {
    let answers = Misbehaviour::Answer;
    for (does, seen) in [
        (Misbehaviour::Close, None),
        (Misbehaviour::Reset, None),
        (Misbehaviour::html(502), Some(502)),
        (answers(Response::status(500)), Some(500)),
        (Misbehaviour::garbage(), Some(200)),
        (Misbehaviour::too_many("7"), Some(429)),
        (Misbehaviour::redirect("http://127.0.0.1:1/"), Some(302)),
        (Misbehaviour::HugeBody(3_000_000), Some(200)),
    ] {
        for executes in [false, true] {
            let provider = Provider::start();
            let does = does.clone();
            provider.fail(Rule::charge(Fault { does, executes }));
            let body = charge_of("r", 100, Value::Null);
            let answer = post(&provider, "/charges", "k", body.clone()).await;
            assert_eq!(answer.map(|answer| answer.0), seen);
            assert_eq!(provider.ledger().charges().len(), usize::from(executes));

            // The rule is used up: the same key now finds out, and is one charge in the end.
            assert_eq!(post(&provider, "/charges", "k", body).await.unwrap().0, 201);
            assert_eq!(provider.ledger().charges().len(), 1);
        }
    }
}

#[tokio::test]
async fn a_stall_ends_when_released() {
    for does in [Misbehaviour::StallBeforeHeaders, Misbehaviour::StallInBody] {
        for executes in [false, true] {
            let provider = Provider::start();
            let does = does.clone();
            provider.fail(Rule::charge(Fault { does, executes }));
            let charging = post(&provider, "/charges", "k", charge_of("r", 100, Value::Null));
            let releasing = async {
                provider.wait_until(|ledger| ledger.requests().len() == 1).await;
                provider.release();
            };
            let (answer, ()) = tokio::join!(charging, releasing);
            assert_eq!(answer.map(|answer| answer.0), executes.then_some(201));
        }
    }
}

#[tokio::test]
async fn who_is_stalled_or_dripped_on_may_leave_and_others_are_served() {
    let provider = Provider::start();
    for (key, does) in
        [("1", Misbehaviour::StallBeforeHeaders), ("2", Misbehaviour::StallInBody), ("3", Misbehaviour::Drip)]
    {
        provider.fail(Rule::charge(does.after()));
        let charging = post(&provider, "/charges", key, charge_of(key, 100, Value::Null));
        tokio::select! {
            answer = charging => panic!("answered: {answer:?}"),
            _ = provider.wait_until(|ledger| ledger.charges_for(key).len() == 1) => {}
        }
    }
    assert_eq!(get(&provider, "/charges/ch_3").await.unwrap().0, 200);
}

#[tokio::test]
async fn a_rule_meets_the_requests_that_it_names() {
    let provider = Provider::start();
    provider.fail(Rule::inquiry(Misbehaviour::html(500).before()).skipping(1).times(2));
    post(&provider, "/charges", "k", charge_of("r", 100, Value::Null)).await;
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(get(&provider, "/charges/ch_1").await.unwrap().0);
    }
    assert_eq!(seen, [200, 500, 500, 200]);
    let inquiries = provider.ledger();
    assert_eq!(inquiries.requests_to(&Method::GET, "/charges/*").len(), 4);
}

#[tokio::test]
async fn a_shut_door_refuses_and_a_hung_up_call_is_not_read() {
    let provider = Provider::start();
    let request = || client().get(provider.url()).header("authorization", "Bearer k");

    provider.refuse_connections();
    assert!(request().send().await.unwrap_err().is_connect());
    provider.hang_up();
    assert!(!request().send().await.unwrap_err().is_connect());
    provider.heal();
    assert_eq!(request().send().await.unwrap().status().as_u16(), 404);
    assert_eq!(provider.ledger().requests().len(), 1);
}
