//! One `[providers.NAME]` table, and the limits of a call.

use super::kinds::{self, Read};
use super::read::{Item, Table};
use super::recovery;
use super::secret;
use super::tables::Callbacks;
use super::tree::{Node, Value};
use crate::capabilities::{Limits, Provider, Secret};
use crate::egress::{self, Grant, Origin};
use crate::model::is_external_name;
use crate::operations::Recovery;
use crate::outbox::Target;
use std::collections::BTreeMap;
use std::time::Duration;
use url::Url;

/// What one table says.
pub(super) struct Provided {
    /// The provider itself.
    pub(super) provider: Provider,
    /// Where its callbacks go, where that differs.
    pub(super) target: Option<Target>,
    /// When it is asked about what is open.
    pub(super) recovery: Recovery,
}

/// Reads the provider `name`; what it leaves open, `limits`, `egress`, `recovery` and `callbacks` of all providers say.
pub(super) fn read(
    name: &str,
    item: &Item<'_>,
    limits: &Limits,
    egress: &egress::Settings,
    recovery: &Recovery,
    callbacks: Option<&Callbacks>,
) -> Option<Provided> {
    if !is_external_name(name) {
        item.fault(
            "is no name for an external: small letters, digits and hyphens, at most 63, a letter or digit first, \
             and none of the interface's own words",
        );
    }
    let table = item.table()?;
    let plugin = table.read("plugin", plugin_file);
    let grants = table.list("allow", grant).unwrap_or_default();
    let settings = table.table("settings").named().into_iter();
    let settings = settings.filter_map(|(key, item)| Some((key.to_owned(), item.read(setting)?))).collect();
    let secrets = secrets(&table.table("secrets"), &grants);
    let egress = super::egress::read(&table.table("egress"), egress);
    let provider = Provider {
        external: name.to_owned(),
        plugin: plugin.unwrap_or_else(|| format!("{name}.wasm")),
        grants,
        egress: egress::Settings { tls: table.item("tls").and_then(|item| super::egress::tls(&item)), ..egress },
        settings,
        secrets,
        limits: self::limits(&table.table("limits"), limits),
        business_key: table.read("business_key", kinds::boolean).unwrap_or(true),
    };
    let recovery = recovery::read(&table.table("recovery"), recovery);
    Some(Provided { provider, target: target(&table.table("callbacks"), callbacks), recovery })
}

/// A file directly in the plugin folder: a path would lead out of it.
fn plugin_file(node: &Node) -> Read<String> {
    let name = kinds::text(node)?;
    let plain = !name.contains(['/', '\\']) && !name.starts_with('.') && name.ends_with(".wasm");
    plain.then(|| name.to_owned()).ok_or_else(|| "must be a file's name in the plugin folder: \"NAME.wasm\"".to_owned())
}

/// `"https://api.example.com"`, or a table that also says which methods and paths, and whether its address is private.
fn grant(item: &Item<'_>) -> Option<Grant> {
    if let Value::Text(_) = item.node.value {
        return Some(Grant::to(item.read(origin)?));
    }
    let table = item.table()?;
    if table.item("origin").is_none() {
        table.fault("needs an origin: { origin = \"https://api.example.com\", … }");
    }
    let origin = table.read("origin", origin);
    let methods = table.list("methods", |item| item.read(method)).unwrap_or_default();
    let paths = table.list("paths", |item| item.read(path_prefix)).unwrap_or_default();
    let private = table.read("private", kinds::boolean).unwrap_or(false);
    Some(Grant { origin: origin?, methods, paths, private })
}

fn origin(node: &Node) -> Read<Origin> {
    let text = kinds::text(node)?;
    Origin::parse(text).map_err(|error| format!("{text:?} {error}"))
}

fn method(node: &Node) -> Read<String> {
    let text = kinds::text(node)?;
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_uppercase());
    plain.then(|| text.to_owned()).ok_or_else(|| format!("must be a method in upper case, and is {text:?}"))
}

fn path_prefix(node: &Node) -> Read<String> {
    let text = kinds::text(node)?;
    text.starts_with('/').then(|| text.to_owned()).ok_or_else(|| format!("must begin with /, and is {text:?}"))
}

/// Settings are texts for the plugin; numbers and booleans are written as TOML writes them.
fn setting(node: &Node) -> Read<String> {
    match &node.value {
        Value::Text(text) | Value::Plain(text) => Ok(text.clone()),
        Value::Integer(integer) => Ok(integer.to_string()),
        Value::Boolean(boolean) => Ok(boolean.to_string()),
        _ => Err(kinds::instead_of("a text, a whole number, true or false", node)),
    }
}

