//! Keys of callers, from their sources to their settings.

use crate::api;
use crate::config::Config;
use crate::config::tests::{faults, load, sources};

/// The sha256 of something, and how it is shown.
const HASH: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

#[test]
fn keys_of_callers_are_read_from_the_file_and_from_variables() {
    let file = format!(
        "[api]\nrate = {{ per_second = 5 }}\n[api.keys.shop]\nsha256 = \"{HASH}\"\nexternals = [\"acme\", \"other\"]\n\
         rate = {{ per_second = 7, burst = 9 }}"
    );
    let other = HASH.replace("ba", "bb");
    let environment = [
        ("PROVOST_API__KEYS__BACK_OFFICE__SHA256", format!("[\"{other}\", \"{}\"]", other.replace("bb", "bc"))),
        ("PROVOST_API__KEYS__BACK_OFFICE__EXTERNALS", "[\"*\"]".to_owned()),
    ];
    let environment: Vec<_> = environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let api = load(&file, &environment).api;
    let [office, shop] = &api.keys[..] else { panic!("{:?}", api.keys) };
    assert_eq!((office.name.as_str(), office.digests.len(), office.rate), ("back-office", 2, None));
    assert_eq!(office.externals, api::Externals::Every);
    assert_eq!((shop.name.as_str(), &shop.digests[..]), ("shop", &[api::Digest::parse(HASH).unwrap()][..]));
    assert!(shop.externals.include("acme") && !shop.externals.include("third"));
    assert_eq!(api.rate, Some(api::Rate { per_second: 5, burst: 5 }));
    assert_eq!(shop.rate, Some(api::Rate { per_second: 7, burst: 9 }));
    let shown = format!("{:?}", Config::load(&sources(&file, &environment)).unwrap().settings());
    assert!(shown.contains("ba7816bf…") && !shown.contains(&HASH[..9]) && !shown.contains(&other[..9]), "{shown}");
}

#[test]
fn a_key_that_cannot_be_right_is_a_fault_that_repeats_no_hash() {
    let file = format!(
        "[api]\nrate = {{ burst = 1 }}\n[api.keys.Shop]\nsha256 = \"{HASH}\"\nexternals = [\"*\"]\n[api.keys.two]\n\
         sha256 = [\"{HASH}\"]\nexternals = [\"*\", \"acme\"]\n[api.keys.three]\nsha256 = \"{}\"\nexternals = []\n\
         [api.keys.four]\nsha256 = []\nexternals = \"acme\"\n[api.keys.five]\n[api.keys.six]\nsha256 = \"{HASH}\"\n\
         externals = [\"acme\"]\nrate = {{ per_second = 0 }}\n[api.keys.seven]\nsha256 = \"{HASH}\"\nexternals = [\"Acme\"]\n\
         [api.keys.eight]\nsha256 = \"{HASH}\"\nexternals = [\"*\"]\n",
        &HASH[1..]
    );
    let faults = faults(&file, &[]);
    for expected in [
        "api.rate: needs per_second",
        "api.keys.Shop: is no name for a key",
        "api.keys.two.externals: must be [\"*\"] alone",
        "api.keys.three.sha256: must be the sha256 of the key in 64 hexadecimal digits",
        "api.keys.three.externals: must name at least one external",
        "api.keys.four.sha256: must name at least one hash",
        "api.keys.four.externals: must be a list of externals",
        "api.keys.five: needs sha256",
        "api.keys.five: needs externals",
        "api.keys.six.rate.per_second: must be a whole number from 1",
        "api.keys.seven.externals.0: must be an external's name",
        "api.keys.eight: has the same key as \"Shop\"",
    ] {
        assert!(faults.iter().any(|fault| fault.contains(expected)), "{expected} is not in {faults:#?}");
    }
    assert!(
        faults.iter().all(|fault| fault.starts_with("provost.toml:") && !fault.contains(&HASH[1..12])),
        "{faults:#?}"
    );
}

#[test]
fn an_interface_that_stands_open_to_others_is_a_warning() {
    let warnings = |file: &str| Config::load(&sources(file, &[])).unwrap().warnings.join("\n");
    let open = "[api]\nlisten = \"0.0.0.0:8080\"\n";
    let key = format!("[api.keys.shop]\nsha256 = \"{HASH}\"\nexternals = [\"*\"]");
    assert!(warnings(open).contains("api.keys is not set") && warnings(open).contains("0.0.0.0:8080"));
    for closed in ["[api]\nlisten = \"127.0.0.1:1\"", "[api]\nlisten = \"[::1]:1\"", &format!("{open}{key}")] {
        assert!(!warnings(closed).contains("api.keys"), "{closed}");
    }
    assert!(warnings("[api]\nrate = { per_second = 1 }").contains("nobody is limited"));
}
