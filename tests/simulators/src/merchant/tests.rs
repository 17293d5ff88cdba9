use super::*;

async fn deliver(merchant: &Merchant, id: &str) -> Option<u16> {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let sent = client.post(merchant.url()).header("webhook-id", id);
    let response = sent.body(r#"{"status":"ACCEPTED"}"#).send().await.ok()?;
    Some(response.status().as_u16())
}

#[tokio::test]
async fn deliveries_are_kept_in_order_and_met_as_scripted() {
    let merchant = Merchant::start();
    let away = Response::status(302).header("location", "http://127.0.0.1:1/");
    let busy = Response::status(503).header("retry-after", "3");
    merchant.reply_next([Reply::from(500), busy.into(), Reply::Close, away.into()]);

    let mut seen = Vec::new();
    for id in ["1", "2", "3", "4", "5"] {
        seen.push(deliver(&merchant, id).await);
    }
    // The redirect leads to nobody, and the client follows it.
    assert_eq!(seen, [Some(500), Some(503), None, None, Some(200)]);
    let deliveries = merchant.wait_for(5).await;
    let ids: Vec<_> = deliveries.iter().map(Delivery::id).collect();
    assert_eq!(ids, ["1", "2", "3", "4", "5"]);
    assert_eq!(deliveries[0].event()["status"], "ACCEPTED");
}

#[tokio::test]
async fn a_merchant_that_was_down_is_back_at_the_same_place() {
    let merchant = Merchant::start();
    let before = merchant.url();
    merchant.go_down();
    assert_eq!(deliver(&merchant, "1").await, None);
    merchant.come_up();
    assert_eq!(merchant.url(), before);
    assert_eq!(deliver(&merchant, "1").await, Some(200));
    assert_eq!(merchant.deliveries().len(), 1);
}

#[tokio::test]
async fn a_slow_merchant_answers_when_it_is_released() {
    let merchant = Merchant::start();
    merchant.reply_next([Reply::WhenReleased(Response::status(204))]);
    let releasing = async {
        merchant.wait_for(1).await;
        merchant.release();
    };
    let (answer, ()) = tokio::join!(deliver(&merchant, "1"), releasing);
    assert_eq!(answer, Some(204));
}

#[test]
fn a_merchant_needs_no_runtime_of_its_maker() {
    let merchant = Merchant::start();
    for id in ["1", "2"] {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        assert_eq!(runtime.block_on(deliver(&merchant, id)), Some(200));
    }
}
