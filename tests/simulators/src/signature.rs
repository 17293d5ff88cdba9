//! The signature on callbacks: Standard Webhooks 1.0, <https://www.standardwebhooks.com>, written
//! from its text and not from the host's code, so that one can judge the other.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use sha2::Sha256;
use std::fmt;

/// How far a timestamp may be from now, in seconds.
const TOLERANCE: i64 = 300;

/// A secret that callbacks are signed with: `whsec_` and the key in base64.
pub struct Secret(Vec<u8>);

/// Why a signature counts for nothing.
#[derive(Debug, PartialEq, Eq)]
pub enum Unverified {
    /// This header is absent or not what it should be.
    Header(&'static str),
    /// Its timestamp is more than five minutes away.
    Timestamp,
    /// No signature of the list is this secret's.
    Signature,
}

impl fmt::Display for Unverified {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(name) => write!(to, "{name} is missing or malformed"),
            Self::Timestamp => write!(to, "the timestamp is too far from now"),
            Self::Signature => write!(to, "no signature matches"),
        }
    }
}

impl std::error::Error for Unverified {}

impl Secret {
    /// Reads `whsec_…`; none if it is not such a secret.
    pub fn parse(text: &str) -> Option<Self> {
        let key = STANDARD.decode(text.strip_prefix("whsec_")?).ok()?;
        Some(Self(key))
    }

    /// Checks headers and body against this secret at `now`, in seconds since 1970.
    pub fn verify(&self, headers: &HeaderMap, body: &[u8], now: i64) -> Result<(), Unverified> {
        let id = text(headers, "webhook-id")?;
        let timestamp = text(headers, "webhook-timestamp")?;
        let at: i64 = timestamp.parse().map_err(|_| Unverified::Header("webhook-timestamp"))?;
        if (now - at).abs() > TOLERANCE {
            return Err(Unverified::Timestamp);
        }
        let signatures = text(headers, "webhook-signature")?;
        let any = signatures
            .split(' ')
            .filter_map(|signature| signature.strip_prefix("v1,"))
            .filter_map(|signature| STANDARD.decode(signature).ok())
            .any(|signature| self.signed(id, timestamp, body, &signature));
        any.then_some(()).ok_or(Unverified::Signature)
    }

    fn signed(&self, id: &str, timestamp: &str, body: &[u8], signature: &[u8]) -> bool {
        let mut mac = hmac_sha256(&self.0);
        for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
            mac.update(part);
        }
        mac.verify_slice(signature).is_ok()
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a str, Unverified> {
    headers.get(name).and_then(|value| value.to_str().ok()).ok_or(Unverified::Header(name))
}

/// An HMAC-SHA256 to be fed.
pub(crate) fn hmac_sha256(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes a key of any length")
}

#[cfg(test)]
mod tests {
    use super::*;
    use standardwebhooks::Webhook;

    const TEXT: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const BODY: &[u8] = br#"{"status":"ACCEPTED"}"#;

    /// Signed by the oracle.
    fn headers(at: i64) -> HeaderMap {
        let signature = Webhook::new(TEXT).unwrap().sign("msg_1", at, BODY).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("webhook-id", "msg_1".parse().unwrap());
        headers.insert("webhook-timestamp", at.to_string().parse().unwrap());
        let rotating = format!("v1,AAAA {signature}");
        headers.insert("webhook-signature", rotating.parse().unwrap());
        headers
    }

    #[test]
    fn what_another_implementation_signed_is_verified() {
        let secret = Secret::parse(TEXT).unwrap();
        assert_eq!(secret.verify(&headers(1000), BODY, 1300), Ok(()));
    }

    #[test]
    fn another_body_secret_or_time_is_not() {
        let secret = Secret::parse(TEXT).unwrap();
        let other = Secret::parse("whsec_AAAA").unwrap();
        let verdict = |secret: &Secret, body, now| secret.verify(&headers(1000), body, now);
        assert_eq!(verdict(&secret, b"{}", 1000), Err(Unverified::Signature));
        assert_eq!(verdict(&other, BODY, 1000), Err(Unverified::Signature));
        assert_eq!(verdict(&secret, BODY, 1301), Err(Unverified::Timestamp));
        assert_eq!(verdict(&secret, BODY, 699), Err(Unverified::Timestamp));
        assert_eq!(secret.verify(&HeaderMap::new(), BODY, 1000), Err(Unverified::Header("webhook-id")));
    }

    #[test]
    fn a_secret_without_its_prefix_is_none() {
        assert!(Secret::parse("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").is_none());
    }
}
