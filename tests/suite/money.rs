//! Amounts and names (rules 5, 13 and 35): what was asked is what is charged, and every id that was ever told is valid
//! for ever. `money_callbacks` tells how merchants hear of it.

use crate::harness::{Host, Setup, payment, payment_with, refund};
use serde_json::{Value, json};
use simulators::provider::{Misbehaviour, Rule, Status};
use simulators::{Merchant, Provider};

const LARGEST: u64 = (1 << 53) - 1;

#[tokio::test]
async fn an_amount_that_the_provider_says_differently_is_pending_and_for_a_person_to_look_at() {
    let provider = Provider::start();
    let host = Setup::new().acme(&provider).start().await;
    let cases = [
        ("less", json!({ "amount": 499 }), "the provider says 499 EUR"),
        ("more", json!({ "amount": 501 }), "the provider says 501 EUR"),
        ("a-hundredfold", json!({ "amount": 50_000 }), "the provider says 50000 EUR"),
        ("currency", json!({ "currency": "USD" }), "the provider says 500 USD"),
        ("reserved", json!({ "amount": 499, "outcome": "authorized" }), "the provider says 499 EUR"),
    ];
    for (shop, wish, review) in cases {
        let reply = host.post("/v3/acme/pay", &payment_with(shop, 500, wish)).await;
        assert_eq!((reply.status, &reply.json["result"]), (200, &json!("PENDING")), "{shop}: {reply:?}");
        let said = reply.json["metadata"]["review"].as_str().unwrap_or_default();
        assert!(said.ends_with(review), "{shop}: {reply:?}");

        let status = host.get(&format!("/v3/acme/status?shopTransactionId={shop}")).await;
        assert_eq!(status.json["status"], "PENDING", "{shop}: the provider's word is not enough: {status:?}");
        assert_eq!(status.json["metadata"]["review"], said, "{shop}: {status:?}");
        assert_eq!(host.on_disk().told(shop), ["payment.pending"], "{shop}");
        let id = reply.text("paymentId");
        assert_eq!(host.post("/v3/acme/refund", &refund(&id, 1)).await.status, 409, "{shop}");
    }
    let known = host.on_disk().column("SELECT shop_transaction_id FROM payments WHERE review IS NOT NULL", []);
    assert_eq!(known.len(), 5, "all are flagged: {known:?}");
}

#[tokio::test]
async fn amounts_of_every_exponent_and_size_go_through_unchanged() {
    let (provider, merchant) = (Provider::start(), Merchant::start());
    let host = Setup::new().acme(&provider).merchant(&merchant).start().await;
    let cases = [("JPY", 500), ("KWD", 1230), ("EUR", 1), ("EUR", LARGEST)];
    for (number, (currency, amount)) in cases.into_iter().enumerate() {
        let shop = format!("shop-{number}");
        let mut body = payment(&shop, amount);
        body["currency"] = json!(currency);
        let paid = host.post("/v3/acme/pay", &body).await;
        assert_eq!((paid.status, &paid.json["result"]), (200, &json!("OK")), "{paid:?}");
        let id = paid.text("paymentId");
        let charge = provider.ledger().charge(&id).cloned().unwrap();
        assert_eq!((charge.amount, charge.currency.as_str()), (amount, currency));

        let status = host.get(&format!("/v3/acme/status?paymentId={id}")).await;
        assert_eq!((&status.json["amount"], &status.json["currency"]), (&json!(amount), &json!(currency)));
        let told = merchant.wait_for(2 * number + 1).await[2 * number].event();
        assert_eq!((&told["amount"], &told["currency"]), (&json!(amount), &json!(currency)));

        let back =
            host.post("/v3/acme/refund", &json!({ "paymentId": id, "amount": amount, "currency": currency })).await;
        assert_eq!(back.json["result"], "OK", "{back:?}");
        assert_eq!(provider.ledger().refunds_of(&id)[0].amount, amount);
        merchant.wait_for(2 * number + 2).await;
    }
}

#[tokio::test]
async fn what_is_no_amount_never_reaches_the_provider() {
    let provider = Provider::start();
    let host = Setup::new().acme(&provider).start().await;
    for (amount, currency) in [
        (json!(LARGEST + 1), "EUR"),
        (json!(0), "EUR"),
        (json!(-1), "EUR"),
        (json!(5.0), "EUR"),
        (json!("500"), "EUR"),
        (json!(null), "EUR"),
        (json!(500), "eur"),
        (json!(500), "EURO"),
    ] {
        let body = json!({ "amount": amount, "currency": currency, "shopTransactionId": "shop-1" });
        let reply = host.post("/v3/acme/pay", &body).await;
        assert_eq!((reply.status, &reply.json["code"]), (422, &json!("invalid")), "{body}: {reply:?}");
        let pointer = if currency == "EUR" { "/amount" } else { "/currency" };
        assert_eq!(reply.json["errors"][0]["pointer"], pointer, "{body}: {reply:?}");
    }
    assert!(provider.ledger().requests().is_empty());
}

