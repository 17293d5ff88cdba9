//! What the bank says, a line for each entry: `id=7&kind=charge&status=succeeded&amount=500&currency=EUR&…`.

use provost_sdk::prelude::*;

/// A line of the bank's.
pub(crate) struct Entry(Vec<(String, String)>);

impl Entry {
    /// Every entry of an answer; what is cut off or no line of the bank's says nothing.
    pub(crate) fn read_all(body: &[u8]) -> Result<Vec<Entry>> {
        let text = std::str::from_utf8(body).map_err(|_| unreadable())?;
        text.lines().map(|line| Self::read(line).ok_or_else(unreadable)).collect()
    }

    fn read(line: &str) -> Option<Entry> {
        // The bank ends each line with a word of its own, so that half a line is none.
        let fields = line.strip_suffix("&end")?.split('&').map(|field| {
            let (name, value) = field.split_once('=')?;
            Some((name.to_owned(), value.to_owned()))
        });
        let entry = Self(fields.collect::<Option<_>>()?);
        (entry.get("id").is_some() && entry.get("status").is_some()).then_some(entry)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let mut named = self.0.iter().filter(|(known, value)| known == name && !value.is_empty());
        named.next().map(|(_, value)| value.as_str())
    }

    pub(crate) fn id(&self) -> &str {
        self.get("id").unwrap_or_default()
    }

    pub(crate) fn is(&self, kind: &str) -> bool {
        self.get("kind") == Some(kind)
    }

    pub(crate) fn state(&self) -> PaymentState {
        match self.get("status") {
            Some("succeeded") => PaymentState::Accepted,
            Some("authorized") => PaymentState::Authorized,
            Some("pending" | "redirect") => PaymentState::Pending,
            Some("declined") => PaymentState::Failed,
            Some("voided") => PaymentState::Voided,
            _ => PaymentState::Unknown,
        }
    }

    pub(crate) fn subscription_state(&self) -> SubscriptionState {
        match self.get("status") {
            Some("pending") => SubscriptionState::Pending,
            Some("active") => SubscriptionState::Active,
            Some("canceled") => SubscriptionState::Canceled,
            _ => SubscriptionState::Unknown,
        }
    }

    pub(crate) fn amount(&self) -> Option<Amount> {
        self.money("amount")
    }

    fn money(&self, name: &str) -> Option<Amount> {
        Some(Amount::new(self.get(name)?.parse().ok()?, self.get("currency")?))
    }

    /// All that it says, as the status of a payment or of what was done to one.
    pub(crate) fn describe(&self, mut status: PaymentStatus) -> PaymentStatus {
        status.amount = self.amount();
        status.captured = self.money("captured");
        status
    }
}

fn unreadable() -> Error {
    Error::unknown("the bank's answer is not what was expected")
}
