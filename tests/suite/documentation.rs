//! The page that shows the document, in a real browser.

use crate::harness::{Browser, Setup};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What the page shows of each operation, once it has drawn them.
const SHOWN: &str = "return Array.from(document.querySelectorAll('.opblock-summary'), summary => [
    summary.querySelector('.opblock-summary-method').textContent.toLowerCase(),
    summary.querySelector('.opblock-summary-path').dataset.path,
])";

#[tokio::test]
async fn the_page_shows_every_operation_and_asks_nobody_else() {
    let host = Setup::new().sandbox().start().await;
    let document = host.get("/documentation/openapi.json").await;
    let mut described = BTreeSet::new();
    for (path, methods) in document.json["paths"].as_object().unwrap() {
        described.extend(methods.as_object().unwrap().keys().map(|method| (method.clone(), path.clone())));
    }

    let browser = Browser::open().await;
    browser.visit(&format!("{}/documentation/", host.url)).await;
    browser.find(".opblock-summary").await;
    let shown: BTreeSet<(String, String)> = serde_json::from_value(browser.run(SHOWN).await).unwrap();
    assert_eq!(shown, described);
    let requested = browser.requested().await;
    assert!(requested.len() >= 5, "the page, its four files and no fewer: {requested:?}");
    assert!(requested.iter().all(|url| url.starts_with(&format!("{}/", host.url))), "{requested:?}");
    assert_eq!(browser.complaints().await, [""; 0]);
    browser.close().await;
}

#[tokio::test]
async fn an_operation_is_tried_on_the_page() {
    let host = Setup::new().sandbox().start().await;
    let browser = Browser::open().await;
    browser.visit(&format!("{}/documentation#/Payments/pay", host.url)).await;
    let key = browser.find("#operations-Payments-pay input[placeholder=Idempotency-Key]").await;
    key.type_text("from-the-page").await;
    browser.find("#operations-Payments-pay .btn.execute").await.click().await;

    let answer = "#operations-Payments-pay .live-responses-table tr.response";
    assert_eq!(browser.find(&format!("{answer} .response-col_status")).await.text().await, "200");
    let body = browser.find(&format!("{answer} .microlight")).await.text().await;
    let body: Value = serde_json::from_str(&body).unwrap_or_else(|_| panic!("{body}"));
    assert_eq!(body["result"], "OK");
    let status = host.get(&format!("/v3/sandbox/status?paymentId={}", body["paymentId"].as_str().unwrap())).await;
    assert_eq!((status.status, &status.json["status"]), (200, &json!("ACCEPTED")));
    assert_eq!(browser.complaints().await, [""; 0]);
    browser.close().await;
}
