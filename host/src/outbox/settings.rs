//! Where callbacks go, and when they are tried again.

use crate::model::SecretBytes;
use std::collections::BTreeMap;
use std::time::Duration;
use url::Url;

/// A merchant's endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Where to `POST`. Naming it in the configuration is the grant to send there.
    pub url: Url,
    /// Signing keys, the bytes behind `whsec_`; several while rotating; empty: unsigned, with a warning at start.
    pub secrets: Vec<SecretBytes>,
}

/// The `[callbacks]` table, and what providers say differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where callbacks go; none: they are kept, and wait for an endpoint.
    pub target: Option<Target>,
    /// By external, where it differs.
    pub targets: BTreeMap<String, Target>,
    /// Gaps between attempts (rule 31); after the last: dead letter.
    pub schedule: Vec<Duration>,
    /// How long one attempt may take.
    pub timeout: Duration,
    /// How long delivered callbacks are kept, with their attempts. Dead letters stay.
    pub kept: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        const SECONDS: [u64; 10] = [0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
        Self {
            target: None,
            targets: BTreeMap::new(),
            schedule: SECONDS.map(Duration::from_secs).to_vec(),
            timeout: Duration::from_secs(20),
            kept: Duration::from_secs(35 * 86_400),
        }
    }
}

impl Settings {
    /// Where callbacks of `external` go.
    pub fn target_of(&self, external: &str) -> Option<&Target> {
        self.targets.get(external).or(self.target.as_ref())
    }

    /// The externals whose callbacks have somewhere to go; none: all have.
    pub(super) fn externals_with_target(&self) -> Option<Vec<String>> {
        self.target.is_none().then(|| self.targets.keys().cloned().collect())
    }
}
