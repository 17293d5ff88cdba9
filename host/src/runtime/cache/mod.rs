//! Compiled components, kept in a folder that nobody else may read or write: one file for each engine and plugin.
//!
//! A file begins with [`MAGIC`], the engine's digest, the plugin's and a MAC over both and the code; so code that anybody
//! changed, or moved under another plugin's name, is never executed. The key lies in the same folder: who can read that
//! is this user, and could write to the process itself. It is not the store's: `plugin inspect` has no store, hosts that
//! share a server have no file beside it, and what is lost with this one is a compilation.
//!
//! Nothing here is needed: what is odd is deleted, told once, and compiled again.

mod folder;

use super::code::Code;
use crate::model::{SecretBytes, Version};
use bytes::Bytes;
use folder::Folder;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use std::io;
use std::path::Path;
use std::time::Duration;

/// The layout, and what is checked before anything is compiled: a change in either is another number.
const MAGIC: &[u8; 8] = b"provost\x01";
const DIGEST: usize = 32;
/// Magic, engine, plugin, MAC; the code follows.
const HEAD: usize = MAGIC.len() + 3 * DIGEST;
/// The largest file that is looked at.
const LARGEST: u64 = 1 << 30;

/// A file that nobody has used for so long goes.
const UNUSED: Duration = Duration::from_secs(30 * 86_400);
/// How many stay at most: some versions of many plugins.
const MOST: usize = 1000;

const KEY: &str = "key";

/// What the code is for: this engine on this machine.
pub(super) type EngineDigest = [u8; DIGEST];

/// The folder, and the key.
pub(super) struct Cache {
    folder: Folder,
    key: SecretBytes,
    engine: EngineDigest,
}

/// Why a file is not what was once written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Odd {
    #[error("it is too short or too large")]
    Size,
    #[error("it has another layout")]
    Layout,
    #[error("it is for another plugin or engine")]
    Other,
    #[error("its MAC is wrong")]
    Mac,
}

impl Cache {
    /// The cache in this folder, which is made where there is none.
    ///
    /// # Errors
    ///
    /// It cannot be made, or is not this user's alone: a sentence with the remedy.
    pub(super) fn open(path: &Path, engine: EngineDigest) -> Result<Self, String> {
        let folder = Folder::open(path)?;
        let key = key(&folder).map_err(|error| format!("its key: {error}"))?;
        Ok(Self { folder, key, engine })
    }

    /// The code of this plugin, where it is there and just as it was written.
    pub(super) fn get(&self, plugin: &Version) -> Option<Code> {
        let name = self.name(plugin);
        let found = self.folder.read(&name, LARGEST).and_then(|bytes| {
            let Some(bytes) = bytes else { return Ok(None) };
            self.open_sealed(plugin, bytes).map(Some).map_err(io::Error::other)
        });
        match found {
            Ok(code) => code,
            Err(error) => {
                tracing::warn!(file = name, %error, "a compiled plugin was not as it was kept: it is compiled again");
                self.forget(plugin);
                None
            }
        }
    }

    /// Keeps code; one that cannot be kept is compiled again some day.
    pub(super) fn put(&self, plugin: &Version, code: &Code) {
        let name = self.name(plugin);
        if let Err(error) = self.folder.write(&name, &self.seal(plugin, code.bytes())) {
            tracing::warn!(file = name, %error, "a compiled plugin cannot be kept: it is compiled at the next start");
        }
        if let Err(error) = self.folder.prune(UNUSED, MOST, KEY) {
            tracing::warn!(%error, "old compiled plugins cannot be removed");
        }
    }

    /// Removes what is kept of a plugin.
    pub(super) fn forget(&self, plugin: &Version) {
        let name = self.name(plugin);
        if let Err(error) = self.folder.remove(&name) {
            tracing::warn!(file = name, %error, "a compiled plugin cannot be removed");
        }
    }

    fn name(&self, plugin: &Version) -> String {
        format!("{}-{plugin}", hex::encode(self.engine.get(..8).unwrap_or_default()))
    }

    fn seal(&self, plugin: &Version, code: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEAD + code.len());
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&self.engine);
        bytes.extend_from_slice(&digest(plugin));
        let mac = self.mac(&bytes, code).finalize().into_bytes();
        bytes.extend_from_slice(&mac);
        bytes.extend_from_slice(code);
        bytes
    }

    fn open_sealed(&self, plugin: &Version, bytes: Bytes) -> Result<Code, Odd> {
        let (head, code) = bytes.split_at_checked(HEAD).ok_or(Odd::Size)?;
        let (named, mac) = head.split_at(HEAD - DIGEST);
        if !named.starts_with(MAGIC) {
            return Err(Odd::Layout);
        }
        if named.get(MAGIC.len()..) != Some([self.engine, digest(plugin)].concat().as_slice()) {
            return Err(Odd::Other);
        }
        // In constant time.
        self.mac(named, code).verify_slice(mac).map_err(|_| Odd::Mac)?;
        Ok(Code::verified(bytes.slice(HEAD..)))
    }

    fn mac(&self, named: &[u8], code: &[u8]) -> Hmac<Sha256> {
        let mac = Hmac::<Sha256>::new_from_slice(self.key.expose()).expect("HMAC takes keys of any length");
        mac.chain_update(named).chain_update(code)
    }
}

fn digest(plugin: &Version) -> [u8; DIGEST] {
    let mut digest = [0; DIGEST];
    hex::decode_to_slice(&plugin.0, &mut digest).expect("a version is a sha256 in hex");
    digest
}

/// The key of the folder, made where there is none or no whole one: what it signed is compiled again.
fn key(folder: &Folder) -> io::Result<SecretBytes> {
    let whole = |kept: io::Result<Option<Bytes>>| kept.map(|key| key.filter(|key| key.len() == DIGEST));
    match whole(folder.read(KEY, DIGEST as u64)) {
        Ok(Some(key)) => return Ok(SecretBytes::new(key.to_vec())),
        Ok(None) => {}
        Err(error) => tracing::warn!(%error, "the key of the compiled plugins is made anew: all are compiled again"),
    }
    folder.remove(KEY)?;
    let mut key = vec![0; DIGEST];
    getrandom::fill(&mut key).map_err(io::Error::other)?;
    folder.write_new(KEY, &key)?;
    // Of two hosts that start at once, one made it.
    let key = whole(folder.read(KEY, DIGEST as u64))?;
    key.map(|key| SecretBytes::new(key.to_vec())).ok_or_else(|| io::Error::other("it was removed as soon as made"))
}

#[cfg(test)]
mod tests;
