//! The whole way from sources to settings. Nothing here touches the real environment or a real file.

use super::*;
use crate::capabilities::{Limits, Secret};
use crate::egress::certificates::PAPERS;
use crate::egress::{self, Grant, Origin};
use crate::model::SecretBytes;
use std::collections::BTreeMap;
use std::time::Duration;

/// `whsec_` and the base64 of this.
const KEY: &[u8] = b"0123456789abcdef0123456789abcdef";
pub(super) const WRITTEN_KEY: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

pub(super) fn sources(file: &str, environment: &[(&str, &str)]) -> Sources {
    let files = BTreeMap::from([
        (PathBuf::from("/etc/provost/provost.toml"), file.to_owned()),
        (PathBuf::from("/etc/provost/key"), "from the file\r\n".to_owned()),
        (PathBuf::from("/etc/provost/empty"), "\n".to_owned()),
        (PathBuf::from("/etc/provost/acme-webhook.key"), "k".to_owned()),
        (PathBuf::from("/etc/provost/acme-ca.pem"), PAPERS.authority.clone()),
        (PathBuf::from("/etc/provost/us.pem"), PAPERS.client.certificate.clone()),
        (PathBuf::from("/etc/provost/us.key"), PAPERS.client.key.clone()),
    ]);
    Sources {
        file: Some("/etc/provost/provost.toml".into()),
        flags: Vec::new(),
        environment: environment.iter().map(|(name, value)| ((*name).to_owned(), value.into())).collect(),
        read: Box::new(move |path| {
            files.get(path).map(|text| text.clone().into_bytes()).ok_or_else(|| io::ErrorKind::NotFound.into())
        }),
    }
}

fn load(file: &str, environment: &[(&str, &str)]) -> Config {
    Config::load(&sources(file, environment)).unwrap_or_else(|faults| panic!("{faults:#?}")).config
}

/// What is said to be wrong, in lines without the file's folder.
fn faults(file: &str, environment: &[(&str, &str)]) -> Vec<String> {
    let faults = Config::load(&sources(file, environment)).map(|loaded| loaded.config).unwrap_err();
    faults.iter().map(|fault| fault.to_string().replace("/etc/provost/", "")).collect()
}

fn secret(text: &[u8]) -> SecretBytes {
    SecretBytes::new(text.to_vec())
}

#[test]
fn a_provider_is_read_whole() {
    let file = r#"
        [callbacks]
        url = "https://shop.example.com/payments"
        secret = [{ env = "NEW" }, { env = "OLD" }]
        [plugins.limits]
        memory = "32MiB"
        [providers.acme]
        plugin = "shared.wasm"
        business_key = false
        allow = ["https://*.acme.example", { origin = "http://10.0.0.1:8080", private = true, methods = ["POST"], paths = ["/api/"] }]
        settings = { merchant = "m-1", retries = 3, test = true }
        secrets.api_key = { env = ["ACME_NEW", "ACME_OLD"], origins = ["https://api.acme.example"] }
        secrets.webhook = { file = "key" }
        limits = { memory = "128MiB", deadline = "12s" }
        callbacks.url = "http://other.example:3000"
    "#;
    let environment = [("NEW", WRITTEN_KEY), ("OLD", WRITTEN_KEY), ("ACME_NEW", "new"), ("ACME_OLD", "old")];
    let config = load(file, &environment);
    let [acme] = &config.registry.providers[..] else { panic!("one provider") };
    assert_eq!((acme.external.as_str(), acme.plugin.as_str(), acme.business_key), ("acme", "shared.wasm", false));
    let billing = Grant {
        methods: vec!["POST".to_owned()],
        paths: vec!["/api/".to_owned()],
        private: true,
        ..Grant::to(Origin::parse("http://10.0.0.1:8080").unwrap())
    };
    assert_eq!(acme.grants, [Grant::to(Origin::parse("https://*.acme.example").unwrap()), billing]);
    let settings = [("merchant", "m-1"), ("retries", "3"), ("test", "true")];
    assert_eq!(acme.settings, settings.map(|(key, value)| (key.to_owned(), value.to_owned())).into());
    assert_eq!(
        acme.secrets["api_key"],
        Secret {
            values: vec![secret(b"new"), secret(b"old")],
            origins: vec![Origin::parse("https://api.acme.example").unwrap()]
        }
    );
    assert_eq!(acme.secrets["webhook"], Secret { values: vec![secret(b"from the file")], origins: Vec::new() });
    assert_eq!(
        acme.limits,
        Limits {
            memory: 128 << 20,
            deadline: Duration::from_secs(12),
            request_deadline: Duration::from_secs(10),
            ..Limits::default()
        }
    );
    assert_eq!(config.runtime.largest_memory, 128 << 20);
    assert_eq!(config.callbacks.target_of("another").unwrap().secrets, [secret(KEY), secret(KEY)]);
    let own = config.callbacks.target_of("acme").unwrap();
    assert_eq!((own.url.as_str(), own.secrets.len()), ("http://other.example:3000/", 2));
}

