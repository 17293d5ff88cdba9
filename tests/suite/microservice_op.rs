//! Each operation as a caller of the microservice plugin asks for it: where the service takes it, what it leaves on disk,
//! and what the merchant is told. The table behind `microservice_operations_faults`.

use crate::harness::{Reply, payment, payment_with, send};
use crate::microservice::World;
use crate::microservice_operations::{begin, charge};
use reqwest::Method;
use serde_json::{Value, json};
use simulators::provider::{Fault, Rule};

/// An operation: its name on disk, how a caller asks for it, and where the service takes it.
pub struct Op {
    pub kind: &'static str,
    pub method: Method,
    pub endpoint: (Method, &'static str),
}

/// One request, with its key.
pub struct Asked<'a> {
    pub world: &'a World,
    pub method: Method,
    pub path: String,
    body: Value,
    pub shop: String,
}

/// What may move money: it is done once or not at all.
pub fn movers() -> Vec<Op> {
    let post = |kind, path| Op { kind, method: Method::POST, endpoint: (Method::POST, path) };
    vec![
        post("link", "/pgm/pay-by-link"),
        post("schedule", "/pgm/subscription/schedule"),
        post("start", "/pgm/subscription/start"),
        post("charge", "/pgm/subscription/pay"),
        post("capture", "/pgm/capture"),
        post("void", "/pgm/void"),
    ]
}

/// What moves none: it may be done again.
pub fn others() -> Vec<Op> {
    let op = |kind, method, at: Method, path| Op { kind, method, endpoint: (at, path) };
    let utility = |method: Method| op("utility", method.clone(), method, "/pgm/utility/cards/4");
    let expire = |method| op("expire", method, Method::DELETE, "/pgm/subscription/expire/*");
    vec![
        op("update", Method::POST, Method::POST, "/pgm/subscription/update/*"),
        expire(Method::DELETE),
        expire(Method::POST),
        utility(Method::POST),
        utility(Method::PUT),
        utility(Method::DELETE),
    ]
}

impl Op {
    pub fn rule(&self, fault: Fault) -> Rule {
        Rule::new(self.endpoint.0.clone(), self.endpoint.1, fault)
    }

    /// Makes what it is done to, and the request.
    pub async fn on<'a>(&self, world: &'a World, external: &str, case: &str) -> Asked<'a> {
        let shop = format!("{}-{}-{case}", self.kind, self.method);
        let post = async |path: &str, body| world.host.post(&format!("/v3/{external}/{path}"), &body).await;
        let begun =
            async |shop: &str| post("subscription/start", begin(shop, json!({}))).await.text("subscriptionToken");
        let reserved =
            async || post("pay", payment_with(&shop, 500, json!({ "reserve": true }))).await.text("paymentId");
        let (path, body) = match self.kind {
            "link" => ("pay-by-link".to_owned(), payment(&shop, 500)),
            "schedule" | "start" => (format!("subscription/{}", self.kind), begin(&shop, json!({}))),
            "charge" => ("subscription/pay".to_owned(), charge(&shop, &begun(&format!("{shop}-begins")).await)),
            "capture" | "void" => (self.kind.to_owned(), json!({ "paymentId": reserved().await })),
            "update" | "expire" => (format!("subscription/{}/{}", self.kind, begun(&shop).await), json!({})),
            _ => ("utility/cards/4".to_owned(), json!({ "case": shop })),
        };
        Asked { world, method: self.method.clone(), path: format!("/v3/{external}/{path}"), body, shop }
    }

    /// What stands on disk of the newest operation, which did nothing or of which nobody knows.
    pub fn assert_stands(&self, asked: &Asked<'_>, outcome: &str) {
        let [action, payment, subscription] = match self.kind {
            "link" => ["", outcome, ""],
            "schedule" | "start" => ["", outcome, outcome],
            "charge" => ["", outcome, "active"],
            "capture" | "void" => [outcome, "authorized", ""],
            "update" | "expire" => ["", "", "active"],
            _ => [""; 3],
        };
        let stands = asked.world.host.on_disk().rows(
            "SELECT o.kind, o.phase, o.outcome, o.action_state, p.state, s.state FROM operations o
             LEFT JOIN payments p ON p.key = o.payment LEFT JOIN subscriptions s ON s.key = o.subscription
             ORDER BY o.key DESC LIMIT 1",
            [],
        );
        assert_eq!(stands, [[self.kind, "finished", outcome, action, payment, subscription]], "{}", asked.shop);
    }

    /// What the merchant was told before it, and then.
    pub async fn assert_told(&self, asked: &Asked<'_>, then: &[&'static str]) {
        let before: &[_] = match self.kind {
            "capture" | "void" => &["payment.authorized"],
            "update" | "expire" => &["subscription.active", "payment.accepted"],
            _ => &[],
        };
        asked.world.assert_told(&asked.shop, &[before, then].concat()).await;
    }

    pub fn when_lost(&self) -> &'static [&'static str] {
        if matches!(self.kind, "schedule" | "start") {
            &["subscription.unknown", "payment.pending"]
        } else {
            &["payment.pending"]
        }
    }

    pub fn when_done(&self) -> &'static [&'static str] {
        match self.kind {
            "link" => &["link.created"],
            "schedule" | "start" => &["subscription.active", "payment.accepted"],
            "charge" | "capture" => &["payment.accepted"],
            "void" => &["payment.voided"],
            "expire" => &["subscription.canceled"],
            _ => &[],
        }
    }

    /// How often the service was asked for it.
    pub fn heard(&self, world: &World) -> usize {
        world.service.ledger().requests_to(&self.endpoint.0, self.endpoint.1).len()
    }

    /// The codes that depend on what is missing or stands in the way.
    pub fn refusal(&self, code: &'static str) -> (u16, &'static str) {
        let subscription = matches!(self.kind, "charge" | "update" | "expire");
        match (code, self.kind) {
            ("404", "link" | "schedule" | "start") => (501, "not_supported"),
            ("404", "utility") => (404, "utility_not_found"),
            ("404", _) if subscription => (404, "subscription_not_found"),
            ("404", _) => (404, "payment_not_found"),
            (_, _) if subscription => (409, "subscription_forbids"),
            _ => (409, "state_forbids"),
        }
    }
}

impl Asked<'_> {
    pub async fn send(&self) -> Reply {
        let request = self.world.host.request(self.method.clone(), &self.path).header("idempotency-key", &self.shop);
        send(if self.path.contains("/expire/") { request } else { request.json(&self.body) }).await
    }

    /// The same request is carried out now.
    pub async fn succeeds(&self, op: &Op) {
        let done = self.send().await;
        assert_eq!((done.status, done.header("idempotent-replayed")), (200, ""), "{}: {done:?}", self.shop);
        let word = &done.json[if op.kind == "utility" { "method" } else { "result" }];
        let expected = if op.kind == "utility" { op.method.as_str() } else { "OK" };
        assert_eq!(word, expected, "{}: {done:?}", self.shop);
        if op.kind != "utility" {
            op.assert_told(self, op.when_done()).await;
        }
    }
}
