//! Environment variables into the tree: `PROVOST_API__LISTEN`, and the names that the Payment Gateway Manager has.

use super::place::{Fault, Place};
use super::tree::{Node, Value};
use crate::crash::Point;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::net::SocketAddr;

/// What our own variables begin with.
const PREFIX: &str = "PROVOST_";

/// Kills the host on purpose, at `NAME` or `NAME:NTH`: for tests of what a crash leaves behind. No setting, because
/// nobody is to find it in a file.
const CRASH_POINT: &str = "PROVOST_CRASH_POINT";

/// The environment, by name.
pub(super) type Environment = BTreeMap<String, OsString>;

/// What `PROVOST_…` variables say. An empty one says nothing; of two that name the same, the longer name wins.
pub(super) fn own(environment: &Environment, faults: &mut Vec<Fault>) -> Node {
    let mut layer = Node::empty();
    for (name, value) in environment {
        let Some(rest) = name.strip_prefix(PREFIX) else { continue };
        if value.is_empty() || name == CRASH_POINT || is_service_link(rest) {
            continue;
        }
        match text(name, value) {
            Ok(text) => layer.merge(Node::new(json_or_plain(name, text), variable(name)).under(&path(rest))),
            Err(fault) => faults.push(fault),
        }
    }
    layer
}

/// Where the host is to be killed, if anywhere.
pub(super) fn crash_point(environment: &Environment, faults: &mut Vec<Fault>) -> Option<Point> {
    let value = environment.get(CRASH_POINT).filter(|value| !value.is_empty())?;
    let read = |text| Point::parse(text).ok_or_else(|| fault(CRASH_POINT, "must be NAME or NAME:NTH"));
    text(CRASH_POINT, value).and_then(read).map_err(|fault| faults.push(fault)).ok()
}

/// What the Payment Gateway Manager's variables say. Its port replaces that of `listen`, whose host stays: whoever
/// wants more than loopback says so.
pub(super) fn payment_gateway_manager(
    environment: &Environment,
    listen: Option<&str>,
    faults: &mut Vec<Fault>,
) -> Node {
    let mut layer = Node::empty();
    let mut set = |name: &str, key: [&str; 2], read: &dyn Fn(&str) -> Result<String, String>| {
        let Some(value) = environment.get(name).filter(|value| !value.is_empty()) else { return };
        let read = text(name, value).and_then(|text| read(text).map_err(|message| fault(name, message)));
        match read {
            Ok(text) => layer.merge(Node::new(Value::Plain(text), variable(name)).under(&key.map(str::to_owned))),
            Err(fault) => faults.push(fault),
        }
    };
    set("PAYMENT_CALLBACK_URL", ["callbacks", "url"], &|text| Ok(text.to_owned()));
    set("LOG_LEVEL", ["log", "level"], &|text| Ok(text.to_owned()));
    set("HTTP_PORT", ["api", "listen"], &|text| at_port(listen, text));
    layer
}

fn at_port(listen: Option<&str>, text: &str) -> Result<String, String> {
    let port = text.parse().map_err(|_| format!("must be a port from 0 to 65535, and is {text:?}"))?;
    let mut address: SocketAddr = listen.and_then(|listen| listen.parse().ok()).unwrap_or(([127, 0, 0, 1], 0).into());
    address.set_port(port);
    Ok(address.to_string())
}

/// `PROVIDERS__MOBILE_PAY__PLUGIN` is `providers.mobile-pay.plugin`: names of externals and of keys have no `_`.
fn path(rest: &str) -> Vec<String> {
    let mut path: Vec<String> = rest.split("__").map(str::to_lowercase).collect();
    match &mut path[..] {
        [table, name, ..] if table == "providers" => *name = name.replace('_', "-"),
        [table, keys, name, ..] if table == "api" && keys == "keys" => *name = name.replace('_', "-"),
        _ => {}
    }
    path
}

/// Lists and tables are JSON. What only looks like it stays text: `[::1]:8080` is an address.
fn json_or_plain(name: &str, text: &str) -> Value {
    if !text.trim_start().starts_with(['{', '[']) {
        return Value::Plain(text.to_owned());
    }
    serde_json::from_str(text).map_or_else(|_| Value::Plain(text.to_owned()), |json| from_json(name, json))
}

fn from_json(name: &str, json: serde_json::Value) -> Value {
    let node = |json| Node::new(from_json(name, json), variable(name));
    match json {
        serde_json::Value::String(text) => Value::Text(text),
        serde_json::Value::Bool(boolean) => Value::Boolean(boolean),
        serde_json::Value::Number(number) => {
            number.as_i64().map_or(Value::Other("a number with a fraction, or too large"), Value::Integer)
        }
        serde_json::Value::Null => Value::Other("null"),
        serde_json::Value::Array(list) => Value::List(list.into_iter().map(node).collect()),
        serde_json::Value::Object(table) => {
            Value::Table(table.into_iter().map(|(key, json)| (key, node(json))).collect())
        }
    }
}

/// Kubernetes and Docker describe a neighbour called `provost` in variables that look like ours:
/// `PROVOST_SERVICE_HOST`, `PROVOST_PORT`, `PROVOST_PORT_8080_TCP_ADDR`.
fn is_service_link(rest: &str) -> bool {
    let link = format!("_{rest}");
    let numbered = |(_, after): (&str, &str)| after.starts_with(|first: char| first.is_ascii_digit());
    !rest.contains("__")
        && (link.ends_with("_PORT")
            || link.contains("_SERVICE_HOST")
            || link.contains("_SERVICE_PORT")
            || link.split_once("_PORT_").is_some_and(numbered))
}

fn text<'v>(name: &str, value: &'v OsStr) -> Result<&'v str, Fault> {
    value.to_str().ok_or_else(|| fault(name, "is not UTF-8 text"))
}

fn variable(name: &str) -> Place {
    Place::Variable(name.to_owned())
}

fn fault(name: &str, message: impl Into<String>) -> Fault {
    Fault::new(variable(name), "", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_names_its_key() {
        assert_eq!(path("API__PUBLIC_URL"), ["api", "public_url"]);
        assert_eq!(path("API__KEYS__WEB_SHOP__SHA256"), ["api", "keys", "web-shop", "sha256"]);
        assert_eq!(path("PROVIDERS__MOBILE_PAY__SECRETS__API_KEY"), ["providers", "mobile-pay", "secrets", "api_key"]);
    }

    #[test]
    fn a_neighbour_called_provost_is_no_setting() {
        for link in [
            "PORT",
            "SERVICE_HOST",
            "SERVICE_PORT",
            "SERVICE_PORT_HTTP",
            "PORT_8080_TCP",
            "PORT_8080_TCP_ADDR",
            "API_SERVICE_HOST",
        ] {
            assert!(is_service_link(link), "{link}");
        }
        for own in ["API", "API__LISTEN", "API_LISTEN", "PROVIDERS__PORT", "PROVIDERS__A__SETTINGS__SERVICE_PORT"] {
            assert!(!is_service_link(own), "{own}");
        }
    }

    #[test]
    fn the_port_of_pgm_keeps_the_host_of_ours() {
        assert_eq!(at_port(Some("0.0.0.0:8080"), "3000"), Ok("0.0.0.0:3000".to_owned()));
        assert_eq!(at_port(Some("[::1]:8080"), "3000"), Ok("[::1]:3000".to_owned()));
        assert!(at_port(Some("0.0.0.0:8080"), "http").is_err());
    }
}
