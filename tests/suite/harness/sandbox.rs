//! The sandbox provider's webhooks, signed as it signs them: `t=<seconds>,v1=<hex HMAC of "t.body">`.

use super::client::send;
use super::{Host, Reply, SANDBOX_WEBHOOK_SECRET};
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Method;
use serde_json::Value;
use sha2::Sha256;

impl Host {
    /// A webhook of `/v3/sandbox`, signed now.
    pub async fn sandbox_webhook(&self, notice: &Value) -> Reply {
        self.sandbox_webhook_signed(SANDBOX_WEBHOOK_SECRET, 0, notice).await
    }

    /// The same, signed with another secret, `age` seconds ago.
    pub async fn sandbox_webhook_signed(&self, secret: &str, age: i64, notice: &Value) -> Reply {
        let seconds = self.clock.now().seconds().strict_add_signed(-age);
        let body = notice.to_string();
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
        mac.update(format!("{seconds}.{body}").as_bytes());
        let code = hex::encode(mac.finalize().into_bytes());
        let webhook = self.request(Method::POST, "/v3/sandbox/callback");
        send(webhook.header("sandbox-signature", format!("t={seconds},v1={code}")).body(body)).await
    }
}
