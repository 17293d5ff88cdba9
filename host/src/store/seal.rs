//! What is kept of requests is sealed with the store's key: AES-256-GCM-SIV under a random nonce, which may repeat
//! without harm, bound to its operation's name. Knows no SQL.

use super::OpenError;
use crate::model::{Reference, SecretBytes};
use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

/// Bytes of the key.
pub const KEY_BYTES: usize = 32;

/// Seals and opens.
pub(super) struct Seal(RandomizedNonceKey);

impl Seal {
    /// With a key of [`KEY_BYTES`] bytes; none where it has another length.
    pub(super) fn new(key: &SecretBytes) -> Option<Self> {
        RandomizedNonceKey::new(&AES_256_GCM_SIV, key.expose()).ok().map(Self)
    }

    /// The sealed bytes: nonce, then text and tag. None where the machine has no randomness.
    pub(super) fn seal(&self, operation: &Reference, text: Vec<u8>) -> Option<Vec<u8>> {
        let mut sealed = text;
        let nonce = self.0.seal_in_place_append_tag(Aad::from(operation.0.as_bytes()), &mut sealed).ok()?;
        Some([nonce.as_ref().as_slice(), &sealed].concat())
    }

    /// What was sealed; none where it was with another key, for another operation, or is no longer what it was.
    pub(super) fn open(&self, operation: &Reference, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, text) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut text = text.to_vec();
        let opened = self.0.open_in_place(nonce, Aad::from(operation.0.as_bytes()), &mut text).ok()?;
        Some(opened.to_vec())
    }
}

/// The key beside a store's file, for nobody else to read; made where there is none.
pub(super) fn key_beside(store: &Path) -> Result<SecretBytes, OpenError> {
    let mut name = OsString::from(store);
    name.push(".key");
    let path = PathBuf::from(name);
    read_or_make(&path).map_err(|source| OpenError::File { path, source })
}

#[expect(clippy::disallowed_methods, reason = "the store's own file")]
fn read_or_make(path: &Path) -> std::io::Result<SecretBytes> {
    match std::fs::File::open(path) {
        Ok(file) => read(file),
        Err(error) if error.kind() == ErrorKind::NotFound => make(path),
        Err(error) => Err(error),
    }
}

fn read(file: std::fs::File) -> std::io::Result<SecretBytes> {
    let mut key = Vec::with_capacity(KEY_BYTES + 1);
    file.take(KEY_BYTES as u64 + 1).read_to_end(&mut key)?;
    let whole = key.len() == KEY_BYTES;
    whole.then(|| SecretBytes::new(key)).ok_or_else(|| std::io::Error::other("it is not a key of 32 bytes"))
}

/// Written aside and renamed: a host that dies meanwhile leaves no half of a key.
#[expect(clippy::disallowed_methods, reason = "the store's own file")]
fn make(path: &Path) -> std::io::Result<SecretBytes> {
    let mut key = vec![0; KEY_BYTES];
    getrandom::fill(&mut key).map_err(std::io::Error::other)?;
    let aside = path.with_extension("key.new");
    let mut file = super::open::private(OpenOptions::new().write(true).create(true).truncate(true)).open(&aside)?;
    file.write_all(&key)?;
    file.sync_all()?;
    std::fs::rename(&aside, path)?;
    Ok(SecretBytes::new(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seal(byte: u8) -> Seal {
        Seal::new(&SecretBytes::new(vec![byte; KEY_BYTES])).unwrap()
    }

    #[test]
    fn what_is_sealed_is_opened_by_its_key_for_its_operation_alone() {
        let (one, other) = (Reference("one".into()), Reference("other".into()));
        let sealed = seal(1).seal(&one, b"4111 1111".to_vec()).unwrap();
        assert!(!sealed.windows(4).any(|window| window == b"4111"));
        assert_eq!(seal(1).open(&one, &sealed), Some(b"4111 1111".to_vec()));
        assert_ne!(seal(1).seal(&one, b"4111 1111".to_vec()).unwrap(), sealed, "never the same twice");
        assert_eq!(seal(1).open(&other, &sealed), None);
        assert_eq!(seal(2).open(&one, &sealed), None);
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(seal(1).open(&one, &changed), None, "{at}");
        }
        assert_eq!(seal(1).open(&one, &sealed[..NONCE_LEN - 1]), None);
        assert!(Seal::new(&SecretBytes::new(vec![0; 31])).is_none());
    }

    #[test]
    fn a_key_is_made_once_and_nobody_else_may_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("provost.db");
        let key = key_beside(&store).unwrap();
        assert_eq!(key_beside(&store).unwrap(), key);
        let path = folder.path().join("provost.db.key");
        assert_eq!(std::fs::read(&path).unwrap(), key.expose());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        std::fs::write(&path, "short").unwrap();
        assert!(key_beside(&store).is_err(), "it is not replaced: what it sealed would be lost");
    }
}
