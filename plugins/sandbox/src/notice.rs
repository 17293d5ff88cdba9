//! What this provider's webhooks say, and how they prove where they come from.

use provost_sdk::prelude::*;
use serde::Deserialize;

use crate::ledger::State;

/// The body of a webhook.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Notice {
    /// Of the event.
    pub(crate) id: String,
    pub(crate) payment_id: String,
    pub(crate) state: State,
    /// In milliseconds since 1970.
    pub(crate) occurred_at: Option<u64>,
    /// It is about this refund of the payment.
    pub(crate) refund_id: Option<String>,
}

impl Notice {
    /// What the news is about.
    pub(crate) fn subject(&self) -> &str {
        self.refund_id.as_deref().unwrap_or(&self.payment_id)
    }
}

impl From<Notice> for DatedEvent {
    fn from(notice: Notice) -> Self {
        let status = PaymentStatus::new(Reference::payment(notice.payment_id), notice.state.into());
        let status = match notice.refund_id {
            Some(refund) => status.refund(refund),
            None => status,
        };
        Self::new(status).id(notice.id).occurred_at_ms(notice.occurred_at)
    }
}

/// `t=<unix seconds>,v1=<hex>`, with several `v1` while a key is being changed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Signature<'a> {
    pub(crate) seconds: u64,
    pub(crate) codes: Vec<&'a str>,
}

impl<'a> Signature<'a> {
    pub(crate) fn parse(header: &'a str) -> Option<Self> {
        let mut seconds = None;
        let mut codes = Vec::new();
        for part in header.split(',') {
            match part.trim().split_once('=')? {
                ("t", value) => seconds = Some(value.parse().ok()?),
                ("v1", code) => codes.push(code),
                // Schemes to come.
                _ => {}
            }
        }
        let seconds = seconds?;
        Some(Self { seconds, codes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_has_a_time_and_any_number_of_codes() {
        let parsed = Signature::parse("t=17, v1=aa,v0=zz,v1=bb").unwrap();
        let (seconds, codes) = (17, vec!["aa", "bb"]);
        assert_eq!(parsed, Signature { seconds, codes });
        for broken in ["", "v1=aa", "t=x,v1=aa", "t=-1,v1=aa", "t=17,v1"] {
            assert_eq!(Signature::parse(broken), None, "{broken}");
        }
    }
}
