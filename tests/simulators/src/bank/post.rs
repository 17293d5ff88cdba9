//! What the bank tells by itself: the entry as it stands, with `at=` and `event=` in its line, signed as a whole with
//! `Bank-Signature: <hex HMAC of the body>`.

use super::entry::Entry;
use crate::signature::hmac_sha256;
use hmac::Mac;
use std::time::{SystemTime, UNIX_EPOCH};

/// What the bank and the host have agreed on to sign webhooks with.
pub const SIGNED_WITH: &str = "bank-webhook-secret";

/// A webhook to be sent until it is taken.
#[derive(Clone, Debug)]
pub struct Letter {
    /// Where the host said it wants it, such as `https://pay.example/v3/bank/callback?ref=…`.
    pub to: String,
    /// The body.
    pub text: String,
}

pub(super) fn letter_about(entry: &Entry) -> Letter {
    let at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis().to_string();
    let event = format!("{}-{}", entry.id, entry.status.word());
    Letter { to: entry.notify.clone(), text: entry.line(&[("at", &at), ("event", &event)]) }
}

/// Sends a letter to this URL once, and says what the receiver answered.
///
/// # Errors
/// Where nobody was there to the end.
pub async fn try_letter(client: &reqwest::Client, url: &str, letter: &Letter) -> reqwest::Result<u16> {
    let mut mac = hmac_sha256(SIGNED_WITH.as_bytes());
    mac.update(letter.text.as_bytes());
    let signature = hex::encode(mac.finalize().into_bytes());
    let request = client.post(url).header("bank-signature", signature).body(letter.text.clone());
    Ok(request.send().await?.status().as_u16())
}
