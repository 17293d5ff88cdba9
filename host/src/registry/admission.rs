//! May this plugin serve this provider? Everything that speaks against it, at once. Pure.

use crate::capabilities::Provider;
use crate::model::{Description, Need};

/// What the provider's configuration lacks for a plugin that says this of itself; empty: it may serve.
pub fn lacks(provider: &Provider, description: &Description) -> Vec<String> {
    let mut lacks = Vec::new();
    for need in required(&description.secrets) {
        if !provider.secrets.contains_key(&need.name) {
            lacks.push(format!(
                "secret {} is missing ({}): set providers.{}.secrets.{}",
                need.name, need.about, provider.external, need.name
            ));
        }
    }
    for need in required(&description.settings) {
        if !provider.settings.contains_key(&need.name) {
            lacks.push(format!(
                "setting {} is missing ({}): set providers.{}.settings.{}",
                need.name, need.about, provider.external, need.name
            ));
        }
    }
    lacks
}

fn required(needs: &[Need]) -> impl Iterator<Item = &Need> {
    needs.iter().filter(|need| need.required)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capabilities::Limits;

    fn need(name: &str, required: bool) -> Need {
        Need { name: name.into(), about: "for a test".into(), required }
    }

    #[test]
    fn everything_that_is_missing_is_named_at_once() {
        let description = Description {
            secrets: vec![need("api_key", true), need("webhook", false)],
            settings: vec![need("merchant", true)],
            ..Description::default()
        };
        let mut provider = Provider::unconfigured("acme", Limits::default());
        let all = lacks(&provider, &description);
        assert_eq!(all.len(), 2);
        assert!(all[0].contains("providers.acme.secrets.api_key"), "{all:?}");
        provider.settings.insert("merchant".into(), "m-1".into());
        assert_eq!(lacks(&provider, &description).len(), 1);
    }
}