#[test]
fn a_flag_wins_over_our_variable_over_pgms_over_the_file_over_the_default() {
    let port = |file, environment: &[_], flags| {
        let loaded = Config::load(&Sources { flags, ..sources(file, environment) }).unwrap();
        loaded.config.api.listen.to_string()
    };
    let file = "api.listen = \"0.0.0.0:1\"";
    let ours = ("PROVOST_API__LISTEN", "0.0.0.0:3");
    let flag = Flag { name: "--listen", key: ["api", "listen"], value: "0.0.0.0:4".to_owned() };
    assert_eq!(port("", &[], vec![]), "127.0.0.1:8080");
    assert_eq!(port(file, &[], vec![]), "0.0.0.0:1");
    assert_eq!(port(file, &[("HTTP_PORT", "2")], vec![]), "0.0.0.0:2");
    assert_eq!(port("", &[("HTTP_PORT", "2")], vec![]), "127.0.0.1:2");
    assert_eq!(port(file, &[("HTTP_PORT", "2"), ours], vec![]), "0.0.0.0:3");
    assert_eq!(port(file, &[("HTTP_PORT", "2"), ours], vec![flag]), "0.0.0.0:4");
}

#[test]
fn every_key_can_be_a_variable() {
    let environment = [
        ("PROVOST_API__THREADS", "2"),
        ("PROVOST_API__REQUIRE_IDEMPOTENCY_KEY", "true"),
        ("PROVOST_API__LISTEN", "[::1]:80"),
        ("PROVOST_API__PUBLIC_URL", ""),
        ("PROVOST_CALLBACKS__SCHEDULE", "[\"1s\"]"),
        ("PROVOST_LOG", "{\"format\": \"json\"}"),
        ("PROVOST_PROVIDERS__MOBILE_PAY__ALLOW", "[\"https://a.example\", {\"origin\": \"https://b.example\"}]"),
        ("PROVOST_PROVIDERS__MOBILE_PAY__SETTINGS__MERCHANT", "7"),
        ("PROVOST_PROVIDERS__MOBILE_PAY__SECRETS__API_KEY", "{\"env\": \"K\"}"),
        ("PROVOST_PROVIDERS__MOBILE_PAY__LIMITS__REQUESTS", "3"),
        ("PROVOST_SERVICE_HOST", "10.0.0.1"),
        ("PAYMENT_CALLBACK_URL", "http://localhost:9000/hook"),
        ("LOG_LEVEL", "silent"),
        ("K", "k"),
    ];
    let file = "[providers.mobile-pay]\nsecrets.api_key = { file = \"key\" }\nsettings.other = \"kept\"";
    let config = load(file, &environment);
    assert_eq!((config.api.threads, config.api.require_idempotency_key), (2, true));
    assert_eq!((config.api.listen.to_string().as_str(), config.api.public_url), ("[::1]:80", None));
    assert_eq!(config.callbacks.schedule, [Duration::from_secs(1)]);
    assert_eq!(config.callbacks.target.unwrap().url.as_str(), "http://localhost:9000/hook");
    assert_eq!(config.log, telemetry::Settings { level: "silent".into(), format: Some(telemetry::Format::Json) });
    let provider = &config.registry.providers[0];
    assert_eq!((provider.external.as_str(), provider.grants.len()), ("mobile-pay", 2));
    assert_eq!((provider.settings["merchant"].as_str(), provider.settings["other"].as_str()), ("7", "kept"));
    assert_eq!(provider.secrets["api_key"].values, [secret(b"k")], "a secret's source is replaced as a whole");
    assert_eq!(provider.limits.requests, 3);
}

