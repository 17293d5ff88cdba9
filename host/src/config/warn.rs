//! What is allowed in a configuration, and probably not meant.

use super::Config;
use crate::egress::Grant;

/// A sentence for each.
pub(super) fn warnings(config: &Config) -> Vec<String> {
    let mut warnings = Vec::new();
    if config.api.public_url.is_none() {
        warnings.push("api.public_url is not set: plugins cannot tell providers where to send webhooks".to_owned());
    }
    if config.callbacks.target.is_none() && config.callbacks.targets.is_empty() {
        warnings.push("callbacks.url is not set: callbacks are kept until there is one".to_owned());
    }
    for provider in &config.registry.providers {
        let denials = provider.grants.iter().filter_map(Grant::is_in_vain);
        warnings.extend(denials.map(|denial| format!("providers.{}.allow: {}", provider.external, denial.reason)));
    }
    let general = config.callbacks.target.iter().map(|target| ("callbacks".to_owned(), target));
    let own = config.callbacks.targets.iter();
    let own = own.map(|(external, target)| (format!("providers.{external}.callbacks"), target));
    for (table, target) in general.chain(own) {
        if target.secrets.is_empty() {
            warnings
                .push(format!("{table}.secret is not set: the merchant cannot tell our callbacks from forged ones"));
        }
    }
    warnings
}
