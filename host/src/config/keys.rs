//! `[api.keys.NAME]` and what may be asked with each. A key itself stands nowhere; a fault repeats no hash.

use super::kinds;
use super::read::{Item, Table};
use super::tree::Value;
use crate::api::{Digest, Externals, Key, Rate};
use crate::model::is_external_name;

/// More requests a second than this, no host answers.
const MOST_REQUESTS: u32 = 1_000_000;

/// Every key, in the order of their names; none where a fault leaves a hole.
pub(super) fn read(table: &Table<'_>) -> Option<Vec<Key>> {
    let mut keys: Vec<Key> = Vec::new();
    let mut whole = true;
    for (name, item) in table.named() {
        let Some(key) = key(name, &item) else {
            whole = false;
            continue;
        };
        let shared = |other: &&Key| other.digests.iter().any(|digest| key.digests.contains(digest));
        if let Some(other) = keys.iter().find(shared) {
            item.fault(format!("has the same key as {:?}: who calls with it could not be told", other.name));
            whole = false;
        }
        keys.push(key);
    }
    whole.then_some(keys)
}

fn key(name: &str, item: &Item<'_>) -> Option<Key> {
    if !is_external_name(name) {
        item.fault("is no name for a key: small letters, digits and hyphens, at most 63");
    }
    let table = item.table()?;
    let (digests, externals) = (digests(&table), externals(&table));
    let rate = table.item("rate").map_or(Some(None), |item| rate(&item).map(Some));
    Some(Key { name: name.to_owned(), digests: digests?, externals: externals?, rate: rate? })
}

fn digests(table: &Table<'_>) -> Option<Vec<Digest>> {
    let Some(item) = table.item("sha256") else {
        table.fault("needs sha256 = \"…\", the hash of the key: `provost api-key new NAME` makes both");
        return None;
    };
    each(&item, "must name at least one hash", |item| {
        item.read(|node| {
            let digest = Digest::parse(kinds::text(node)?);
            digest.ok_or_else(|| "must be the sha256 of the key in 64 hexadecimal digits".to_owned())
        })
    })
}

fn externals(table: &Table<'_>) -> Option<Externals> {
    let Some(item) = table.item("externals") else {
        table.fault("needs externals = [\"NAME\", …], those it may be used for; [\"*\"]: all");
        return None;
    };
    if !matches!(item.node.value, Value::List(_)) {
        item.fault("must be a list of externals, or [\"*\"] for all");
        return None;
    }
    let names = each(&item, "must name at least one external, or \"*\" for all", |item| {
        item.read(|node| match kinds::text(node)? {
            name if name == "*" || is_external_name(name) => Ok(name.to_owned()),
            _ => Err("must be an external's name, or \"*\" for all".to_owned()),
        })
    })?;
    match names.iter().any(|name| name == "*") {
        true if names.len() > 1 => {
            item.fault("must be [\"*\"] alone, or names alone");
            None
        }
        true => Some(Externals::Every),
        false => Some(Externals::Only(names.into_iter().collect())),
    }
}

/// One value, or a list of them with at least one; none where any of them is a fault.
fn each<T>(item: &Item<'_>, empty: &str, read: impl Fn(&Item<'_>) -> Option<T>) -> Option<Vec<T>> {
    match &item.node.value {
        Value::List(list) if list.is_empty() => {
            item.fault(empty);
            None
        }
        Value::List(_) => {
            let read: Vec<_> = item.list()?.iter().map(read).collect();
            read.into_iter().collect()
        }
        _ => Some(vec![read(item)?]),
    }
}

/// `{ per_second = …, burst = … }`; without a burst, a second's requests may come at once.
pub(super) fn rate(item: &Item<'_>) -> Option<Rate> {
    let table = item.table()?;
    let read = |key| table.read(key, |node| kinds::count_u32(node, 1..=MOST_REQUESTS));
    if table.item("per_second").is_none() {
        table.fault("needs per_second: { per_second = …, burst = … }");
    }
    let burst = table.item("burst").map_or(Some(None), |_| read("burst").map(Some));
    let per_second = read("per_second")?;
    Some(Rate { per_second, burst: burst?.unwrap_or(per_second) })
}

#[cfg(test)]
mod tests;