fn secrets(table: &Table<'_>, grants: &[Grant]) -> BTreeMap<String, Secret> {
    let read = |(name, item): (&str, Item<'_>)| Some((name.to_owned(), one_secret(&item, grants)?));
    table.named().into_iter().filter_map(read).collect()
}

fn one_secret(item: &Item<'_>, grants: &[Grant]) -> Option<Secret> {
    let Value::Table(_) = item.node.value else {
        item.fault("must say where the secret is: { env = \"NAME\", origins = [\"https://…\"] }; several: env = [\"NEW\", \"OLD\"]");
        return None;
    };
    let table = item.table()?;
    let values = secret::values_of(&table);
    let origins = table.list("origins", |item| item.read(|node| granted(node, grants))).unwrap_or_default();
    Some(Secret { values, origins })
}

/// A secret is only ever sent where requests may go: anything else is a slip that shows as a refused payment later.
fn granted(node: &Node, grants: &[Grant]) -> Read<Origin> {
    let origin = origin(node)?;
    let url = Url::parse(kinds::text(node)?).ok();
    let covers = |grant: &Grant| grant.origin == origin || url.as_ref().is_some_and(|url| grant.origin.covers(url));
    match grants.iter().any(covers) {
        true => Ok(origin),
        false => Err(format!("{origin} is not in this provider's allow, so the secret could never be sent there")),
    }
}

/// A provider's own endpoint; what it does not say, `[callbacks]` says.
fn target(table: &Table<'_>, callbacks: Option<&Callbacks>) -> Option<Target> {
    let url = table.read("url", kinds::url);
    let secret = table.item("secret");
    let secrets = secret.as_ref().map(secret::signing_keys);
    let general = callbacks?;
    if url.is_none() && secrets.is_none() {
        return None;
    }
    let url = url.or_else(|| Some(general.settings.target.as_ref()?.url.clone()));
    if let (None, Some(secret)) = (&url, secret) {
        secret.fault("has no url to go with, neither here nor in callbacks");
    }
    Some(Target { url: url?, secrets: secrets.unwrap_or_else(|| general.secrets.clone()) })
}

/// The limits that `table` says, the others as in `base`.
pub(super) fn limits(table: &Table<'_>, base: &Limits) -> Limits {
    const KIB: u64 = 1 << 10;
    const GIB: u64 = 1 << 30;
    // A component has 32-bit addresses, and its memory comes in pages of 64 KiB.
    let memory = |key, base| table.read(key, |node| kinds::size(node, 64 * KIB..=4 * GIB)).unwrap_or(base);
    let size = |key, base| table.read(key, |node| kinds::size(node, 0..=GIB)).unwrap_or(base);
    let time = |key| table.read(key, |node| kinds::at_least(node, Duration::from_millis(1)));
    let count = |key, least, base| table.read(key, |node| kinds::count_u32(node, least..=1_000_000)).unwrap_or(base);
    let deadline = time("deadline").unwrap_or(base.deadline);
    let request_deadline = time("request_deadline").unwrap_or_else(|| in_proportion(deadline, base));
    if request_deadline >= deadline {
        table.fault("request_deadline must be shorter than deadline, so that the plugin can still answer");
    }
    Limits {
        memory: memory("memory", base.memory),
        cpu: time("cpu").unwrap_or(base.cpu),
        deadline,
        request_deadline,
        requests: count("requests", 0, base.requests),
        request_body: size("request_body", base.request_body),
        response_body: size("response_body", base.response_body),
        response_headers: size("response_headers", base.response_headers),
        callbacks: count("callbacks", 0, base.callbacks),
        log: size("log", base.log),
        value: size("value", base.value),
        host_bytes: size("host_bytes", base.host_bytes),
        handles: count("handles", 1, base.handles),
        state_value: size("state_value", base.state_value),
        state_keys: table.read("state_keys", |node| kinds::count(node, 0..=1_000_000_000)).unwrap_or(base.state_keys),
        concurrent_calls: count("concurrent_calls", 1, base.concurrent_calls),
    }
}

/// Where only the deadline is said, requests end as much earlier as they do in `base`.
fn in_proportion(deadline: Duration, base: &Limits) -> Duration {
    let milliseconds = deadline.as_millis() * base.request_deadline.as_millis() / base.deadline.as_millis().max(1);
    Duration::from_millis(u64::try_from(milliseconds).unwrap_or(u64::MAX))
}
