//! Pay, through both paths.

use crate::harness::{Setup, payment};

#[tokio::test]
async fn a_payment_goes_through_a_plugin() {
    let host = Setup::new().sandbox().start().await;
    let reply = host.post("/v3/sandbox/pay", &payment("shop-1", 500)).await;
    assert_eq!((reply.status, &reply.json["result"]), (200, &"OK".into()), "{reply:?}");
    let id = reply.text("paymentId");
    let status = host.get(&format!("/v3/sandbox/status?paymentId={id}")).await;
    assert_eq!((status.status, &status.json["status"]), (200, &"ACCEPTED".into()), "{status:?}");
}