/// A payment whose answer was lost is told under the host's own name, and later learns the provider's.
#[tokio::test]
async fn every_name_that_a_payment_ever_had_stays_valid() {
    let provider = Provider::start();
    let mut host = Setup::new().acme(&provider).start().await;
    provider.fail(Rule::charge(Misbehaviour::Close.after()));
    let told = host.post("/v3/acme/pay", &payment("shop-1", 500)).await.text("paymentId");
    assert_ne!(told, "ch_1");
    assert_eq!(host.get(&format!("/v3/acme/status?paymentId={told}")).await.json["status"], "ACCEPTED");

    let names = [format!("paymentId={told}"), "paymentId=ch_1".to_owned(), "shopTransactionId=shop-1".to_owned()];
    for _ in 0..2 {
        for name in &names {
            let status = host.get(&format!("/v3/acme/status?{name}")).await;
            assert_eq!((status.status, &status.json["status"]), (200, &json!("ACCEPTED")), "{name}: {status:?}");
            assert_eq!(status.json["paymentId"], told, "{name}: what the merchant was first told");
            let (key, value) = name.split_once('=').unwrap();
            let by_body = host.post("/v3/acme/status", &json!({ key: value })).await;
            assert_eq!(by_body.json, status.json, "{name}");
        }
        host = host.stop().await.start().await;
    }
    for (name, amount) in [(&*told, 100), ("ch_1", 200)] {
        assert_eq!(host.post("/v3/acme/refund", &refund(name, amount)).await.json["result"], "OK", "{name}");
    }
    assert_eq!(host.get("/v3/acme/status?paymentId=ch_2").await.status, 404);
}

#[tokio::test]
async fn a_payment_that_the_host_never_saw_is_adopted_and_the_provider_judges_its_refunds() {
    let provider = Provider::start();
    let elsewhere = Setup::new().acme(&provider).start().await;
    let id = elsewhere.post("/v3/acme/pay", &payment("shop-1", 500)).await.text("paymentId");
    drop(elsewhere);

    let merchant = Merchant::start();
    let host = Setup::new().acme(&provider).merchant(&merchant).start().await;
    let status = host.get(&format!("/v3/acme/status?paymentId={id}")).await;
    assert_eq!((&status.json["status"], &status.json["amount"]), (&json!("ACCEPTED"), &json!(500)), "{status:?}");
    assert_eq!(status.json["paymentId"], id, "{status:?}");
    assert_eq!(host.post("/v3/acme/refund", &refund(&id, 200)).await.json["result"], "OK");
    let too_much = host.post("/v3/acme/refund", &refund(&id, 301)).await;
    assert_eq!(too_much.status, 422, "{too_much:?}");
    let told: Vec<_> = merchant.wait_for(2).await.iter().map(|delivery| delivery.event()["type"].clone()).collect();
    assert_eq!(told, ["payment.accepted", "refund.accepted"]);
}

/// What merchants see of each state, by the route that asks and by the answer that was given.
#[tokio::test]
async fn each_outcome_has_its_answer_and_its_status() {
    let provider = Provider::start();
    let host = Setup::new().acme(&provider).start().await;
    let cases = [
        ("succeeded", "OK", "ACCEPTED", Value::Null),
        ("authorized", "PENDING", "PENDING", json!("AUTHORIZED")),
        ("pending", "PENDING", "PENDING", Value::Null),
        ("declined", "KO", "FAILED", Value::Null),
        ("redirect", "REDIRECT_TO_URL", "PENDING", Value::Null),
    ];
    for (wish, result, status, state) in cases {
        let body = payment_with(wish, 500, json!({ "outcome": wish }));
        let reply = host.post("/v3/acme/pay", &body).await;
        assert_eq!((reply.status, &reply.json["result"]), (200, &json!(result)), "{reply:?}");
        assert_eq!(reply.json["redirectToUrl"].is_string(), wish == "redirect", "{reply:?}");
        let asked = host.get(&format!("/v3/acme/status?paymentId={}", reply.text("paymentId"))).await;
        assert_eq!(asked.json["status"], status, "{asked:?}");
        assert_eq!((&reply.json["metadata"]["state"], &asked.json["metadata"]["state"]), (&state, &state));
    }
    late(&host, &provider).await;
}

/// Pending ones end as the provider decides.
async fn late(host: &Host, provider: &Provider) {
    for (shop, settled, status) in
        [("pending", Status::Succeeded, "ACCEPTED"), ("redirect", Status::Declined, "FAILED")]
    {
        let id = provider.ledger().charges_for_shop(shop)[0].id.clone();
        provider.settle(&id, settled);
        let asked = host.get(&format!("/v3/acme/status?paymentId={id}")).await;
        assert_eq!(asked.json["status"], status, "{asked:?}");
    }
}
