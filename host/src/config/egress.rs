//! `[plugins.egress]` and `tls` of a provider: how requests to it are sent.

use super::kinds;
use super::read::{Item, Table};
use super::secret::from_file;
use crate::egress::{BreakerSettings, Settings, Tls, TlsError};
use std::sync::Arc;
use std::time::Duration;

/// More at the same time than this, no provider answers.
const MOST_REQUESTS: u32 = 100_000;

/// What the table says; what it leaves open, `base` says.
pub(super) fn read(table: &Table<'_>, base: &Settings) -> Settings {
    let count =
        |key, least, base| table.read(key, |node| kinds::count_u32(node, least..=MOST_REQUESTS)).unwrap_or(base);
    let gap = |key, base| {
        let gap = table.read(key, |node| kinds::at_least(node, Duration::from_millis(1)));
        gap.unwrap_or(base)
    };
    Settings {
        tls: base.tls.clone(),
        concurrent_requests: count("concurrent_requests", 1, base.concurrent_requests),
        requests_per_second: count("requests_per_second", 0, base.requests_per_second),
        breaker: BreakerSettings {
            failures: count("breaker_failures", 0, base.breaker.failures),
            rest: gap("breaker_rest", base.breaker.rest),
            ask: gap("breaker_ask", base.breaker.ask),
        },
    }
}

/// `{ ca = "PATH", certificate = "PATH", key = "PATH" }`, read and tried.
pub(super) fn tls(item: &Item<'_>) -> Option<Arc<Tls>> {
    let table = item.table()?;
    let file = |key| table.item(key).map(|item: Item<'_>| (from_file(&item), item));
    let (ca, certificate, key) = (file("ca"), file("certificate"), file("key"));
    let identity = match (&certificate, &key) {
        (Some((certificate, _)), Some((key, _))) => Some((certificate.as_ref()?, key.as_ref()?)),
        (None, None) => None,
        _ => {
            table.fault("certificate and key belong together: write both, or none of them");
            return None;
        }
    };
    let authorities = match &ca {
        Some((pem, _)) => Some(pem.as_ref()?.expose().to_vec()),
        None => None,
    };
    let tls = Tls::new(authorities, identity.map(|(certificate, key)| (certificate.expose(), key)));
    let at = |error: &TlsError| match error {
        TlsError::Authorities => ca.as_ref(),
        TlsError::Identity => certificate.as_ref(),
    };
    let noted = tls.map_err(|error| at(&error).map(|(_, item)| item).unwrap_or(item).fault(error.to_string()));
    noted.ok().map(Arc::new)
}
