//! What each table of the configuration says, in the order of `config.default.toml`. The providers have their own file.

use super::Config;
use super::kinds::{self, Read};
use super::provider::{self, Provided};
use super::read::{Item, Table};
use super::recovery;
use super::secret;
use crate::capabilities::Limits;
use crate::{api, egress, operations, outbox, registry, runtime, store, telemetry};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);
/// More connections than this, no server has room for.
const MOST_CONNECTIONS: u64 = 1_000;

/// More threads than this are a slip of the pen.
const MOST_THREADS: u64 = 1024;

/// The whole configuration; none where a fault was noted that leaves a hole in it.
pub(super) fn config(root: &Item<'_>) -> Option<Config> {
    let root = root.table()?;
    let api = api(&root.table("api"));
    let admin = admin(&root.table("admin"));
    let shutdown = shutdown(&root.table("shutdown"));
    let log = log(&root.table("log"));
    let store = store(&root.table("store"));
    let plugins = root.table("plugins");
    let dir = plugins.item("dir").and_then(|item| item.file_path());
    let limits = provider::limits(&plugins.table("limits"), &Limits::default());
    let egress = super::egress::read(&plugins.table("egress"), &egress::Settings::default());
    let callbacks = callbacks(&root.table("callbacks"));
    let operations = operations(&root.table("operations"));
    let recovery = recovery::read(&root.table("recovery"), &operations::Recovery::default());
    let runtime = root.table("runtime").read("concurrent_calls", |node| kinds::count_u32(node, 1..=10_000));
    let provided: Vec<Provided> = root
        .table("providers")
        .named()
        .iter()
        .filter_map(|(name, item)| provider::read(name, item, &limits, &egress, &recovery, callbacks.as_ref()))
        .collect();

    let mut callbacks = callbacks?.settings;
    callbacks.targets = targets(&provided);
    let recoveries = recoveries(&provided, &recovery);
    let operations = operations::Settings { recovery, recoveries, ..operations? };
    let providers: Vec<_> = provided.into_iter().map(|provided| provided.provider).collect();
    let memories = providers.iter().map(|provider| provider.limits.memory);
    let runtime =
        runtime::Settings { concurrent_calls: runtime?, largest_memory: memories.fold(limits.memory, u64::max) };
    let registry = registry::Settings { dir: dir?, providers, limits };
    Some(Config {
        api: api?,
        admin: admin?,
        shutdown: shutdown?,
        log: log?,
        store: store?,
        runtime,
        registry,
        callbacks,
        operations,
    })
}

fn api(table: &Table<'_>) -> Option<api::Settings> {
    let listen = table.read("listen", kinds::address);
    let public_url = table.read("public_url", kinds::url);
    let body_limit = table.read("body_limit", |node| kinds::size(node, 1 << 10..=1 << 30));
    let require_idempotency_key = table.read("require_idempotency_key", kinds::boolean);
    let threads = table.read("threads", |node| kinds::count(node, 0..=MOST_THREADS));
    Some(api::Settings {
        listen: listen?,
        public_url,
        body_limit: usize::try_from(body_limit?).ok()?,
        require_idempotency_key: require_idempotency_key?,
        threads: usize::try_from(threads?).ok()?,
    })
}

fn admin(table: &Table<'_>) -> Option<api::admin::Settings> {
    let listen = table.read("listen", kinds::address);
    let token = table.item("token").map(|item| secret::admin_token(&item));
    let token = match token {
        Some(token) => Some(token?),
        None => None,
    };
    Some(api::admin::Settings { listen: listen?, token })
}

fn shutdown(table: &Table<'_>) -> Option<api::Shutdown> {
    let keep_listening = table.read("keep_listening", kinds::duration);
    let drain = table.read("drain", kinds::duration);
    Some(api::Shutdown { keep_listening: keep_listening?, drain: drain? })
}

fn log(table: &Table<'_>) -> Option<telemetry::Settings> {
    let level = table.read("level", |node| {
        let level = kinds::text(node)?;
        telemetry::filter(level).map(|_| level.to_owned()).map_err(|error| error.to_string())
    });
    let format = table.read("format", |node| match kinds::text(node)? {
        "text" => Ok(telemetry::Format::Text),
        "json" => Ok(telemetry::Format::Json),
        other => Err(format!("must be \"text\" or \"json\", and is {other:?}")),
    });
    Some(telemetry::Settings { level: level?, format })
}

