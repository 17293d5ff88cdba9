use super::*;
use reqwest::Client;
use std::time::{Duration, Instant};

async fn post(bank: &Bank, key: &str, form: &str) -> (u16, String) {
    let request = Client::builder().no_proxy().build().unwrap().post(format!("{}/entries", bank.url()));
    let request = request.bearer_auth(API_KEY).header("idempotency-key", key).body(form.to_owned());
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test]
async fn a_key_makes_one_entry_and_another_request_under_it_is_a_complaint() {
    let bank = Bank::start();
    let form = "kind=charge&amount=500&currency=EUR&shop=s&reference=r";
    let first = post(&bank, "k", form).await;
    assert_eq!(first.0, 200);
    assert_eq!(
        first.1,
        "id=charge-1&kind=charge&status=succeeded&amount=500&currency=EUR&captured=500&reference=r&end\n"
    );
    assert_eq!(post(&bank, "k", form).await, first);
    assert_eq!(post(&bank, "k", "kind=charge").await.0, 400);
    let ledger = bank.ledger();
    let books = ledger.open();
    assert_eq!((books.entries().len(), books.made_by("r").count(), books.complaints().len()), (1, 1, 1));
}

#[tokio::test]
async fn no_more_is_given_back_than_was_taken_and_no_more_is_taken_than_was_reserved() {
    let bank = Bank::start();
    post(&bank, "a", "kind=charge&amount=500&currency=EUR&wish=authorized").await;
    assert_eq!(post(&bank, "b", "kind=refund&amount=1&currency=EUR&of=charge-1").await.0, 409);
    assert_eq!(post(&bank, "c", "kind=capture&amount=300&currency=EUR&of=charge-1").await.0, 200);
    assert_eq!(post(&bank, "d", "kind=capture&amount=300&currency=EUR&of=charge-1").await.0, 409);
    assert_eq!(post(&bank, "e", "kind=void&of=charge-1").await.0, 409);
    assert_eq!(post(&bank, "f", "kind=refund&amount=300&currency=EUR&of=charge-1").await.0, 200);
    assert_eq!(post(&bank, "g", "kind=refund&amount=1&currency=EUR&of=charge-1").await.0, 409);
}

#[tokio::test]
async fn what_is_pending_is_decided_later_and_told_once() {
    let bank = Bank::start();
    post(&bank, "a", "kind=charge&amount=500&currency=EUR&wish=pending-declined&notify=http%3A%2F%2Fh%2Fx").await;
    let ledger = bank.ledger();
    let mut books = ledger.open();
    assert_eq!((books.settle(Instant::now()).len(), books.undecided()), (0, 1));
    let letters = books.settle(Instant::now() + Duration::from_secs(1));
    assert_eq!((letters.len(), &*letters[0].to), (1, "http://h/x"));
    assert!(
        letters[0].text.contains("&status=declined&") && letters[0].text.ends_with("&event=charge-1-declined&end\n")
    );
    assert_eq!((books.undecided(), books.entries()[0].is_alive()), (0, false));
}
