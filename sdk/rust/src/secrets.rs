//! Secrets that a plugin can use and not read: the host puts them into requests as they leave, and
//! signs and verifies with them.

pub use crate::bindings::provost::provider::secrets::{Encoding, Error, Hash, Piece, Scheme};
use crate::host::secrets;

/// Text that stands for the secret in a request's URL, header or body; replaced as it leaves, and
/// only toward the origins that the operator bound the secret to.
pub fn placeholder(name: &str) -> Result<String, Error> {
    secrets::placeholder(name, Encoding::Raw)
}

/// The same, spelled as the place needs where it is put.
pub fn placeholder_as(name: &str, encoding: Encoding) -> Result<String, Error> {
    secrets::placeholder(name, encoding)
}

/// Text that stands for basic authentication: the base64 of user, colon, password.
pub fn basic(user: Piece, password: Piece) -> Result<String, Error> {
    secrets::basic(&user, &password)
}

/// The HMAC of some data under a secret.
pub fn hmac(name: &str, hash: Hash, data: &[u8]) -> Result<Vec<u8>, Error> {
    secrets::hmac(name, hash, data)
}

/// The hash of data and secrets in a row, for providers that sign so.
pub fn digest(hash: Hash, pieces: &[Piece]) -> Result<Vec<u8>, Error> {
    secrets::digest(hash, pieces)
}

/// A signature with a private key.
pub fn sign(name: &str, scheme: Scheme, data: &[u8]) -> Result<Vec<u8>, Error> {
    secrets::sign(name, scheme, data)
}

/// Whether an HMAC is right, under any current value of the secret.
pub fn verify_hmac(name: &str, hash: Hash, data: &[u8], code: &[u8]) -> Result<bool, Error> {
    secrets::verify_hmac(name, hash, data, code)
}

/// The same for an HMAC in hexadecimal; text that is none is a wrong one.
pub fn verify_hmac_hex(name: &str, hash: Hash, data: &[u8], code: &str) -> Result<bool, Error> {
    match from_hex(code) {
        Some(code) => verify_hmac(name, hash, data, &code),
        None => Ok(false),
    }
}

/// Whether a digest is right, with any current value of the secrets in it.
pub fn verify_digest(hash: Hash, pieces: &[Piece], code: &[u8]) -> Result<bool, Error> {
    secrets::verify_digest(hash, pieces, code)
}

/// Whether a signature is right, by any current value of the public key.
pub fn verify(name: &str, scheme: Scheme, data: &[u8], signature: &[u8]) -> Result<bool, Error> {
    secrets::verify(name, scheme, data, signature)
}

/// Whether this is the secret itself: for providers that send it along.
pub fn matches(name: &str, candidate: &[u8]) -> Result<bool, Error> {
    secrets::matches(name, candidate)
}

impl Error {
    pub(crate) fn reason(&self) -> String {
        match self {
            Self::Denied(why) => format!("the secret was denied: {why}"),
            Self::WrongKind(why) => format!("the secret is of the wrong kind: {why}"),
        }
    }
}

impl Piece {
    /// Text or bytes that are no secret.
    pub fn plain(data: impl Into<Vec<u8>>) -> Self {
        Self::Plain(data.into())
    }

    /// A secret, by its name.
    pub fn secret(name: impl Into<String>) -> Self {
        Self::Secret(name.into())
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.chars().map(|c| c.to_digit(16).map(|digit| digit as u8)).collect::<Option<_>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_is_read_in_either_case_and_nothing_else_is() {
        assert_eq!(from_hex("00fF"), Some(vec![0, 255]));
        assert_eq!(from_hex(""), Some(vec![]));
        assert_eq!(from_hex("0"), None);
        assert_eq!(from_hex("0g"), None);
        assert_eq!(from_hex("+1"), None);
    }
}
