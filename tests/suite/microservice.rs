//! A PGM installation's custom provider, as it is: a service that PGM's own file names, forwarded to by the
//! microservice plugin. What PGM's callers send arrives as they sent it, and what the service says comes back.
//! `microservice_faults` is about services that fail.

use crate::faults::assert_not_executed;
use crate::harness::{
    Database, Host, Reply, START, Setup, component, logged, payment, payment_with, refund_with, secret, send,
};
use provost::capabilities::Provider;
use provost::clock::Clock;
use provost::config::{Config, Sources};
use reqwest::Method;
use serde_json::{Value, json};
use simulators::{Merchant, Service};
use std::collections::BTreeMap;
use std::time::Duration;

/// How long a service may be silent where a test waits for that.
const HASTE: Duration = Duration::from_secs(1);

/// A host between a service and a merchant, under a clock that the test holds: `/v3/legacy`, and `/v3/hasty` with little
/// patience.
pub struct World {
    pub service: Service,
    pub merchant: Merchant,
    pub host: Host,
}

impl World {
    pub async fn start() -> Self {
        let (service, merchant) = (Service::start(), Merchant::start());
        let setup =
            Setup::new().clock(&Clock::manual(START)).merchant(&merchant).plugin("microservice", "microservice.wasm");
        let setup = setup.externals(&[("legacy", &service), ("hasty", &service)]);
        let hasty = setup.with(|hasty| hasty.limits.request_deadline = HASTE);
        Self { host: hasty.start().await, service, merchant }
    }

    /// An ordinary payment of ten euro.
    pub async fn paid(&self, shop: &str) -> String {
        let paid = self.host.post("/v3/legacy/pay", &payment(shop, 1000)).await;
        assert_eq!(paid.result(), (200, "OK".to_owned()), "{paid:?}");
        paid.text("paymentId")
    }

    pub async fn status(&self, external: &str, shop: &str) -> Reply {
        self.host.get(&format!("/v3/{external}/status?shopTransactionId={shop}")).await
    }

    /// Every callback of a shop's transaction has reached the merchant, in order.
    pub async fn assert_told(&self, shop: &str, types: &[&str]) {
        let database = self.host.on_disk();
        let told = |database: &Database| database.told(shop).len();
        database.until(&format!("{} callbacks of {shop}", types.len()), |database| told(database) >= types.len()).await;
        assert_eq!(database.told(shop), types, "{shop}");
        database.all_delivered().await;
        // By their ids: not every callback names the shop's transaction.
        let told = database.callbacks_about("id", shop);
        let deliveries = self.merchant.wait_for(told.len()).await;
        let ids: Vec<_> = deliveries.iter().map(|delivery| delivery.event()["id"].clone()).collect();
        assert!(told.iter().all(|id| ids.iter().filter(|one| *one == id).count() == 1), "{shop}: {told:?} of {ids:?}");
    }

    pub fn assert_no_complaint(&self) {
        assert_eq!(self.service.ledger().complaints(), [""; 0]);
    }
}

impl Setup {
    /// Externals that PGM's file names, each in front of a service, in this order: `with` changes the last.
    fn externals(mut self, services: &[(&str, &Service)]) -> Self {
        let named =
            |(name, service): &(&str, &Service)| json!({ "externalService": name, "baseUrl": service.base_url() });
        let file = json!({ "externalServices": services.iter().map(named).collect::<Vec<_>>() });
        let mut providers = read_pgms_file(&file);
        providers.sort_by_key(|provider| services.iter().position(|(name, _)| *name == provider.external));
        self.providers.extend(providers);
        self
    }
}

/// The providers that the host makes of PGM's file.
fn read_pgms_file(file: &Value) -> Vec<Provider> {
    let text = file.to_string();
    let sources = Sources {
        file: None,
        flags: Vec::new(),
        environment: BTreeMap::from([("EXTERNAL_PROVIDERS_CONFIG".to_owned(), "providers.json".into())]),
        read: Box::new(move |path| match path.ends_with("providers.json") {
            true => Ok(text.clone().into_bytes()),
            false => Err(std::io::ErrorKind::NotFound.into()),
        }),
    };
    Config::load(&sources).expect("the file is right").config.registry.providers
}

