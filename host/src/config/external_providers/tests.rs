//! PGM's file on its way to settings.

use crate::capabilities::Provider;
use crate::config::tests::sources;
use crate::config::{Config, Loaded, Sources};
use crate::egress::{Grant, Origin};
use std::path::Path;

const VARIABLE: (&str, &str) = ("EXTERNAL_PROVIDERS_CONFIG", "/etc/pgm/providers.json");

/// A process with this configuration file, this file of PGM's, and these variables.
fn process(toml: &str, json: &str, environment: &[(&str, &str)]) -> Sources {
    let Sources { read, .. } = sources(toml, &[]);
    let json = json.to_owned();
    let with_json: super::super::ReadFile = Box::new(move |path| match path == Path::new(VARIABLE.1) {
        true => Ok(json.clone().into_bytes()),
        false => read(path),
    });
    Sources { read: with_json, ..sources(toml, &[environment, &[VARIABLE]].concat()) }
}

fn load(toml: &str, json: &str, environment: &[(&str, &str)]) -> Loaded {
    Config::load(&process(toml, json, environment)).unwrap_or_else(|faults| panic!("{faults:#?}"))
}

fn provider(toml: &str, json: &str, environment: &[(&str, &str)]) -> Provider {
    let [provider] = load(toml, json, environment).config.registry.providers.try_into().unwrap();
    provider
}

fn faults(json: &str) -> Vec<String> {
    let faults = Config::load(&process("", json, &[])).map(|loaded| loaded.config).unwrap_err();
    faults.iter().map(ToString::to_string).collect()
}

fn one(base_url: &str) -> String {
    format!(r#"{{"externalServices":[{{"externalService":"legacy","baseUrl":"{base_url}"}}]}}"#)
}

#[test]
fn each_service_is_a_provider_that_may_reach_that_service_and_nothing_else() {
    let json = r#"{
        "externalServices": [
            { "externalService": "legacy", "baseUrl": "https://payments.example.com", "timeout": 5 },
            { "externalService": "billing", "baseUrl": "http://10.0.0.7:3000/api/v1/" }
        ],
        "version": 2
    }"#;
    let config = load("", json, &[]).config;
    let [billing, legacy] = &config.registry.providers[..] else { panic!("two providers") };
    assert_eq!((legacy.external.as_str(), legacy.plugin.as_str()), ("legacy", "microservice.wasm"));
    assert_eq!(legacy.settings["base_url"], "https://payments.example.com/");
    let grant = |origin| Grant { private: true, ..Grant::to(Origin::parse(origin).unwrap()) };
    assert_eq!(legacy.grants, [grant("https://payments.example.com")]);
    assert_eq!((billing.external.as_str(), billing.plugin.as_str()), ("billing", "microservice.wasm"));
    assert_eq!(billing.settings["base_url"], "http://10.0.0.7:3000/api/v1/");
    assert_eq!(billing.grants, [Grant { paths: vec!["/api/v1/".to_owned()], ..grant("http://10.0.0.7:3000") }]);
}

#[test]
fn the_file_wins_over_ours_and_a_variable_of_ours_over_it() {
    let toml = "[providers.legacy]\nsettings.base_url = \"https://old.example\"\nlimits.deadline = \"9s\"\n\
        secrets.authorization = { env = \"KEY\", origins = [\"https://new.example\"] }";
    let key = ("KEY", "Bearer k");
    let ours = ("PROVOST_PROVIDERS__LEGACY__SETTINGS__BASE_URL", "https://newest.example");
    let legacy = provider(toml, &one("https://new.example"), &[key]);
    assert_eq!(legacy.settings["base_url"], "https://new.example/");
    assert_eq!(legacy.limits.deadline.as_secs(), 9, "what the file does not say, ours does");
    assert_eq!(legacy.secrets["authorization"].origins, [Origin::parse("https://new.example").unwrap()]);
    let legacy = provider(toml, &one("https://new.example"), &[key, ours]);
    assert_eq!(legacy.settings["base_url"], "https://newest.example");
}

#[test]
fn an_integration_that_moved_to_a_plugin_and_stayed_in_the_file_is_warned_of() {
    let toml = "[providers.legacy]\nplugin = \"legacy.wasm\"";
    let warnings = load(toml, &one("https://new.example"), &[]).warnings.join("\n");
    assert!(
        warnings.contains("providers.legacy.plugin, at /etc/provost/provost.toml:2:10, does not hold"),
        "{warnings}"
    );
    assert!(!load("", &one("https://new.example"), &[]).warnings.join("\n").contains("does not hold"));
}

