//! `config.default.toml` against the reader and against what the modules have built in.

use super::tests::{WRITTEN_KEY, sources};
use super::*;
use crate::capabilities::Limits;
use std::collections::BTreeSet;

#[test]
fn the_default_file_says_what_the_modules_have_built_in() {
    let config = Config::load(&sources("", &[])).unwrap().config;
    assert_eq!(config.registry.limits, Limits::default());
    assert_eq!(config.callbacks, outbox::Settings::default());
    assert_eq!(config.operations, operations::Settings::default());
    assert_eq!(config.runtime, runtime::Settings::default());
    assert_eq!(config.registry.providers, []);
    let acme = Config::load(&sources("[providers.acme]", &[])).unwrap().config.registry.providers.remove(0);
    assert_eq!(acme, crate::capabilities::Provider::unconfigured("acme", Limits::default()));
    assert_eq!(config.log, telemetry::Settings { level: "info".to_owned(), format: None });
    assert_eq!(config.shutdown, api::Shutdown::default());
    assert_eq!(config.admin, api::admin::Settings { listen: ([127, 0, 0, 1], 0).into(), token: None });
    assert_eq!(
        config.api,
        api::Settings {
            listen: ([127, 0, 0, 1], 8080).into(),
            public_url: None,
            body_limit: 1 << 20,
            require_idempotency_key: false,
            threads: 0
        }
    );
}

/// The default file with the keys that it only shows.
fn whole_default_file() -> String {
    let shown = |line: &str| match line.strip_prefix('#') {
        Some(rest) if !rest.starts_with(' ') || rest.starts_with("  ") => rest.to_owned(),
        _ => line.to_owned(),
    };
    DEFAULTS.lines().map(shown).collect::<Vec<_>>().join("\n")
}

/// Keys by what they mean: names that operators give, and places that share their keys, fall together.
fn meaning(path: &[String]) -> String {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let at = |at: &str| if at.bytes().all(|byte| byte.is_ascii_digit()) { "*".to_owned() } else { at.to_owned() };
    match path[..] {
        ["providers", _, "limits", key] => format!("plugins.limits.{key}"),
        ["providers", _, "egress", key] => format!("plugins.egress.{key}"),
        ["providers", _, "recovery", "unknown" | "pending", _] | ["recovery", "unknown" | "pending", _] => {
            "recovery.gap".to_owned()
        }
        ["providers", _, "recovery", key] => format!("recovery.{key}"),
        ["providers", _, "secrets", _, key]
        | ["callbacks", "secret", key]
        | ["store", "key", key]
        | ["admin", "token", key] => {
            format!("secret.{key}")
        }
        ["providers", _, "callbacks", "secret", key] => format!("secret.{key}"),
        ["providers", _, "settings", _] => "providers.NAME.settings".to_owned(),
        ["providers", _, ref rest @ ..] => {
            let rest: Vec<String> = rest.iter().map(|part| at(part)).collect();
            format!("providers.NAME.{}", rest.join("."))
        }
        _ => path.join("."),
    }
}

#[test]
fn every_key_is_in_the_default_file_and_every_key_there_is_read() {
    let environment = [
        ("ACME_KEY", "k"),
        ("ADMIN_TOKEN", WRITTEN_KEY),
        ("STORE_KEY", &WRITTEN_KEY["whsec_".len()..]),
        ("CALLBACK_SECRET", WRITTEN_KEY),
        ("OTHER_CALLBACK_SECRET", WRITTEN_KEY),
    ];
    let sources = sources("", &environment);
    let file = SourceFile { path: "config.default.toml".into(), text: whole_default_file() };
    let tree = file::parse(&Arc::new(file)).unwrap();
    let reading = Reading::new(&sources, "/etc/provost".into());
    assert!(tables::config(&reading.root(&tree)).is_some());

    let mut written = BTreeSet::new();
    collect(&tree, &mut Vec::new(), &mut written);
    let asked: BTreeSet<String> = reading.asked().iter().map(|path| meaning(path)).collect();
    assert_eq!(asked.difference(&written).collect::<Vec<_>>(), Vec::<&String>::new(), "read and not documented");
    assert_eq!(reading.finish(&tree), [], "documented and not read");
}

fn collect(node: &Node, path: &mut Vec<String>, keys: &mut BTreeSet<String>) {
    keys.insert(meaning(path));
    let below: Vec<(String, &Node)> = match &node.value {
        Value::Table(entries) => entries.iter().map(|(key, node)| (key.clone(), node)).collect(),
        Value::List(nodes) => nodes.iter().enumerate().map(|(at, node)| (at.to_string(), node)).collect(),
        _ => Vec::new(),
    };
    for (key, node) in below {
        path.push(key);
        collect(node, path, keys);
        path.pop();
    }
}