#[test]
fn paths_in_the_file_begin_at_its_folder_and_elsewhere_at_the_working_directory() {
    let dir = |file, environment: &[_]| load(file, environment).registry.dir.display().to_string();
    assert_eq!(dir("", &[]), "/etc/provost/plugins");
    assert_eq!(dir("plugins.dir = \"../p\"", &[]), "/etc/provost/../p");
    assert_eq!(dir("plugins.dir = \"/p\"", &[]), "/p");
    assert_eq!(dir("", &[("PROVOST_PLUGINS__DIR", "p")]), "p");
    let store = |url: &str| load(&format!("store.url = \"{url}\""), &[]).store.place;
    assert_eq!(store("sqlite:a.db"), store::Place::File("/etc/provost/a.db".into()));
    assert_eq!(store("sqlite:///var/a.db"), store::Place::File("/var/a.db".into()));
    assert!(matches!(store("postgres://me@db/pay"), store::Place::Server(_)));
}

#[test]
fn everything_wrong_is_said_at_once_with_its_place() {
    let file = r#"[api]
listne = "127.0.0.1:80"
threads = -1
body_limit = "1MB"

[store]
url = "postgres://provost:hunter2@db"

[providers.Acme]
allow = ["https://api.acme.example/v1", { methods = ["get"], private = "yes" }]
settings = { since = 2020-01-01, share = 0.5 }
limits = { deadline = "30", request_deadline = "40s", cpu = 200 }
secrets.api_key = { env = "MISSING", origins = ["https://elsewhere.example"] }
secrets.other = "hunter2"
secrets.third = { file = "absent", env = "K" }
secrets.fourth = { file = "empty" }
callbacks.secret = { env = "WEAK" }
plugin = "../acme.wasm"
"#;
    let environment = [
        ("WEAK", "hunter2"),
        ("K", "k"),
        ("HTTP_PORT", "http"),
        ("PROVOST_API_LISTEN", "x"),
        ("PROVOST_NOTHING__LIKE", "x"),
        ("PROVOST_CALLBACKS__SCHEDULE", "[1s"),
        ("PROVOST_CALLBACKS__TIMEOUT", "{\"a\": 1}"),
        ("LOG_LEVEL", "loud"),
    ];
    let faults = faults(file, &environment);
    for expected in [
        "HTTP_PORT: must be a port from 0 to 65535, and is \"http\"",
        "PROVOST_API_LISTEN: api_listen: is not a setting; in a variable, two underscores stand behind \"api\"",
        "PROVOST_NOTHING__LIKE: nothing: is not a setting; known here: admin, api, callbacks, log, operations, plugins, providers, recovery, runtime, shutdown, store",
        "PROVOST_CALLBACKS__SCHEDULE: callbacks.schedule: must be a list, here as JSON: [\"…\", \"…\"]",
        "PROVOST_CALLBACKS__TIMEOUT: callbacks.timeout: must be a duration such as \"200ms\", \"30s\", \"10m\", \"24h\" or \"7d\", and is a table",
        "LOG_LEVEL: log.level: \"loud\" is not a level: trace, debug, info, warn, error, fatal or silent",
        "provost.toml:2:1: api.listne: is not a setting; is \"listen\" meant?",
        "provost.toml:3:11: api.threads: must be a whole number from 0 to 1024",
        "provost.toml:4:14: api.body_limit: must be a size such as \"64KiB\", \"1MiB\" or a whole number of bytes, and is \"1MB\"",
        "provost.toml:7:7: store.url: must be \"postgres://USER:PASSWORD@HOST:PORT/DATABASE\"",
        "provost.toml:10:10: providers.Acme.allow.0: \"https://api.acme.example/v1\" must end after the host and port: no user, path, query or fragment",
        "provost.toml:10:41: providers.Acme.allow.1: needs an origin: { origin = \"https://api.example.com\", … }",
        "provost.toml:10:54: providers.Acme.allow.1.methods.0: must be a method in upper case, and is \"get\"",
        "provost.toml:10:72: providers.Acme.allow.1.private: must be true or false, and is a text",
        "provost.toml:11:22: providers.Acme.settings.since: must be a text, a whole number, true or false, and is a date or time",
        "provost.toml:11:42: providers.Acme.settings.share: must be a text, a whole number, true or false, and is a number with a fraction",
        "provost.toml:12:23: providers.Acme.limits.deadline: must be a duration such as \"200ms\", \"30s\", \"10m\", \"24h\" or \"7d\", and is \"30\"",
        "provost.toml:12:10: providers.Acme.limits: request_deadline must be shorter than deadline, so that the plugin can still answer",
        "provost.toml:12:61: providers.Acme.limits.cpu: must be a duration such as \"200ms\", \"30s\", \"10m\", \"24h\" or \"7d\", and is a number",
        "provost.toml:13:27: providers.Acme.secrets.api_key.env: the environment variable MISSING is not set, or empty",
        "provost.toml:13:49: providers.Acme.secrets.api_key.origins.0: https://elsewhere.example is not in this provider's allow, so the secret could never be sent there",
        "provost.toml:15:17: providers.Acme.secrets.third: needs either env = \"NAME\" or file = \"PATH\"; for several values a list of names or paths",
        "provost.toml:16:27: providers.Acme.secrets.fourth.file: the file /etc/provost/empty is empty",
        "provost.toml:17:20: providers.Acme.callbacks.secret: the secret must be whsec_ and the base64 of at least 24 bytes",
        "provost.toml:18:10: providers.Acme.plugin: must be a file's name in the plugin folder: \"NAME.wasm\"",
    ] {
        let expected = expected.replace("/etc/provost/", "");
        assert!(faults.contains(&expected), "missing: {expected}\nin {faults:#?}");
    }
    let lines: Vec<u32> =
        faults.iter().filter(|fault| fault.starts_with("provost.toml:")).map(|fault| line(fault)).collect();
    assert!(lines.is_sorted(), "in the order of the file: {lines:?}");
    for (place, words) in
        [("provost.toml:9:", "is no name for an external"), ("provost.toml:14:", "secrets.other: must")]
    {
        assert!(faults.iter().any(|fault| fault.starts_with(place) && fault.contains(words)), "{place} {faults:#?}");
    }
    assert!(!faults.iter().any(|fault| fault.contains("hunter2")), "a value was repeated that may be a secret");
}

