//! `provost api-key`: keys for callers of the interface.

use super::said::Said;
use crate::api::{Digest, new_key};
use crate::model::is_external_name;
use anyhow::Context as _;
use serde_json::json;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Make a key, show it once, and say what to write into the configuration
    #[command(after_help = "Examples:
  provost api-key new web-shop --external acme
  provost api-key new web-shop | secret-tool store --label provost provost web-shop

The key goes to stdout and is kept nowhere: whoever loses it makes another. Callers send it as
Authorization: Bearer KEY. To rotate one, make another and write both hashes: sha256 = [\"NEW\", \"OLD\"].")]
    New(New),
}

#[derive(Debug, clap::Args)]
pub(super) struct New {
    /// What the caller is called in the configuration, in logs and in the store: small letters, digits and hyphens
    #[arg(value_name = "NAME")]
    name: String,
    /// An external that the key may be used for, as often as needed; without it: all
    #[arg(long = "external", value_name = "NAME")]
    externals: Vec<String>,
    /// Answer in JSON
    #[arg(long)]
    json: bool,
}

/// Makes a key.
pub(super) fn run(command: Command) -> anyhow::Result<Said> {
    let Command::New(New { name, externals, json }) = command;
    if let Some(wrong) = [&name].into_iter().chain(&externals).find(|name| !is_external_name(name)) {
        return Ok(Said::unusable(format_args!("{wrong:?} is no name: small letters, digits and hyphens, at most 63")));
    }
    let key = new_key().context("the system has no random bytes")?;
    let digest = Digest::of(key.expose());
    let key = String::from_utf8_lossy(key.expose());
    let externals = if externals.is_empty() { vec!["*".to_owned()] } else { externals };
    if json {
        let answer = json!({ "name": name, "key": key, "sha256": digest.to_string(), "externals": externals });
        return Ok(Said::done().with(&answer));
    }
    let lines = format!("[api.keys.{name}]\nsha256 = \"{digest}\"\nexternals = {externals:?}");
    Ok(Said::done().line(&key).note(format_args!("the key is shown this once; in provost.toml:\n\n{lines}\n")))
}

#[cfg(test)]
mod tests {
    use super::super::end::End;
    use super::*;
    use crate::config::{Config, Sources};
    use serde_json::Value;

    fn new(name: &str, externals: &[&str], json: bool) -> Said {
        let externals = externals.iter().map(|&name| name.to_owned()).collect();
        run(Command::New(New { name: name.into(), externals, json })).unwrap()
    }

    #[test]
    fn a_key_is_printed_once_and_the_lines_that_it_needs_are_a_configuration() {
        let said = new("web-shop", &["acme"], false);
        let key = said.data.trim_end();
        assert!(!said.talk.contains(key), "{}", said.talk);
        let lines = said.talk.split_once("provost.toml:").unwrap().1.to_owned();
        let sources = Sources {
            file: Some("provost.toml".into()),
            flags: Vec::new(),
            environment: Default::default(),
            read: Box::new(move |_| Ok(lines.clone().into_bytes())),
        };
        let config = Config::load(&sources).unwrap_or_else(|faults| panic!("{faults:?}")).config;
        let [configured] = &config.api.keys[..] else { panic!("{:?}", config.api.keys) };
        assert_eq!(
            (configured.name.as_str(), &configured.digests[..]),
            ("web-shop", &[Digest::of(key.as_bytes())][..])
        );
        assert!(configured.externals.include("acme") && !configured.externals.include("other"));
    }

    #[test]
    fn programs_get_all_of_it_in_one_document() {
        let answer: Value = serde_json::from_str(&new("web-shop", &[], true).data).unwrap();
        let key = answer["key"].as_str().unwrap();
        assert_eq!(answer["sha256"], Digest::of(key.as_bytes()).to_string());
        assert_eq!(answer["externals"], json!(["*"]));
    }

    #[test]
    fn a_name_that_could_not_be_written_makes_no_key() {
        for (name, externals) in [("Web", &[][..]), ("", &[]), ("a_b", &[]), ("web", &["Acme"]), ("web", &["a.b"])] {
            let said = new(name, externals, false);
            assert_eq!((said.end, said.data.as_str()), (End::Unusable, ""), "{name}");
        }
    }
}
