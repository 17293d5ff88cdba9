//! Signatures as in Standard Webhooks 1.0: `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`.

use crate::clock::Timestamp;
use crate::model::SecretBytes;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The value of `webhook-signature`: one signature for each secret, so that receivers can rotate.
pub(super) fn signature(secrets: &[SecretBytes], id: &str, at: Timestamp, body: &[u8]) -> String {
    let signatures: Vec<_> = secrets.iter().map(|secret| format!("v1,{}", sign(secret, id, at, body))).collect();
    signatures.join(" ")
}

fn sign(secret: &SecretBytes, id: &str, at: Timestamp, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose()).expect("HMAC takes a key of any length");
    mac.update(format!("{id}.{}.", at.seconds()).as_bytes());
    mac.update(body);
    STANDARD.encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the Standard Webhooks specification's own reference libraries.
    #[test]
    fn the_signature_is_that_of_standard_webhooks() {
        let secret = SecretBytes::new(STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap());
        let body = br#"{"test": 2432232314}"#;
        let signed = signature(&[secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", Timestamp(1_614_265_330_000), body);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn while_rotating_every_secret_signs() {
        let secrets = [SecretBytes::new(b"old".to_vec()), SecretBytes::new(b"new".to_vec())];
        assert_eq!(signature(&secrets, "id", Timestamp(0), b"{}").split(' ').count(), 2);
        assert_eq!(signature(&[], "id", Timestamp(0), b"{}"), "");
    }
}