fn line(fault: &str) -> u32 {
    fault.split(':').nth(1).unwrap().parse().unwrap()
}

#[test]
fn every_syntax_error_is_shown_with_its_line() {
    let faults = faults("[api]\nlisten = \nthreads == 1\n", &[]);
    let (first, last) = (faults.first().unwrap(), faults.last().unwrap());
    assert!(first.starts_with("provost.toml:2:10: ") && first.contains("2 | listen = "), "{first}");
    assert!(last.starts_with("provost.toml:3:") && last.contains("3 | threads == 1"), "{last}");
}

#[test]
fn a_file_that_is_named_must_be_there() {
    let absent = Sources { file: Some("absent.toml".into()), ..sources("", &[]) };
    let faults = Config::load(&absent).map(|loaded| loaded.config).unwrap_err();
    assert_eq!(faults[0].to_string(), "--config: absent.toml cannot be read: entity not found");
    let unnamed = Sources { file: None, ..sources("", &[]) };
    assert!(Config::load(&unnamed).is_ok());
}

#[test]
fn when_a_provider_is_asked_is_said_for_all_and_for_one() {
    let file = r#"
        [recovery]
        pending_for = "10d"
        [providers.acme]
        recovery = { unknown = ["1m"], concurrent_questions = 1 }
        [providers.other]
        plugin = "acme.wasm"
    "#;
    let operations = load(file, &[]).operations;
    let general = operations::Recovery { pending_for: Duration::from_secs(864_000), ..Default::default() };
    let acme =
        operations::Recovery { unknown: vec![Duration::from_secs(60)], concurrent_questions: 1, ..general.clone() };
    assert_eq!(operations.recoveries, BTreeMap::from([("acme".to_owned(), acme)]));
    assert_eq!(operations.recovery, general);
    let empty = faults("[recovery]\npending = []\nunknown = [\"0s\"]", &[]);
    assert_eq!(empty.len(), 2, "{empty:?}");
}

