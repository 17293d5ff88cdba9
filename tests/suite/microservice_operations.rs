//! Every other operation through the microservice plugin. What PGM's callers send arrives as PGM has it, what comes back
//! has PGM's form, and the merchant is told each change once. `microservice_subscriptions` is about what subscriptions
//! live through, `microservice_operations_faults` about services that fail.

use crate::harness::{Reply, payment, payment_with, refund, send};
use crate::microservice::World;
use reqwest::Method;
use serde_json::{Value, json};
use simulators::Request;

/// Numbers and blanks that do not survive being read and written again.
const PROVIDER_DATA: &str = r#"{"share": 1.10, "id": 12345678901234567890123, "nested": {"b":1, "a": 2}}"#;

/// A payment that begins a subscription by the month.
pub fn begin(shop: &str, wish: Value) -> Value {
    let mut body = payment_with(shop, 1200, wish);
    body["subscriptionInfo"] = json!({ "interval": "MONTH", "intervalCount": 1, "expiresAfter": 12 });
    body
}

/// A payment under a subscription.
pub fn charge(shop: &str, token: &str) -> Value {
    let mut body = payment(shop, 1200);
    body["subscriptionInfo"] = json!({ "token": token });
    body
}

impl World {
    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        self.host.post(&format!("/v3/legacy/{path}"), body).await
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.host.get(&format!("/v3/legacy/{path}")).await
    }

    /// A request with whatever follows in its body.
    pub async fn call(&self, method: Method, path: &str, body: Option<&str>) -> Reply {
        let request = self.host.request(method, &format!("/v3/legacy/{path}"));
        send(match body {
            Some(body) => request.header("content-type", "application/json").body(body.to_owned()),
            None => request,
        })
        .await
    }

    /// The service takes an order of somebody who does not know the host.
    pub async fn before(&self, path: &str, body: &Value) -> Value {
        let client = reqwest::Client::builder().no_proxy().build().expect("a client without settings can be made");
        let request = client.post(format!("{}/{path}", self.service.base_url()));
        send(request.header("idempotency-key", "before").json(body)).await.json
    }

    pub fn newest(&self) -> Request {
        self.service.ledger().requests().last().expect("the service was asked").clone()
    }
}

/// A key of rule 21; empty where there is none.
pub fn key_of(request: &Request) -> String {
    let key = request.header("idempotency-key").unwrap_or_default();
    assert!(key.is_empty() || (key.len(), &key[14..15]) == (36, "4"), "{key}");
    key.to_owned()
}