#[test]
fn what_holds_is_shown_with_its_place_in_the_file() {
    let settings = load("", &one("https://new.example/v1"), &[]).settings();
    let shown = |key: &str| {
        let setting = settings.iter().find(|setting| setting.key == key).unwrap();
        format!("{} # {}", setting.value, setting.origin)
    };
    assert_eq!(shown("providers.legacy.plugin"), "\"microservice.wasm\" # /etc/pgm/providers.json:1:41");
    let place = "/etc/pgm/providers.json:1:60";
    assert_eq!(shown("providers.legacy.settings.base_url"), format!("\"https://new.example/v1\" # {place}"));
    assert!(shown("providers.legacy.allow").contains("paths = [\"/v1/\"]"), "{}", shown("providers.legacy.allow"));
}

#[test]
fn everything_wrong_in_the_file_is_said_at_once_with_its_place() {
    let json = r#"{"externalServices": [
{"externalService": "My_Shop", "baseUrl": "ftp://a.example"},
{"externalService": "saga", "baseUrl": "https://a.example"},
{"externalService": "a", "baseUrl": "payments.example.com"},
{"externalService": "b", "baseUrl": "https://user:hunter2@b.example"},
{"externalService": "c", "baseUrl": "https://c.example/?tenant=1"},
{"externalService": "d", "baseUrl": 3000},
{"externalService": 7, "baseUrl": "https://a.example"},
{"externalService": "e"},
{"baseUrl": "https://f.example"},
"https://g.example",
{"externalService": "h", "baseUrl": "https://h.example"},
{"externalService": "h", "baseUrl": "https://other.example"}
]}"#;
    let faults = faults(json);
    let key = |name: &str| format!("providers.{name}.settings.base_url");
    let expected = [
        ("2:21: providers.My_Shop: is no name for an external".to_owned(), "small letters"),
        (format!("2:43: {}: must begin with https:// or http://", key("My_Shop")), ""),
        ("3:21: providers.saga: is no name for an external".to_owned(), "interface's own words"),
        (format!("4:37: {}: must be a URL", key("a")), "relative URL"),
        (format!("5:37: {}: must not carry", key("b")), "password"),
        (format!("6:37: {}: must end with its path", key("c")), "query"),
        (format!("7:37: {}: must be a text", key("d")), "URL"),
        ("8:21: externalService: must be a text".to_owned(), "/v3/NAME"),
        ("9:1: externalServices: needs a baseUrl".to_owned(), "https://"),
        ("10:1: externalServices: needs an externalService".to_owned(), "/v3/NAME"),
        ("11:1: externalServices: must be {".to_owned(), "baseUrl"),
        ("13:21: providers.h: stands here twice, first at /etc/pgm/providers.json:12:21".to_owned(), "remove one"),
    ];
    assert_eq!(faults.len(), expected.len(), "{faults:#?}");
    for (fault, (beginning, words)) in faults.iter().zip(expected) {
        let rest = fault.strip_prefix("/etc/pgm/providers.json:").unwrap_or_else(|| panic!("{fault}"));
        assert!(rest.starts_with(&beginning) && rest.contains(words), "{fault}\nis not {beginning} … {words}");
        assert!(!fault.contains("hunter2"), "{fault}");
    }
}

#[test]
fn a_file_that_is_none_of_pgms_says_what_it_should_be() {
    for (json, words) in [
        ("", "must be JSON such as {\"externalServices\""),
        ("{\"externalServices\": [", "line 1 column"),
        ("{}", "has no externalServices: it must be {\"externalServices\""),
        ("{\"externalServices\": {}}", "must be a list: {\"externalServices\""),
    ] {
        let faults = faults(json);
        let place = faults[0].starts_with("/etc/pgm/providers.json:1:");
        assert!(place && faults[0].contains(words) && faults.len() == 1, "{json}: {faults:#?}");
    }
}

#[test]
fn a_file_that_is_not_there_is_a_fault_of_the_variable() {
    let faults = Config::load(&sources("", &[("EXTERNAL_PROVIDERS_CONFIG", "absent.json")])).unwrap_err();
    let fault = faults[0].to_string();
    assert!(fault.starts_with("EXTERNAL_PROVIDERS_CONFIG: absent.json cannot be read"), "{fault}");
    let unset = Config::load(&sources("", &[("EXTERNAL_PROVIDERS_CONFIG", "")])).unwrap();
    assert_eq!(unset.config.registry.providers, []);
}