#[test]
fn what_is_probably_not_meant_is_a_warning() {
    let warnings = |file| Config::load(&sources(file, &[])).unwrap().warnings.join("\n");
    assert!(warnings("").contains("api.public_url") && warnings("").contains("callbacks.url"));
    let unsigned = "[callbacks]\nurl = \"http://a.example\"\n[api]\npublic_url = \"https://p.example\"";
    assert!(warnings(unsigned).starts_with("callbacks.secret") && !warnings(unsigned).contains('\n'));
    let private =
        "[providers.acme]\nallow = [\"http://10.0.0.1:80\", { origin = \"http://10.0.0.2\", private = true }]";
    assert!(warnings(private).contains("providers.acme.allow: the address of 10.0.0.1 is not public"));
    assert!(!warnings(private).contains("10.0.0.2"));
}

#[test]
fn what_holds_is_shown_with_where_it_comes_from_and_without_secrets() {
    let file = "[callbacks]\nurl = \"https://a.example\"\nsecret = { env = \"KEY\" }\n[providers.a]";
    let environment = [("KEY", WRITTEN_KEY), ("PROVOST_API__THREADS", "2")];
    let settings = Config::load(&sources(file, &environment)).unwrap().settings();
    let shown = |key: &str| {
        let setting = settings.iter().find(|setting| setting.key == key).unwrap();
        format!("{} # {}", setting.value, setting.origin.replace("/etc/provost/", ""))
    };
    assert_eq!(shown("callbacks.url"), "\"https://a.example\" # provost.toml:2:7");
    assert_eq!(shown("callbacks.secret"), "{ env = \"KEY\" } # provost.toml:3:10");
    assert_eq!(shown("api.threads"), "2 # PROVOST_API__THREADS");
    assert_eq!(shown("log.level"), "\"info\" # default");
    assert_eq!(shown("providers.a"), "{} # provost.toml:4:1");
    let everything = format!("{settings:?}");
    assert!(!everything.contains("whsec_"), "{everything}");
}

#[test]
fn a_crash_point_comes_from_its_variable_alone() {
    let loaded = |value| Config::load(&sources("", &[("PROVOST_CRASH_POINT", value)]));
    let point = |name: &str, nth| Some(Point { name: name.into(), nth });
    for (value, expected) in [("", None), ("sent", point("sent", 1)), ("callback_sent:3", point("callback_sent", 3))] {
        assert_eq!(loaded(value).unwrap().crash_point, expected, "{value:?}");
    }
    assert_eq!(faults("", &[("PROVOST_CRASH_POINT", "sent:never")]).len(), 1);
}

#[test]
fn how_requests_are_sent_is_said_for_all_and_for_one() {
    let file = r#"
        [plugins.egress]
        requests_per_second = 7
        [providers.acme]
        egress = { concurrent_requests = 2, breaker_rest = "1m" }
        tls = { ca = "acme-ca.pem", certificate = "us.pem", key = "us.key" }
        [providers.other]
    "#;
    let providers = load(file, &[]).registry.providers;
    let (acme, other) = (&providers[0].egress, &providers[1].egress);
    assert_eq!((acme.concurrent_requests, acme.requests_per_second, acme.tls.is_some()), (2, 7, true));
    assert_eq!((acme.breaker.rest, acme.breaker.failures), (Duration::from_secs(60), 50));
    assert_eq!(*other, egress::Settings { requests_per_second: 7, ..egress::Settings::default() });
}

#[test]
fn certificates_that_cannot_be_used_are_faults_with_their_place() {
    for (tls, said) in [
        (r#"{ ca = "us.key" }"#, "tls.ca: is not PEM with at least one certificate"),
        (r#"{ ca = "absent.pem" }"#, "tls.ca: the file absent.pem cannot be read"),
        (r#"{ certificate = "us.pem" }"#, "tls: certificate and key belong together"),
        (r#"{ certificate = "acme-ca.pem", key = "us.key" }"#, "tls.certificate: certificate and key are not PEM"),
        (r#"{ cert = "us.pem" }"#, "tls.cert: is not a setting"),
        (r#"{ certificate = "us.pem", key = "us.key", ca = 1 }"#, "tls.ca: must be a text"),
    ] {
        let faults = faults(&format!("[providers.acme]\ntls = {tls}"), &[]);
        assert!(faults.iter().any(|fault| fault.contains(said)), "{tls}: {faults:?}");
    }
}
