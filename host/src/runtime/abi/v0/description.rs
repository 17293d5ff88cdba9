//! From WIT to the domain: what a plugin says of itself.

use super::exports::description as wit;
use super::lawful::{Taken, Taking};
use super::types;
use crate::model::{Description, Interval, Need, SafeRequest};

impl Taking {
    pub(super) fn description(&mut self, said: wit::Description) -> Taken<Description> {
        Ok(Description {
            name: self.text(said.name)?,
            version: self.text(said.version)?,
            payment_methods: self.texts(said.payment_methods)?,
            currencies: self.texts(said.currencies)?,
            exponents: self
                .list(said.exponents, |taking, (currency, exponent)| Ok((taking.text(currency)?, exponent)))?,
            intervals: self.list(said.intervals, |_, interval| Ok(interval_from(interval)))?,
            origins: self.texts(said.origins)?,
            safe_requests: self.list(said.safe_requests, |taking, safe| {
                Ok(SafeRequest {
                    method: taking.text(safe.method)?,
                    origin: taking.text(safe.origin)?,
                    path_prefix: taking.text(safe.path_prefix)?,
                })
            })?,
            secrets: self.list(said.secrets, Self::need)?,
            settings: self.list(said.settings, Self::need)?,
            search_is_authoritative: said.search_is_authoritative,
            idempotency_key_ttl_ms: said.idempotency_key_ttl_ms,
            carry_format: said.carry_format,
            reads_carry_formats: self.list(said.reads_carry_formats, |_, format| Ok(format))?,
        })
    }

    fn need(&mut self, need: wit::Need) -> Taken<Need> {
        Ok(Need { name: self.text(need.name)?, about: self.text(need.about)?, required: need.required })
    }
}

fn interval_from(interval: types::Interval) -> Interval {
    match interval {
        types::Interval::Day => Interval::Day,
        types::Interval::Week => Interval::Week,
        types::Interval::Month => Interval::Month,
        types::Interval::Year => Interval::Year,
    }
}
