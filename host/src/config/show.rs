//! The settings in force, from the tree that they were read from.

use super::tree::{Node, Value, is_secret};

/// One setting in force.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Its key as TOML writes it: `providers.acme.plugin`.
    pub key: String,
    /// Its value; a secret's is where it is found.
    pub value: toml::Value,
    /// Where the value stands: `provost.toml:3:10`, an environment variable, an option or `default`.
    pub origin: String,
}

/// Every value that is not a table of settings itself, by key.
pub(super) fn settings(tree: &Node) -> Vec<Setting> {
    let mut settings = Vec::new();
    collect(tree, &mut Vec::new(), &mut settings);
    settings
}

fn collect(node: &Node, path: &mut Vec<String>, settings: &mut Vec<Setting>) {
    if let Value::Table(entries) = &node.value
        && !is_secret(path)
        && (!entries.is_empty() || path.is_empty())
    {
        for (key, node) in entries {
            path.push(key.clone());
            collect(node, path, settings);
            path.pop();
        }
        return;
    }
    let key = path.iter().map(|key| written(key)).collect::<Vec<_>>().join(".");
    let value = match path.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["store", "url"] => without_password(value(node)),
        ["api", "keys", _, "sha256"] => shortened(value(node)),
        _ => value(node),
    };
    settings.push(Setting { key, value, origin: node.place.to_string() });
}

/// A hash, of which enough is shown to tell it from others.
fn shortened(hash: toml::Value) -> toml::Value {
    match hash {
        toml::Value::String(text) => text.chars().take(8).chain(['…']).collect::<String>().into(),
        toml::Value::Array(hashes) => toml::Value::Array(hashes.into_iter().map(shortened).collect()),
        other => other,
    }
}

/// A database's URL may have a password in it, before the `@` or behind the `?`.
fn without_password(url: toml::Value) -> toml::Value {
    let parsed = url.as_str().and_then(|text| url::Url::parse(text).ok());
    let Some(mut shown) = parsed.filter(|parsed| parsed.scheme().starts_with("postgres")) else {
        return url;
    };
    let kept: Vec<_> = shown.query_pairs().into_owned().filter(|(key, _)| key != "password").collect();
    let whole = shown.password().is_none() && kept.len() == shown.query_pairs().count();
    if whole {
        return url;
    }
    // What has no host has no user either.
    let _ = shown.set_password(Some("***"));
    shown.set_query(None);
    if !kept.is_empty() {
        shown.query_pairs_mut().extend_pairs(kept);
    }
    shown.to_string().into()
}

/// A key that is bare where TOML allows it, and quoted otherwise.
fn written(key: &str) -> String {
    let bare = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if bare { key.to_owned() } else { toml::Value::from(key).to_string() }
}

fn value(node: &Node) -> toml::Value {
    match &node.value {
        Value::Text(text) => text.as_str().into(),
        Value::Plain(text) => plain(text),
        Value::Integer(integer) => (*integer).into(),
        Value::Boolean(boolean) => (*boolean).into(),
        Value::Other(kind) => (*kind).into(),
        Value::List(nodes) => toml::Value::Array(nodes.iter().map(value).collect()),
        Value::Table(entries) => {
            toml::Value::Table(entries.iter().map(|(key, node)| (key.clone(), value(node))).collect())
        }
    }
}

/// What a text of the environment stands for.
fn plain(text: &str) -> toml::Value {
    match (text.parse::<i64>(), text.parse::<bool>()) {
        (Ok(integer), _) => integer.into(),
        (_, Ok(boolean)) => boolean.into(),
        _ => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_shown_without_its_password() {
        for (written, shown) in [
            ("sqlite:a.db", "sqlite:a.db"),
            ("postgres://me@db/pay", "postgres://me@db/pay"),
            ("postgres://me:hush@db:1/pay?sslmode=disable", "postgres://me:***@db:1/pay?sslmode=disable"),
            ("postgres://me@db/pay?password=hush&sslmode=require", "postgres://me:***@db/pay?sslmode=require"),
        ] {
            assert_eq!(without_password(written.into()).as_str(), Some(shown));
        }
    }
}
