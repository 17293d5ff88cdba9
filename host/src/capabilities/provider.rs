//! A provider: the configuration of one external, as far as a call of its plugin is concerned.

use super::{Limits, Secret};
use crate::egress::{self, Grant};
use std::collections::BTreeMap;

/// What the operator says about one external.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// The name in the path.
    pub external: String,
    /// The file in the plugin folder; several providers may share one.
    pub plugin: String,
    /// Where its plugin may send requests.
    pub grants: Vec<Grant>,
    /// How they are sent.
    pub egress: egress::Settings,
    /// What `settings.get` answers.
    pub settings: BTreeMap<String, String>,
    /// What `secrets` may use, by name.
    pub secrets: BTreeMap<String, Secret>,
    /// What one call may use.
    pub limits: Limits,
    /// Whether a shop transaction id names one payment (rule 15).
    pub business_key: bool,
}

impl Provider {
    /// A plugin found in the folder without a line in the configuration: nothing is granted to it.
    pub fn unconfigured(external: &str, limits: Limits) -> Self {
        Self {
            external: external.to_owned(),
            plugin: format!("{external}.wasm"),
            grants: Vec::new(),
            egress: egress::Settings::default(),
            settings: BTreeMap::new(),
            secrets: BTreeMap::new(),
            limits,
            business_key: true,
        }
    }
}
