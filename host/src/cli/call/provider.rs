//! Which provider's configuration a call runs with: its grants, secrets, settings and limits.

use crate::capabilities::Provider;
use crate::cli::said::Said;
use crate::config::{Config, Sources};
use crate::model::is_external_name;
use std::path::{Path, PathBuf};

/// A provider, and what is probably not meant about it.
#[derive(Debug)]
pub(super) struct Chosen {
    pub(super) provider: Provider,
    pub(super) warnings: Vec<String>,
}

/// The provider of that name, or else that of the plugin's file name; one that is not configured gets nothing.
pub(super) fn choose(sources: &Sources, external: Option<String>, plugin: &Path) -> Result<Chosen, Said> {
    let config = Config::load(sources).map_err(|faults| Said::faults(&faults))?.config;
    let named = external.is_some();
    let name = external.unwrap_or_else(|| name_of(plugin));
    if !is_external_name(&name) {
        return Err(Said::unusable(format_args!(
            "{name:?} cannot be an external's name (small letters, digits, hyphens): say --external NAME"
        )));
    }
    let file = sources.file.clone().unwrap_or_else(|| PathBuf::from(crate::config::FILE));
    let configured = config.registry.providers.into_iter();
    let (mut found, others): (Vec<_>, Vec<_>) = configured.partition(|provider| provider.external == name);
    if let Some(provider) = found.pop() {
        return Ok(Chosen { provider, warnings: Vec::new() });
    }
    let known = others.iter().map(|provider| provider.external.as_str()).collect::<Vec<_>>().join(", ");
    let known = if known.is_empty() { String::new() } else { format!(" (there are: {known})") };
    let missing = format!("the configuration has no [providers.{name}]{known}");
    if named {
        return Err(Said::unusable(format_args!("--external {name}: {missing}: add it to {}", file.display())));
    }
    let warning = format!(
        "{missing}: nothing is granted to the plugin, and it has no secrets and no settings; say --config FILE or \
         --external NAME"
    );
    Ok(Chosen { provider: Provider::unconfigured(&name, config.registry.limits), warnings: vec![warning] })
}

/// `target/my_pay.wasm` is `my-pay`: a Rust crate's file has underscores, an external's name has none.
fn name_of(plugin: &Path) -> String {
    plugin.file_stem().map(|stem| stem.to_string_lossy().replace('_', "-")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::end::End;

    fn chosen(external: Option<&str>, file: &str) -> Result<Chosen, Said> {
        let text = "[plugins.limits]\nrequests = 3\n[providers.acme]\nallow = [\"https://api.acme.example\"]\n\
            settings.base = \"x\"\n[providers.my-pay]\n";
        let sources = Sources {
            file: Some("provost.toml".into()),
            flags: Vec::new(),
            environment: Default::default(),
            read: Box::new(move |_| Ok(text.into())),
        };
        choose(&sources, external.map(str::to_owned), Path::new(file))
    }

    #[test]
    fn the_provider_is_the_one_that_is_named_or_that_of_the_file() {
        for (external, file, found) in [
            (Some("acme"), "other.wasm", "acme"),
            (None, "plugins/acme.wasm", "acme"),
            (None, "target/my_pay.wasm", "my-pay"),
        ] {
            let chosen = chosen(external, file).unwrap();
            assert_eq!((chosen.provider.external.as_str(), chosen.warnings.len()), (found, 0));
        }
        assert_eq!(chosen(None, "acme.wasm").unwrap().provider.grants.len(), 1);
    }

    #[test]
    fn a_file_that_no_provider_is_named_after_gets_nothing_and_it_is_said_so() {
        let chosen = chosen(None, "stranger.wasm").unwrap();
        let provider = &chosen.provider;
        assert!(provider.grants.is_empty() && provider.secrets.is_empty() && provider.settings.is_empty());
        assert_eq!(provider.limits.requests, 3, "the limits of all providers hold");
        assert!(chosen.warnings[0].contains("nothing is granted"), "{}", chosen.warnings[0]);
    }

    #[test]
    fn a_provider_that_is_named_must_be_there() {
        let said = chosen(Some("stranger"), "acme.wasm").unwrap_err();
        assert!(said.end == End::Unusable && said.talk.contains("there are: acme, my-pay"), "{}", said.talk);
        let said = chosen(None, "Not A Name.wasm").unwrap_err();
        assert!(said.end == End::Unusable && said.talk.contains("--external NAME"), "{}", said.talk);
    }
}