#[tokio::test]
async fn what_the_caller_sent_arrives_as_it_was_sent() {
    let world = World::start().await;
    let provider_data = r#"{"share": 1.10, "id": 12345678901234567890123, "nested": {"b":1, "a": 2}}"#;
    let body = format!(
        r#"{{"amount": 500, "currency": "JPY", "shopTransactionId": "whole", "successRedirectUrl": "http://example.com/ok",
            "failureRedirectUrl": "http://example.com/ko", "providerData": {provider_data}}}"#
    );
    let request = world.host.request(Method::POST, "/v3/legacy/card/pay").body(body);
    let paid = send(request.header("content-type", "application/json")).await;
    assert_eq!(paid.result(), (200, "OK".to_owned()), "{paid:?}");
    assert_eq!(paid.text("resultDescription"), "Transaction ACCEPTED");
    assert_eq!(paid.text("paymentId"), "pay-1");
    assert_eq!(paid.json["metadata"], json!({ "handledBy": "service" }));

    let ledger = world.service.ledger();
    let sent = ledger.requests_to(&Method::POST, "/pgm/pay")[0];
    let text = String::from_utf8(sent.body.clone()).unwrap();
    assert!(text.contains(&format!(r#""providerData":{provider_data}"#)), "{text}");
    let key = sent.header("idempotency-key").unwrap();
    assert_eq!((key.len(), &key[14..15]), (36, "4"), "{key}");
    let made = &ledger.payments()[0];
    assert_eq!((made.amount, made.currency.as_str(), made.payment_method.as_deref()), (500, "JPY", Some("card")));
    world.assert_no_complaint();
}

#[tokio::test]
async fn every_result_of_the_service_is_the_callers() {
    let world = World::start().await;
    let pay = async |shop: &str, wish: Value| world.host.post("/v3/legacy/pay", &payment_with(shop, 500, wish)).await;
    let declined = pay("declined", json!({ "result": "KO", "declineCode": "insufficient_funds" })).await;
    assert_eq!(declined.result(), (200, "KO".to_owned()), "{declined:?}");
    assert_eq!(declined.json["metadata"]["declineCode"], "insufficient_funds");
    assert_eq!(world.host.on_disk().standing("declined"), [["failed", "finished", "declined"]]);
    world.assert_told("declined", &["payment.failed"]).await;

    let redirected = pay("redirected", json!({ "result": "REDIRECT_TO_URL", "app": true })).await;
    assert_eq!(redirected.result(), (200, "REDIRECT_TO_URL".to_owned()), "{redirected:?}");
    assert_eq!(redirected.text("redirectToUrl"), "https://pay.example/pay-2");
    assert_eq!(redirected.text("redirectToUrlMobile"), "pay-example://pay-2");
    world.service.settle("pay-2", "FAILED");
    let status = world.status("legacy", "redirected").await;
    assert_eq!((status.status, &status.json["status"]), (200, &json!("FAILED")), "{status:?}");
    world.assert_told("redirected", &["payment.pending", "payment.failed"]).await;

    let waits = pay("waits", json!({ "result": "PENDING" })).await;
    assert_eq!(waits.result(), (200, "PENDING".to_owned()), "{waits:?}");
    assert_eq!(waits.header("x-payment-outcome"), "", "the service knows of it");
    world.service.settle("pay-3", "ACCEPTED");
    let checked = world.host.get("/v3/legacy/check?paymentId=pay-3").await;
    assert_eq!((checked.status, &checked.json["status"]), (200, &json!("ACCEPTED")), "{checked:?}");
    assert_eq!(checked.json["metadata"]["handledBy"], "service");
    world.assert_told("waits", &["payment.pending", "payment.accepted", "check"]).await;
    world.assert_no_complaint();
}

#[tokio::test]
async fn pgms_callback_makes_the_host_ask_and_tells_the_merchant_what_the_service_says() {
    let world = World::start().await;
    for (shop, method) in [("got", Method::GET), ("posted", Method::POST)] {
        let waits = world.host.post("/v3/legacy/pay", &payment_with(shop, 500, json!({ "result": "PENDING" }))).await;
        let id = waits.text("paymentId");
        world.service.settle(&id, "ACCEPTED");
        let callback = world.host.request(method, &format!("/v3/legacy/callback?paymentId={id}"));
        assert_eq!(send(callback).await.status, 200);
        world.assert_told(shop, &["payment.pending", "payment.accepted"]).await;
    }
    assert_eq!(world.host.get("/v3/legacy/callback?paymentId=pay-9").await.status, 200, "unknown: a hint, no more");
    world.assert_no_complaint();
}

#[tokio::test]
async fn a_payment_that_was_made_before_the_host_came_is_found_at_the_service() {
    let world = World::start().await;
    world.before("pay", &payment("old", 500)).await;
    let status = world.host.get("/v3/legacy/status?paymentId=pay-1").await;
    assert_eq!((status.status, &status.json["status"]), (200, &json!("ACCEPTED")), "{status:?}");
    assert_eq!(status.json["shopTransactionId"], "old", "{status:?}");
    assert_eq!(
        world.host.get("/v3/legacy/status?paymentId=pay-2").await.problem(),
        (404, "payment_not_found".to_owned())
    );
}

#[tokio::test]
async fn refunds_go_through_with_the_payments_id_and_end_as_the_service_says() {
    let world = World::start().await;
    let id = world.paid("refunded").await;
    let give_back =
        async |amount, wish: Value| world.host.post("/v3/legacy/refund", &refund_with(&id, amount, wish)).await;
    assert_eq!(give_back(100, json!({})).await.result(), (200, "OK".to_owned()));
    let named = give_back(200, json!({ "named": true })).await;
    assert_eq!((named.result(), named.text("refundId")), ((200, "OK".to_owned()), "ref-2".to_owned()));
    let declined = give_back(300, json!({ "result": "KO" })).await;
    assert_eq!(declined.result(), (200, "KO".to_owned()), "{declined:?}");
    assert_eq!(declined.json["metadata"]["declineCode"], "processing_error");
    assert_eq!(world.host.on_disk().refunds("refunded"), ["accepted", "accepted", "failed"]);
    assert_eq!(world.status("legacy", "refunded").await.json["status"], "ACCEPTED", "the payment, not its refund");
    world.assert_told("refunded", &["payment.accepted", "refund.accepted", "refund.accepted", "refund.failed"]).await;
    world.assert_no_complaint();
}

/// PGM's refunds have no name: its callback names the payment, and its status tells of the newest refund.
#[tokio::test]
async fn a_refund_without_a_name_ends_when_pgms_callback_says_so() {
    let world = World::start().await;
    for (shop, end, state) in [("given", "ACCEPTED", "accepted"), ("kept", "FAILED", "failed")] {
        let id = world.paid(shop).await;
        let waits = world.host.post("/v3/legacy/refund", &refund_with(&id, 400, json!({ "result": "PENDING" }))).await;
        assert_eq!(waits.result(), (200, "PENDING".to_owned()), "{waits:?}");
        let newest = world.service.ledger().refunds().last().unwrap().id.clone();
        world.service.settle_refund(&newest, end);
        assert_eq!(world.host.get(&format!("/v3/legacy/callback?paymentId={id}")).await.status, 200);
        let told = ["payment.accepted", "refund.pending", &format!("refund.{state}")];
        world.assert_told(shop, &told).await;
        assert_eq!(world.host.on_disk().refunds(shop), [state]);
    }
}

#[tokio::test]
async fn of_two_refunds_without_names_only_the_newest_is_decided_by_a_status() {
    let world = World::start().await;
    let id = world.paid("twice").await;
    let waits = json!({ "result": "PENDING" });
    world.host.post("/v3/legacy/refund", &refund_with(&id, 100, waits.clone())).await;
    world.host.post("/v3/legacy/refund", &refund_with(&id, 200, waits)).await;
    world.service.settle_refund("ref-2", "FAILED");
    world.host.get(&format!("/v3/legacy/callback?paymentId={id}")).await;
    world.assert_told("twice", &["payment.accepted", "refund.pending", "refund.pending", "refund.failed"]).await;
    assert_eq!(world.host.on_disk().refunds("twice"), ["pending", "failed"]);
}

#[tokio::test]
async fn the_credential_goes_along_and_without_it_nothing_is_executed() {
    let service = Service::guarded("Bearer s3cret-credential");
    let setup = Setup::new().plugin("microservice", "microservice.wasm");
    let setup = setup.externals(&[("bare", &service), ("known", &service)]).with(|known| {
        let credential = secret("Bearer s3cret-credential", &[&service.url()]);
        known.secrets.insert("authorization".to_owned(), credential);
    });
    let host = setup.start().await;
    assert_not_executed(&host.post("/v3/bare/pay", &payment("bare", 500)).await, 502, "not_executed", "");
    assert_eq!(host.post("/v3/known/pay", &payment("known", 500)).await.result(), (200, "OK".to_owned()));
    assert_eq!(service.ledger().payments().len(), 1);
}

#[tokio::test]
async fn a_named_service_without_the_plugin_is_out_of_service_and_the_log_says_what_is_missing() {
    let service = Service::start();
    let host = Setup::new().externals(&[("unserved", &service)]).start().await;
    logged("unserved", 1, &["no plugin serves this external", "microservice.wasm"]).await;
    let paid = host.post("/v3/unserved/pay", &payment("early", 500)).await;
    assert_eq!(paid.problem(), (503, "external_absent".to_owned()));
    std::fs::copy(component("microservice"), host.plugins().join("microservice.wasm")).unwrap();
    logged("unserved", 1, &["plugin in service"]).await;
    assert_eq!(host.post("/v3/unserved/pay", &payment("later", 500)).await.result(), (200, "OK".to_owned()));
}

/// Rule 14, in PGM's form: the service calls back with an id, and expects to be asked.
#[tokio::test]
async fn a_charge_that_the_service_made_by_itself_is_told_when_pgms_callback_names_it() {
    let world = World::start().await;
    let made = world.before("pay", &payment("its-own", 1000)).await;
    let id = made["paymentId"].as_str().unwrap();
    for _ in 0..2 {
        assert_eq!(world.host.get(&format!("/v3/legacy/callback?paymentId={id}")).await.status, 200);
    }
    world.assert_told("its-own", &["payment.accepted"]).await;
    let refunded = world.host.post("/v3/legacy/refund", &refund_with(id, 1000, json!({}))).await;
    assert_eq!(refunded.result(), (200, "OK".to_owned()), "{refunded:?}");
}
