//! Secrets: the functions of the contract over the test's [`Vault`](crate::testing::vault::Vault).

use super::world;
use crate::secrets::{Encoding, Error, Hash, Piece, Scheme};

pub(crate) fn placeholder(name: &str, encoding: Encoding) -> Result<String, Error> {
    world::with(|world| world.vault.placeholder(name, encoding))
}

pub(crate) fn basic(user: &Piece, password: &Piece) -> Result<String, Error> {
    world::with(|world| world.vault.basic(user, password))
}

pub(crate) fn hmac(name: &str, hash: Hash, data: &[u8]) -> Result<Vec<u8>, Error> {
    world::with(|world| Ok(world.vault.hmacs(name, hash, data)?.swap_remove(0)))
}

pub(crate) fn digest(hash: Hash, pieces: &[Piece]) -> Result<Vec<u8>, Error> {
    world::with(|world| world.vault.digest(hash, pieces))
}

pub(crate) fn sign(name: &str, _: Scheme, _: &[u8]) -> Result<Vec<u8>, Error> {
    Err(no_key_pairs(name))
}

pub(crate) fn verify_hmac(name: &str, hash: Hash, data: &[u8], code: &[u8]) -> Result<bool, Error> {
    world::with(|world| {
        let right = world.vault.hmacs(name, hash, data)?;
        Ok(right.iter().any(|right| right == code))
    })
}

pub(crate) fn verify_digest(hash: Hash, pieces: &[Piece], code: &[u8]) -> Result<bool, Error> {
    world::with(|world| Ok(world.vault.digest(hash, pieces)? == code))
}

pub(crate) fn verify(name: &str, _: Scheme, _: &[u8], _: &[u8]) -> Result<bool, Error> {
    Err(no_key_pairs(name))
}

fn no_key_pairs(name: &str) -> Error {
    Error::WrongKind(format!("`{name}`: the fake host knows no signatures with key pairs"))
}

pub(crate) fn matches(name: &str, candidate: &[u8]) -> Result<bool, Error> {
    world::with(|world| {
        let values = world.vault.values(name)?;
        Ok(values.iter().any(|value| value == candidate))
    })
}
