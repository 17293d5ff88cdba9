//! API keys: who may call, and which externals with it. Keys are random and long, so a plain sha256 of one tells nobody
//! anything, and is all that is kept. A key itself is in no setting, log or error.

use crate::model::SecretBytes;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;
use std::fmt;
use subtle::{Choice, ConstantTimeEq};

/// Bytes of chance in a key that the host makes.
const CHANCE: usize = 32;

/// What a key begins with, so that programs that look for lost secrets know one.
const PREFIX: &str = "provost_";

/// The sha256 of a key. However it is compared, that takes the same time.
#[derive(Clone, Copy, Eq)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Of what a caller shows.
    pub fn of(key: &[u8]) -> Self {
        Self(Sha256::digest(key).into())
    }

    /// From 64 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        Some(Self(bytes))
    }
}

impl ConstantTimeEq for Digest {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.0.ct_eq(&other.0)
    }
}

impl PartialEq for Digest {
    fn eq(&self, other: &Self) -> bool {
        self.ct_eq(other).into()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// Its beginning is enough to tell it from others.
impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}…", hex::encode(&self.0[..4]))
    }
}

/// Which externals a key may be used for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Externals {
    /// All that there are.
    Every,
    /// These, whether they are configured or not.
    Only(BTreeSet<String>),
}

impl Externals {
    /// Whether this one is among them.
    pub fn include(&self, external: &str) -> bool {
        match self {
            Self::Every => true,
            Self::Only(names) => names.contains(external),
        }
    }
}

/// A `[api.keys.NAME]` table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Who calls with it: the caller of rule 17.
    pub name: String,
    /// Of the keys that are taken; several while one is rotated.
    pub digests: Vec<Digest>,
    /// What it may be used for.
    pub externals: Externals,
    /// How much may be asked with it; none: what all share.
    pub rate: Option<super::Rate>,
}

/// Finds whose key this is. All of them are looked at, whichever it is and whether it is any.
pub(super) fn position(keys: &[Key], shown: &Digest, same: impl Fn(&Digest, &Digest) -> Choice) -> Option<usize> {
    let mut found = None;
    for (at, key) in keys.iter().enumerate() {
        let of_key = key.digests.iter().fold(Choice::from(0), |found, digest| found | same(digest, shown));
        found = if bool::from(of_key) { Some(at) } else { found };
    }
    found
}

/// A key that nobody has had.
pub fn new_key() -> std::io::Result<SecretBytes> {
    let mut chance = zeroize::Zeroizing::new([0; CHANCE]);
    getrandom::fill(&mut *chance).map_err(|error| std::io::Error::other(error.to_string()))?;
    let written = zeroize::Zeroizing::new(URL_SAFE_NO_PAD.encode(chance.as_slice()));
    Ok(SecretBytes::new([PREFIX.as_bytes(), written.as_bytes()].concat()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    fn key(name: &str, keys: &[&str]) -> Key {
        let digests = keys.iter().map(|key| Digest::of(key.as_bytes())).collect();
        Key { name: name.into(), digests, externals: Externals::Every, rate: None }
    }

    #[test]
    fn every_digest_is_compared_in_constant_time_whichever_key_it_is_and_whether_it_is_any() {
        let keys = [key("first", &["a"]), key("second", &["new", "old"]), key("third", &["z"])];
        for (shown, found) in [("a", Some(0)), ("new", Some(1)), ("old", Some(1)), ("z", Some(2)), ("x", None)] {
            let compared = Cell::new(0);
            let same = |one: &Digest, other: &Digest| {
                compared.set(compared.get() + 1);
                one.ct_eq(other)
            };
            assert_eq!(position(&keys, &Digest::of(shown.as_bytes()), same), found, "{shown}");
            assert_eq!(compared.get(), 4, "{shown}");
        }
    }

    #[test]
    fn a_digest_is_written_as_64_digits_and_shown_by_a_few() {
        let digest = Digest::of(b"abc");
        let written = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!((digest.to_string().as_str(), format!("{digest:?}").as_str()), (written, "ba7816bf…"));
        assert_eq!(Digest::parse(written), Some(digest));
        assert_eq!(Digest::parse(&written.to_uppercase()), Some(digest));
        for wrong in ["", "ba78", &written[1..], &format!("{written}0"), &written.replace('b', "g")] {
            assert_eq!(Digest::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_key_is_long_random_and_fit_for_a_header() {
        let (one, other) = (new_key().unwrap(), new_key().unwrap());
        assert_ne!(one, other);
        assert!(one.expose().starts_with(PREFIX.as_bytes()) && one.expose().len() == PREFIX.len() + 43);
        assert!(one.expose().iter().all(u8::is_ascii_graphic));
    }
}
