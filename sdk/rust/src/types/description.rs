//! What a plugin says about itself, one sentence after the other.

use std::time::Duration;

use super::{Description, Interval, Need, SafeRequest};

impl Description {
    /// A plugin that asks for nothing and declares nothing. `version` is usually
    /// `env!("CARGO_PKG_VERSION")`.
    pub fn new(name: impl Into<String>, version: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            version: version.into(),
            payment_methods: Vec::new(),
            currencies: Vec::new(),
            exponents: Vec::new(),
            intervals: Vec::new(),
            origins: Vec::new(),
            safe_requests: Vec::new(),
            secrets: Vec::new(),
            settings: Vec::new(),
            search_is_authoritative: false,
            idempotency_key_ttl_ms: None,
            carry_format: 1,
            reads_carry_formats: vec![1],
        }
    }

    /// A payment method that it knows, as in the path; with none, it does not tell them apart.
    #[must_use]
    pub fn payment_method(mut self, name: impl Into<String>) -> Self {
        self.payment_methods.push(name.into());
        self
    }

    /// A currency that it takes; with none, it takes all.
    #[must_use]
    pub fn currency(mut self, code: impl Into<String>) -> Self {
        self.currencies.push(code.into());
        self
    }

    /// A currency whose smallest unit is not ISO's at this provider.
    #[must_use]
    pub fn exponent(mut self, currency: impl Into<String>, digits: u8) -> Self {
        self.exponents.push((currency.into(), digits));
        self
    }

    /// An interval at which it can bill.
    #[must_use]
    pub fn interval(mut self, interval: Interval) -> Self {
        self.intervals.push(interval);
        self
    }

    /// An origin that it calls, such as `https://api.example.com`: a wish, which the operator grants.
    #[must_use]
    pub fn origin(mut self, origin: impl Into<String>) -> Self {
        self.origins.push(origin.into());
        self
    }

    /// Requests that move no money although they are neither GET nor HEAD: a token, a search.
    #[must_use]
    pub fn safe_request(
        mut self,
        method: impl Into<String>,
        origin: impl Into<String>,
        path_prefix: impl Into<String>,
    ) -> Self {
        self.safe_requests.push(SafeRequest {
            method: method.into(),
            origin: origin.into(),
            path_prefix: path_prefix.into(),
        });
        self
    }

    /// A secret without which it cannot work; `about` tells the operator what to put there.
    #[must_use]
    pub fn secret(mut self, name: impl Into<String>, about: impl Into<String>) -> Self {
        self.secrets.push(need(name, about, true));
        self
    }

    /// A secret that it uses where there is one.
    #[must_use]
    pub fn optional_secret(mut self, name: impl Into<String>, about: impl Into<String>) -> Self {
        self.secrets.push(need(name, about, false));
        self
    }

    /// A setting without which it cannot work.
    #[must_use]
    pub fn setting(mut self, name: impl Into<String>, about: impl Into<String>) -> Self {
        self.settings.push(need(name, about, true));
        self
    }

    /// A setting that has a default.
    #[must_use]
    pub fn optional_setting(mut self, name: impl Into<String>, about: impl Into<String>) -> Self {
        self.settings.push(need(name, about, false));
        self
    }

    /// Promises that a search that finds nothing proves that nothing happened. Where the provider's
    /// search lags behind its ledger, this loses money.
    #[must_use]
    pub fn search_is_authoritative(mut self) -> Self {
        self.search_is_authoritative = true;
        self
    }

    /// How long the provider honours an idempotency key.
    #[must_use]
    pub fn idempotency_keys_live(mut self, ttl: Duration) -> Self {
        self.idempotency_key_ttl_ms = Some(u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX));
        self
    }

    /// The shape of `carry` that this version writes, and the older ones that it still reads.
    #[must_use]
    pub fn carry_format(mut self, writes: u32, also_reads: &[u32]) -> Self {
        self.carry_format = writes;
        self.reads_carry_formats = also_reads.to_vec();
        self.reads_carry_formats.push(writes);
        self
    }
}

fn need(name: impl Into<String>, about: impl Into<String>, required: bool) -> Need {
    Need { name: name.into(), about: about.into(), required }
}
