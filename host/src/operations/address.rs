//! The webhook URL of an operation, `{public_url}/v3/{external}/callback?ref={reference}.{mac}` (rule 24): a provider
//! that sends it back names the operation, and the MAC says that we gave it out.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use url::Url;

/// Makes webhook URLs and recognises them.
pub(super) struct Addresses {
    public_url: Option<Url>,
    key: [u8; 32],
}

impl Addresses {
    /// With the host's own key, and where the host can be reached from outside.
    pub(super) fn new(public_url: Option<Url>, key: [u8; 32]) -> Self {
        Self { public_url, key }
    }

    /// The URL for one operation; none where the operator set no public address.
    pub(super) fn of(&self, external: &str, reference: &str) -> Option<String> {
        let base = self.public_url.as_ref()?.as_str().trim_end_matches('/');
        let mac = hex::encode(&self.mac(external, reference).finalize().into_bytes()[..16]);
        Some(format!("{base}/v3/{external}/callback?ref={reference}.{mac}"))
    }

    /// The operation that a webhook's URL names, if we gave that URL out for this external.
    pub(super) fn reference(&self, external: &str, url: &str) -> Option<String> {
        let query = url.split_once('?')?.1;
        let value = query.split('&').find_map(|pair| pair.strip_prefix("ref="))?;
        let (reference, mac) = value.split_once('.')?;
        let mac = hex::decode(mac).ok().filter(|mac| mac.len() == 16)?;
        self.mac(external, reference).verify_truncated_left(&mac).ok()?;
        Some(reference.to_owned())
    }

    fn mac(&self, external: &str, reference: &str) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes a key of any length");
        mac.update(external.as_bytes());
        mac.update(b"/");
        mac.update(reference.as_bytes());
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_urls_that_we_gave_out_name_an_operation() {
        let addresses = Addresses::new(Some(Url::parse("https://pay.example.com/").unwrap()), [7; 32]);
        let url = addresses.of("acme", "abc").unwrap();
        assert!(url.starts_with("https://pay.example.com/v3/acme/callback?ref=abc."), "{url}");
        assert_eq!(addresses.reference("acme", &url).as_deref(), Some("abc"));
        assert_eq!(addresses.reference("acme", &format!("{url}&x=1")).as_deref(), Some("abc"));
        assert_eq!(addresses.reference("other", &url), None);
        assert_eq!(addresses.reference("acme", &url.replace("abc.", "abd.")), None);
        assert_eq!(addresses.reference("acme", "https://pay.example.com/v3/acme/callback?ref=abc."), None);
        assert_eq!(Addresses::new(None, [7; 32]).of("acme", "abc"), None);
    }
}
