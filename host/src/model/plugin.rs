//! What a plugin says of itself, and what its component shows that it can do.

use sha2::{Digest, Sha256};
use std::fmt;

/// A plugin's version: the sha256 of its bytes, in hex.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Version(pub String);

impl Version {
    /// The version that these bytes are.
    pub fn of(bytes: &[u8]) -> Self {
        Self(hex::encode(Sha256::digest(bytes)))
    }

    /// The first twelve digits, for logs and metrics.
    pub fn short(&self) -> &str {
        self.0.get(..12).unwrap_or(&self.0)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An interface of the contract that a plugin may export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Interface {
    /// What the plugin is; every plugin has it.
    Description,
    /// Pay; every plugin has it.
    Payments,
    /// Ask how a payment stands.
    Inquiry,
    /// Find what was never acknowledged.
    Search,
    /// Pay back.
    Refunds,
    /// Reserve first, collect later.
    Captures,
    /// Go on after the payer came back.
    Continuations,
    /// Payment links.
    Links,
    /// Subscriptions, however they are billed.
    Subscriptions,
    /// The provider charges by itself.
    ScheduledBilling,
    /// The caller charges.
    ManualBilling,
    /// Notifications from the provider.
    Webhooks,
    /// Whatever else the provider offers.
    Utilities,
}

impl Interface {
    /// All of them, in the contract's order.
    pub const ALL: [Self; 13] = [
        Self::Description,
        Self::Payments,
        Self::Inquiry,
        Self::Search,
        Self::Refunds,
        Self::Captures,
        Self::Continuations,
        Self::Links,
        Self::Subscriptions,
        Self::ScheduledBilling,
        Self::ManualBilling,
        Self::Webhooks,
        Self::Utilities,
    ];

    /// Its name in the contract.
    pub fn name(self) -> &'static str {
        match self {
            Self::Description => "description",
            Self::Payments => "payments",
            Self::Inquiry => "inquiry",
            Self::Search => "search",
            Self::Refunds => "refunds",
            Self::Captures => "captures",
            Self::Continuations => "continuations",
            Self::Links => "links",
            Self::Subscriptions => "subscriptions",
            Self::ScheduledBilling => "scheduled-billing",
            Self::ManualBilling => "manual-billing",
            Self::Webhooks => "webhooks",
            Self::Utilities => "utilities",
        }
    }
}

/// The interfaces that a component exports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interfaces(pub std::collections::BTreeSet<Interface>);

impl Interfaces {
    /// Whether the plugin exports it.
    pub fn has(&self, interface: Interface) -> bool {
        self.0.contains(&interface)
    }
}

/// How often a subscription bills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interval {
    /// Every so many days.
    Day,
    /// Every so many weeks.
    Week,
    /// Every so many months.
    Month,
    /// Every so many years.
    Year,
}

impl Interval {
    /// All of them, the shortest first.
    pub const ALL: [Self; 4] = [Self::Day, Self::Week, Self::Month, Self::Year];

    /// Its name in the interface and in the store.
    pub fn name(self) -> &'static str {
        match self {
            Self::Day => "DAY",
            Self::Week => "WEEK",
            Self::Month => "MONTH",
            Self::Year => "YEAR",
        }
    }

    /// The interval that has this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|interval| interval.name() == name)
    }
}

/// What a plugin says of itself when it is loaded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Description {
    /// The plugin's name for itself.
    pub name: String,
    /// The author's version, for people.
    pub version: String,
    /// Payment methods as in the path segment; empty: it does not tell them apart.
    pub payment_methods: Vec<String>,
    /// ISO 4217 codes; empty: all.
    pub currencies: Vec<String>,
    /// Currencies whose smallest unit at this provider is not ISO's.
    pub exponents: Vec<(String, u8)>,
    /// Intervals of subscriptions.
    pub intervals: Vec<Interval>,
    /// Origins that it calls: a request for grants, not a grant.
    pub origins: Vec<String>,
    /// Requests other than GET and HEAD that move no money.
    pub safe_requests: Vec<SafeRequest>,
    /// Secrets by name.
    pub secrets: Vec<Need>,
    /// Settings by name.
    pub settings: Vec<Need>,
    /// True where a search that finds nothing proves that nothing happened.
    pub search_is_authoritative: bool,
    /// How long the provider honours an idempotency key, in milliseconds; none: it has no such thing.
    pub idempotency_key_ttl_ms: Option<u64>,
    /// The shape of `carry` that it writes.
    pub carry_format: u32,
    /// The older shapes that it still reads.
    pub reads_carry_formats: Vec<u32>,
}

/// A request other than GET or HEAD that moves no money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SafeRequest {
    /// Its method.
    pub method: String,
    /// Where it goes.
    pub origin: String,
    /// What its path begins with.
    pub path_prefix: String,
}

/// A secret or a setting that a plugin asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// Its name in the configuration.
    pub name: String,
    /// What it is for.
    pub about: String,
    /// Without it the plugin is refused.
    pub required: bool,
}
