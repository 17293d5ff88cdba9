//! Names that the host gives: to operations toward providers, and what an external may be called.

use sha2::{Digest, Sha256};
use std::fmt;
use uuid::Uuid;

/// The host's own name for an operation: 32 lower-case letters and digits, random.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reference(pub String);

impl Reference {
    /// A new one.
    pub fn random() -> Self {
        Self(Uuid::new_v4().simple().to_string())
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What an operation's keys toward the provider are made from: random, stored with it, never from the payload (rule 21).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Seed(pub [u8; 16]);

impl Seed {
    /// A new one.
    pub fn random() -> Self {
        Self(Uuid::new_v4().into_bytes())
    }

    /// The idempotency key of one step, a UUID in v4 form, the same over every retry, restart and swap.
    pub fn key(&self, step: Option<&str>) -> String {
        let mut hash = Sha256::new();
        hash.update(self.0);
        if let Some(step) = step {
            hash.update([0]);
            hash.update(step.as_bytes());
        }
        let digest = hash.finalize();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(…)")
    }
}

/// Words of the interface itself that no external may be called.
const RESERVED: [&str; 4] = ["admin", "documentation", "saga", "v3"];

/// `[a-z0-9][a-z0-9-]*`, at most 63 characters, and not one of our own words.
pub fn is_external_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=63).contains(&name.len()) && !name.starts_with('-') && name.bytes().all(allowed) && !RESERVED.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_uuids_in_v4_form_one_per_step_and_stable() {
        let seed = Seed::random();
        let key = seed.key(None);
        assert_eq!(Uuid::parse_str(&key).unwrap().get_version_num(), 4);
        assert_eq!(seed.key(None), key);
        assert_ne!(seed.key(Some("capture")), key);
        assert_ne!(seed.key(Some("")), key);
        assert_ne!(Seed::random().key(None), key);
    }

    #[test]
    fn an_external_is_a_plain_path_segment() {
        for good in ["a", "acme", "0-x", "mobile-pay", &"a".repeat(63)] {
            assert!(is_external_name(good), "{good}");
        }
        for bad in ["", "-a", "A", "a_b", "a.b", "a/b", "é", "saga", &"a".repeat(64)] {
            assert!(!is_external_name(bad), "{bad}");
        }
    }
}
