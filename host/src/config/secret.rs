//! Secrets: named in the configuration, found in the environment or in files, never written down and never shown.
//!
//! `{ env = "NAME" }` or `{ file = "PATH" }`; while rotating a list of names, the one to use first:
//! `{ env = ["NEW", "OLD"] }`. A list of such tables is the same.

use super::kinds;
use super::read::{Item, Table};
use super::tree::Value;
use crate::model::SecretBytes;
use crate::store::KEY_BYTES;
use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// The least that Standard Webhooks takes for a key.
const LEAST_SIGNING_KEY: usize = 24;

/// The least that a token of operators has.
const LEAST_TOKEN: usize = 24;

/// The values behind one source, or a list of them.
pub(super) fn values(item: &Item<'_>) -> Vec<SecretBytes> {
    match &item.node.value {
        Value::List(_) => item.list().unwrap_or_default().iter().flat_map(source).collect(),
        _ => source(item),
    }
}

fn source(item: &Item<'_>) -> Vec<SecretBytes> {
    match &item.node.value {
        Value::Table(_) => item.table().map_or_else(Vec::new, |table| values_of(&table)),
        _ => {
            item.fault("a secret is named here, not written: { env = \"NAME\" } or { file = \"PATH\" }");
            Vec::new()
        }
    }
}

/// The values behind `env` or `file` of one table.
pub(super) fn values_of(table: &Table<'_>) -> Vec<SecretBytes> {
    match (table.item("env"), table.item("file")) {
        (Some(names), None) => each(&names, from_environment),
        (None, Some(paths)) => each(&paths, from_file),
        _ => {
            table.fault("needs either env = \"NAME\" or file = \"PATH\"; for several values a list of names or paths");
            Vec::new()
        }
    }
}

fn each(item: &Item<'_>, read: impl Fn(&Item<'_>) -> Option<SecretBytes>) -> Vec<SecretBytes> {
    match &item.node.value {
        Value::List(list) if list.is_empty() => {
            item.fault("must name at least one");
            Vec::new()
        }
        Value::List(_) => item.list().unwrap_or_default().iter().filter_map(read).collect(),
        _ => read(item).into_iter().collect(),
    }
}

fn from_environment(item: &Item<'_>) -> Option<SecretBytes> {
    let name = item.read(kinds::text)?;
    let Some(value) = item.sources().variable(name).filter(|value| !value.is_empty()) else {
        item.fault(format!("the environment variable {name} is not set, or empty"));
        return None;
    };
    let Some(text) = value.to_str() else {
        item.fault(format!("the environment variable {name} is not UTF-8 text"));
        return None;
    };
    Some(SecretBytes::new(text.as_bytes().to_vec()))
}

/// The file's bytes, without the line end that editors leave behind.
pub(super) fn from_file(item: &Item<'_>) -> Option<SecretBytes> {
    let path = item.file_path()?;
    let mut bytes = match (item.sources().read)(&path) {
        Ok(bytes) => bytes,
        Err(error) => {
            item.fault(format!("the file {} cannot be read: {error}", path.display()));
            return None;
        }
    };
    for end in [b'\n', b'\r'] {
        if bytes.last() == Some(&end) {
            bytes.pop();
        }
    }
    if bytes.is_empty() {
        item.fault(format!("the file {} is empty", path.display()));
        return None;
    }
    Some(SecretBytes::new(bytes))
}

/// The keys that callbacks are signed with: `whsec_` and base64, as Standard Webhooks writes them.
pub(super) fn signing_keys(item: &Item<'_>) -> Vec<SecretBytes> {
    let decoded = |value: &SecretBytes| {
        let key = signing_key(value);
        if key.is_none() {
            item.fault(format!("the secret must be whsec_ and the base64 of at least {LEAST_SIGNING_KEY} bytes"));
        }
        key
    };
    values(item).iter().filter_map(decoded).collect()
}

/// What operators show to the admin listener: long enough that nobody guesses it, and fit for a header.
pub(super) fn admin_token(item: &Item<'_>) -> Option<SecretBytes> {
    let mut values = values(item);
    let token = values.pop()?;
    if !values.is_empty() {
        item.fault("must be one token, and not a list");
        return None;
    }
    if token.expose().len() < LEAST_TOKEN || !token.expose().iter().all(u8::is_ascii_graphic) {
        item.fault(format!("the token must have at least {LEAST_TOKEN} visible ASCII characters"));
        return None;
    }
    Some(token)
}

/// The key that the store seals with: the base64 of its bytes. One alone: what it sealed lives for minutes.
pub(super) fn store_key(item: &Item<'_>) -> Option<SecretBytes> {
    let values = values(item);
    let [value] = values.as_slice() else {
        if values.len() > 1 {
            item.fault("must be one: what was encrypted with the key before is needed for ten minutes at most");
        }
        return None;
    };
    let key = base64(value.expose()).filter(|key| key.expose().len() == KEY_BYTES);
    if key.is_none() {
        item.fault(format!("must be the base64 of {KEY_BYTES} bytes"));
    }
    key
}

fn signing_key(value: &SecretBytes) -> Option<SecretBytes> {
    let key = base64(value.expose().strip_prefix(b"whsec_")?)?;
    (key.expose().len() >= LEAST_SIGNING_KEY).then_some(key)
}

fn base64(encoded: &[u8]) -> Option<SecretBytes> {
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    GeneralPurpose::new(&STANDARD, config).decode(encoded).ok().map(SecretBytes::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signing_key_is_what_standard_webhooks_writes() {
        let key = |text: &str| signing_key(&SecretBytes::new(text.as_bytes().to_vec()));
        let bytes = SecretBytes::new(b"0123456789abcdef0123456789abcdef".to_vec());
        assert_eq!(key("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="), Some(bytes.clone()));
        assert_eq!(key("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"), Some(bytes));
        for bad in ["MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", "whsec_", "whsec_c2hvcnQ=", "whsec_***"] {
            assert_eq!(key(bad), None, "{bad}");
        }
    }
}