fn store(table: &Table<'_>) -> Option<store::Settings> {
    let item = table.item("url")?;
    let connections = table.read("connections", |node| kinds::count(node, 1..=MOST_CONNECTIONS));
    let place = item.read(|node| place(kinds::text(node)?));
    let key = table.item("key").map(|item| secret::store_key(&item));
    let key = key.map_or(Some(None), |key| key.map(Some))?;
    let place = match place? {
        store::Place::File(path) => store::Place::File(item.located(&path)),
        server => server,
    };
    Some(store::Settings { place, connections: usize::try_from(connections?).ok()?, key })
}

/// The text is not repeated: a database's URL may have a password in it.
fn place(url: &str) -> Read<store::Place> {
    if url.starts_with("postgres:") || url.starts_with("postgresql:") {
        return store::Address::parse(url).map(store::Place::Server);
    }
    let path = url.strip_prefix("sqlite:").map(|path| path.strip_prefix("//").unwrap_or(path));
    match path {
        Some("") | None => Err("must be \"sqlite:PATH\" or \"postgres://…\"".to_owned()),
        Some(":memory:") => Err("must be a file: payments have to outlive the process".to_owned()),
        Some(path) => Ok(store::Place::File(PathBuf::from(path))),
    }
}

fn operations(table: &Table<'_>) -> Option<operations::Settings> {
    let read = |key, least: Duration| table.read(key, |node| kinds::at_least(node, least));
    let keys_live = read("keys_live", DAY);
    let share_wait = read("share_wait", Duration::ZERO);
    let lease_margin = read("lease_margin", Duration::from_secs(1));
    let refund_repeat_window = read("refund_repeat_window", Duration::ZERO);
    let ask_gap = read("ask_gap", Duration::ZERO);
    let events_live = read("events_live", DAY);
    let parked = read("parked", Duration::ZERO);
    Some(operations::Settings {
        keys_live: keys_live?,
        share_wait: share_wait?,
        lease_margin: lease_margin?,
        refund_repeat_window: refund_repeat_window?,
        ask_gap: ask_gap?,
        events_live: events_live?,
        parked: parked?,
        ..operations::Settings::default()
    })
}

/// `[callbacks]`, and the keys that providers with another URL sign with too.
pub(super) struct Callbacks {
    /// The settings, without what providers say.
    pub(super) settings: outbox::Settings,
    /// The keys, whether or not there is a URL here.
    pub(super) secrets: Vec<crate::model::SecretBytes>,
}

fn callbacks(table: &Table<'_>) -> Option<Callbacks> {
    let url = table.read("url", kinds::url);
    let secrets = table.item("secret").map_or_else(Vec::new, |item| secret::signing_keys(&item));
    let schedule = table.list("schedule", |item| item.read(kinds::duration));
    let timeout = table.read("timeout", |node| kinds::at_least(node, Duration::from_millis(1)));
    let kept = table.read("kept", |node| kinds::at_least(node, DAY));
    let schedule = schedule?;
    if schedule.is_empty() {
        table.item("schedule")?.fault("must have at least one entry: the gap before the first attempt");
    }
    let target = url.map(|url| outbox::Target { url, secrets: secrets.clone() });
    let settings = outbox::Settings { target, targets: BTreeMap::new(), schedule, timeout: timeout?, kept: kept? };
    Some(Callbacks { settings, secrets })
}

fn recoveries(provided: &[Provided], general: &operations::Recovery) -> BTreeMap<String, operations::Recovery> {
    let own = provided.iter().filter(|provided| provided.recovery != *general);
    own.map(|provided| (provided.provider.external.clone(), provided.recovery.clone())).collect()
}

fn targets(provided: &[Provided]) -> BTreeMap<String, outbox::Target> {
    let target = |provided: &Provided| Some((provided.provider.external.clone(), provided.target.clone()?));
    provided.iter().filter_map(target).collect()
}
