//! What the provider sends on its own: signed with `Acme-Signature: sha256=<hex HMAC of the body>`.

use super::Provider;
use crate::signature::hmac_sha256;
use hmac::Mac;
use serde_json::{Value, json};

/// What the provider and the host have agreed on to sign webhooks with.
pub const WEBHOOK_SECRET: &str = "acme-webhook-secret";

/// What a webhook's receiver said.
#[derive(Debug)]
pub struct Answered {
    /// 200, 401 …
    pub status: u16,
    /// The bytes after the headers, as text.
    pub body: String,
}

impl Provider {
    /// The event that tells how a charge stands now: `{id, reference, chargeId, status}`. Its id is made
    /// of what it tells, so that the same news twice is the same event. An array of events is a batch.
    ///
    /// # Panics
    /// If the provider has no such charge.
    pub fn charge_event(&self, charge: &str) -> Value {
        let ledger = self.ledger();
        let charge = ledger.charge(charge).expect("events tell of charges that exist");
        let (id, status) = (&charge.id, json!(charge.status));
        json!({ "id": event_id(id, &status), "reference": charge.reference, "chargeId": id, "status": status })
    }

    /// The same about a refund: `{id, reference, chargeId, refundId, status}`.
    ///
    /// # Panics
    /// If the provider has no such refund.
    pub fn refund_event(&self, refund: &str) -> Value {
        let ledger = self.ledger();
        let refund = ledger.refunds().iter().find(|known| known.id == refund);
        let refund = refund.expect("events tell of refunds that exist");
        let (id, status) = (&refund.id, json!(refund.status));
        json!({
            "id": event_id(id, &status),
            "reference": refund.reference,
            "chargeId": refund.charge_id,
            "refundId": id,
            "status": status,
        })
    }

    /// Sends an event to this URL, signed as agreed.
    pub async fn webhook(&self, url: &str, event: &Value) -> Answered {
        self.webhook_signed_with(WEBHOOK_SECRET, url, event).await
    }

    /// Sends an event to this URL, signed with a secret of the test's choice.
    ///
    /// # Panics
    /// If nobody answers at that URL.
    pub async fn webhook_signed_with(&self, secret: &str, url: &str, event: &Value) -> Answered {
        let sent = self.try_webhook(secret, url, event).await;
        sent.unwrap_or_else(|error| panic!("nobody takes webhooks at {url}: {error}"))
    }

    /// The same where nobody may be there, or not to the end.
    pub async fn try_webhook(&self, secret: &str, url: &str, event: &Value) -> reqwest::Result<Answered> {
        let body = event.to_string();
        let mut mac = hmac_sha256(secret.as_bytes());
        mac.update(body.as_bytes());
        let signature = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
        let client = reqwest::Client::builder().no_proxy().build();
        let client = client.expect("a client without settings can be made");
        let request = client.post(url).header("content-type", "application/json").header("acme-signature", signature);
        let response = request.body(body).send().await?;
        Ok(Answered { status: response.status().as_u16(), body: response.text().await.unwrap_or_default() })
    }
}

fn event_id(of: &str, status: &Value) -> String {
    format!("evt_{of}_{}", status.as_str().unwrap_or_default())
}