#[tokio::test]
async fn what_the_caller_sent_arrives_member_for_member_and_the_answer_is_pgms() {
    let world = World::start().await;
    let whole = |shop: &str| json!({ "amount": 200, "currency": "JPY", "shopTransactionId": shop, "successRedirectUrl": "http://a.example/ok", "failureRedirectUrl": "http://a.example/ko" });
    let with_info = |mut body: Value, info: Value| {
        body["subscriptionInfo"] = info;
        body
    };
    let plan = json!({ "interval": "WEEK", "intervalCount": 2, "expiresAfter": 3 });
    world.before("pay", &payment_with("reserved", 500, json!({ "reserve": true }))).await;
    let taken = |id: &str| json!({ "result": "OK", "resultDescription": "Transaction ACCEPTED", "paymentId": id, "metadata": { "handledBy": "service" } });
    let subscribed = |id: &str, token: &str| {
        let mut answer = taken(id);
        answer["subscriptionToken"] = json!(token);
        answer
    };
    let cases = [
        (
            "pay-by-link",
            None,
            whole("link"),
            json!({ "resultCode": "OK", "result": "OK", "resultDescription": "Link created", "paymentId": "pay-2", "link": "https://pay.example/pay-2" }),
        ),
        (
            "subscription/schedule",
            Some("card"),
            with_info(whole("scheduled"), plan.clone()),
            subscribed("pay-3", "sub-1"),
        ),
        (
            "subscription/start",
            Some("wallet"),
            with_info(whole("started"), json!({ "interval": "DAY", "intervalCount": 1 })),
            subscribed("pay-4", "sub-2"),
        ),
        (
            "subscription/pay",
            Some("wallet"),
            with_info(whole("charged"), json!({ "token": "sub-2" })),
            subscribed("pay-5", "sub-2"),
        ),
        (
            "subscription/update/sub-1",
            None,
            json!({ "amount": 300, "currency": "JPY", "shopTransactionId": "new", "subscriptionInfo": plan }),
            json!({ "result": "OK", "resultDescription": "Completed.", "subscriptionToken": "sub-1" }),
        ),
        (
            "subscription/update/sub-1",
            None,
            json!({ "subscriptionInfo": { "expiresAfter": 9 } }),
            json!({ "result": "OK", "resultDescription": "Completed.", "subscriptionToken": "sub-1" }),
        ),
        (
            "capture",
            None,
            json!({ "paymentId": "pay-1", "amount": 500, "currency": "EUR", "final": true }),
            taken("pay-1"),
        ),
    ];
    let mut keys = std::collections::HashSet::new();
    for (path, method, body, expected) in cases {
        let asked = method.map_or(path.to_owned(), |method| format!("{method}/{path}"));
        let text = body.to_string().replacen('{', &format!(r#"{{"providerData": {PROVIDER_DATA}, "#), 1);
        let reply = world.call(Method::POST, &asked, Some(&text)).await;
        assert_eq!((reply.status, &reply.json), (200, &expected), "{path}");

        let sent = world.newest();
        assert_eq!((&sent.method, sent.path, sent.query), (&Method::POST, format!("/pgm/{path}"), String::new()));
        let text = String::from_utf8(sent.body.clone()).unwrap();
        assert!(text.contains(&format!(r#""providerData":{PROVIDER_DATA}"#)), "{text}");
        let mut arrived: Value = serde_json::from_str(&text).unwrap();
        arrived.as_object_mut().unwrap().remove("providerData");
        let named = method.map_or(Value::Null, |method| json!(method));
        assert_eq!(arrived.as_object_mut().unwrap().remove("paymentMethod").unwrap_or_default(), named, "{path}");
        assert_eq!(arrived, body, "{path}");
    }
    for sent in world.service.ledger().requests().iter().filter(|sent| sent.method != Method::GET).skip(1) {
        assert!(keys.insert(key_of(sent)), "a key of its own for each");
    }
    world.assert_no_complaint();
}

#[tokio::test]
async fn a_link_is_told_when_it_is_made_and_its_payment_when_the_payer_has_paid() {
    let world = World::start().await;
    let made = world.post("pay-by-link", &payment("link", 500)).await;
    assert_eq!(made.text("link"), "https://pay.example/pay-1");
    world.assert_told("link", &["link.created"]).await;
    world.service.settle("pay-1", "ACCEPTED");
    for _ in 0..2 {
        assert_eq!(world.get("callback?paymentId=pay-1").await.status, 200);
    }
    world.assert_told("link", &["link.created", "payment.accepted"]).await;

    let wish = json!({ "result": "KO", "declineCode": "limit" });
    let none = world.post("pay-by-link", &payment_with("no-link", 500, wish)).await;
    assert_eq!((none.status, &none.json["resultCode"], &none.json["link"]), (200, &json!("KO"), &Value::Null));
    world.assert_told("no-link", &["payment.failed"]).await;
    world.assert_no_complaint();
}

#[tokio::test]
async fn what_is_reserved_is_captured_in_parts_or_released() {
    let world = World::start().await;
    let reserve = async |shop: &str| {
        let reserved = world.post("pay", &payment_with(shop, 1000, json!({ "reserve": true }))).await;
        assert_eq!(reserved.result(), (200, "PENDING".to_owned()), "{reserved:?}");
        assert_eq!(reserved.json["metadata"]["state"], "AUTHORIZED");
        reserved.text("paymentId")
    };
    let id = reserve("captured").await;
    let part = |amount: u64, last: bool, result: &str| json!({ "paymentId": id, "amount": amount, "currency": "EUR", "final": last, "providerData": { "result": result } });
    assert_eq!(world.post("capture", &part(700, true, "KO")).await.result(), (200, "KO".to_owned()));
    assert_eq!(world.post("capture", &part(400, false, "OK")).await.result(), (200, "OK".to_owned()));
    // All that is left, because nothing else is said.
    assert_eq!(world.post("capture", &json!({ "paymentId": id })).await.result(), (200, "OK".to_owned()));
    let sent = world.newest().json().unwrap();
    assert_eq!(sent, json!({ "paymentId": id, "amount": 600, "currency": "EUR", "final": true }));
    assert_eq!(world.post("refund", &refund(&id, 1000)).await.result(), (200, "OK".to_owned()));
    let told = ["payment.authorized", "payment.authorized", "payment.accepted", "payment.accepted", "refund.accepted"];
    world.assert_told("captured", &told).await;

    let id = reserve("voided").await;
    let voided = world.post("void", &json!({ "paymentId": id })).await;
    assert_eq!(voided.result(), (200, "OK".to_owned()), "{voided:?}");
    assert_eq!((voided.text("paymentId"), &voided.json["metadata"]["state"]), (id.clone(), &json!("VOIDED")));
    assert_eq!((key_of(&world.newest()).len(), world.newest().json()), (36, Some(json!({ "paymentId": id }))));
    let status = world.get(&format!("status?paymentId={id}")).await;
    assert_eq!((&status.json["status"], &status.json["metadata"]["state"]), (&json!("FAILED"), &json!("VOIDED")));
    world.assert_told("voided", &["payment.authorized", "payment.voided"]).await;
    for path in ["capture", "void"] {
        let none = world.post(path, &json!({ "paymentId": "pay-9" })).await;
        assert_eq!(none.problem(), (404, "payment_not_found".to_owned()), "{path}");
    }
    world.assert_no_complaint();
}

/// Rule 5. How much was reserved before the host came, PGM's status does not say.
#[tokio::test]
async fn what_was_reserved_before_the_host_came_is_captured_or_released() {
    let world = World::start().await;
    for shop in ["captured", "voided"] {
        world.before("pay", &payment_with(shop, 500, json!({ "reserve": true }))).await;
    }
    let all = world.post("capture", &json!({ "paymentId": "pay-1" })).await;
    assert_eq!((all.problem(), all.pointers()), ((422, "invalid".to_owned()), vec!["/amount".to_owned()]), "{all:?}");
    let some = world.post("capture", &json!({ "paymentId": "pay-1", "amount": 500, "currency": "EUR" })).await;
    assert_eq!(some.result(), (200, "OK".to_owned()), "{some:?}");
    world.assert_told("captured", &["payment.authorized", "payment.accepted"]).await;
    let voided = world.post("void", &json!({ "paymentId": "pay-2" })).await;
    assert_eq!(voided.result(), (200, "OK".to_owned()), "{voided:?}");
    world.assert_told("voided", &["payment.authorized", "payment.voided"]).await;
    world.assert_no_complaint();
}

#[tokio::test]
async fn a_utility_gets_method_name_query_and_body_and_its_answer_is_the_callers() {
    let world = World::start().await;
    let body = r#"{"n": 1.10, "id": 12345678901234567890123}"#;
    for (method, body) in [
        (Method::GET, None),
        (Method::POST, Some(body)),
        (Method::PUT, Some(body)),
        (Method::PATCH, Some(body)),
        (Method::DELETE, None),
        (Method::DELETE, Some(body)),
    ] {
        let reply = world.call(method.clone(), "utility/cards/a%20b?a=1&a=%C3%BC%20%26&flag", body).await;
        assert_eq!((reply.status, &reply.json["method"]), (200, &json!(method.as_str())), "{reply:?}");
        let sent = world.newest();
        assert_eq!((sent.path.as_str(), sent.query.as_str()), ("/pgm/utility/cards/a%20b", "a=1&a=%C3%BC%20%26&flag="));
        assert_eq!(String::from_utf8_lossy(&sent.body), body.unwrap_or_default(), "{method}");
        assert_eq!(sent.header("content-type"), body.map(|_| "application/json"), "{method}");
        assert_eq!(key_of(&sent).len(), if method == Method::GET { 0 } else { 36 }, "{method}");
    }
    assert_eq!(world.host.rows("callbacks"), 0);
    world.assert_no_complaint();
}
