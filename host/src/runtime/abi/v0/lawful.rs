//! What a plugin hands back is taken apart here: counted against its limit, its JSON parsed, its amounts in range. What
//! is not lawful ends the call.

use super::types;
use crate::capabilities::LONGEST_NAME;
use crate::clock::Timestamp;
use crate::model::{Amount, Carry, Failure, FollowUp, MAX_MINOR, Source, Target};
use serde_json::Value;

/// The most names that one reference can have: each new one is compared with all that a payment has.
const MOST_NAMES: usize = 16;
/// The most follow-ups to one piece of news.
const MOST_FOLLOW_UPS: usize = 16;

/// Why a value is not taken.
pub(super) type Taken<T> = Result<T, Failure>;

/// Takes one value apart.
pub(super) struct Taking {
    limit: u64,
    left: u64,
    carry_format: u32,
    pub(super) source: Source,
}

impl Taking {
    /// At most `limit` bytes of text in all.
    pub(super) fn new(limit: u64, carry_format: u32, source: Source) -> Self {
        Self { limit, left: limit, carry_format, source }
    }

    /// Counts so many bytes.
    pub(super) fn count(&mut self, bytes: usize) -> Taken<()> {
        self.left = self.left.checked_sub(bytes as u64).ok_or(Failure::Limit("value"))?;
        Ok(())
    }

    /// Bytes counted so far.
    pub(super) fn counted(&self) -> usize {
        usize::try_from(self.limit - self.left).unwrap_or(usize::MAX)
    }

    pub(super) fn text(&mut self, text: String) -> Taken<String> {
        self.count(text.len())?;
        Ok(text)
    }

    pub(super) fn optional(&mut self, text: Option<String>) -> Taken<Option<String>> {
        text.map(|text| self.text(text)).transpose()
    }

    pub(super) fn texts(&mut self, texts: Vec<String>) -> Taken<Vec<String>> {
        // An empty string costs its place in the list.
        self.count(texts.len() * size_of::<String>())?;
        texts.into_iter().map(|text| self.text(text)).collect()
    }

    /// Every element, with the place that it takes counted.
    pub(super) fn list<A, B>(&mut self, list: Vec<A>, mut one: impl FnMut(&mut Self, A) -> Taken<B>) -> Taken<Vec<B>> {
        self.count(list.len() * size_of::<A>())?;
        list.into_iter().map(|element| one(self, element)).collect()
    }

    /// The same for a list that is of at most so many elements.
    pub(super) fn short_list<A, B>(
        &mut self,
        most: usize,
        list: Vec<A>,
        one: impl FnMut(&mut Self, A) -> Taken<B>,
    ) -> Taken<Vec<B>> {
        match list.len() {
            length if length > most => Err(unlawful(format!("a list of {length} where {most} is the most"))),
            _ => self.list(list, one),
        }
    }

    /// What a provider calls something: not empty, and no longer than any name.
    pub(super) fn name(&mut self, text: String) -> Taken<String> {
        match text.len() {
            1..=LONGEST_NAME => self.text(text),
            length => Err(unlawful(format!("a provider's name of {length} bytes"))),
        }
    }

    pub(super) fn some_name(&mut self, text: Option<String>) -> Taken<Option<String>> {
        text.map(|text| self.name(text)).transpose()
    }

    /// What a merchant or the host calls something: no longer than their names can be, which count characters.
    fn short(&mut self, text: Option<String>) -> Taken<Option<String>> {
        match text.as_ref().map_or(0, |text| text.chars().count()) {
            0..=LONGEST_NAME => self.optional(text),
            length => Err(unlawful(format!("a reference of {length} characters"))),
        }
    }

    pub(super) fn names(&mut self, names: Vec<String>) -> Taken<Vec<String>> {
        self.short_list(MOST_NAMES, names, Self::name)
    }

    pub(super) fn metadata(&mut self, text: Option<String>) -> Taken<Option<String>> {
        let text = self.optional(text)?;
        match text.as_deref().map(serde_json::from_str::<serde_json::Map<String, Value>>) {
            None | Some(Ok(_)) => Ok(text),
            Some(Err(_)) => Err(unlawful("metadata is not a JSON object")),
        }
    }

    pub(super) fn carry(&mut self, text: Option<String>) -> Taken<Option<Carry>> {
        let json = text.map(|text| self.json(text, "carry")).transpose()?;
        Ok(json.map(|json| Carry { json, format: self.carry_format }))
    }

    pub(super) fn json(&mut self, text: String, what: &str) -> Taken<String> {
        match serde_json::from_str::<serde::de::IgnoredAny>(&text) {
            Ok(_) => self.text(text),
            Err(_) => Err(unlawful(format!("{what} is not JSON"))),
        }
    }

    pub(super) fn amount(&mut self, amount: types::Amount) -> Taken<Amount> {
        let types::Amount { minor, currency } = amount;
        if minor > MAX_MINOR {
            return Err(unlawful("an amount is more than 2^53-1"));
        }
        if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Err(unlawful("a currency is not three capital letters"));
        }
        Ok(Amount { minor, currency: self.text(currency)? })
    }

    pub(super) fn some_amount(&mut self, amount: Option<types::Amount>) -> Taken<Option<Amount>> {
        amount.map(|amount| self.amount(amount)).transpose()
    }

    pub(super) fn target(&mut self, reference: types::Reference) -> Taken<Target> {
        Ok(Target {
            payment_ids: self.names(reference.payment_ids)?,
            shop_transaction_id: self.short(reference.shop_transaction_id)?,
            host_reference: self.short(reference.host_reference)?,
        })
    }

    pub(super) fn follow_ups(&mut self, follow_ups: Vec<types::FollowUp>) -> Taken<Vec<FollowUp>> {
        self.short_list(MOST_FOLLOW_UPS, follow_ups, |taking, follow_up| match follow_up {
            types::FollowUp::Capture => Ok(FollowUp::Capture),
            types::FollowUp::Resume(text) => Ok(FollowUp::Resume(taking.json(text, "what to resume with")?)),
        })
    }

    pub(super) fn moment(&self, milliseconds: Option<u64>) -> Option<Timestamp> {
        milliseconds.map(Timestamp)
    }
}

/// The end of a call that handed back what it must not.
pub(super) fn unlawful(why: impl Into<String>) -> Failure {
    Failure::Trap(why.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taking() -> Taking {
        Taking::new(256 << 10, 0, Source::Answer)
    }

    fn refused<T: std::fmt::Debug>(taken: Taken<T>) -> bool {
        matches!(taken, Err(Failure::Trap(_)))
    }

    #[test]
    fn a_name_is_not_empty_and_has_an_end() {
        for length in [1, 255] {
            assert!(taking().name("x".repeat(length)).is_ok(), "{length}");
        }
        for length in [0, 256] {
            assert!(refused(taking().name("x".repeat(length))), "{length}");
            assert!(refused(taking().some_name(Some("x".repeat(length)))), "{length}");
            assert!(refused(taking().names(vec!["x".repeat(length)])), "{length}");
        }
        assert_eq!(taking().some_name(None), Ok(None));
    }

    #[test]
    fn a_reference_has_only_so_many_names() {
        let reference = |count| types::Reference {
            payment_ids: (0..count).map(|number| format!("pay-{number}")).collect(),
            shop_transaction_id: None,
            host_reference: None,
        };
        assert_eq!(taking().target(reference(16)).unwrap().payment_ids.len(), 16);
        assert!(refused(taking().target(reference(17))));
    }

    #[test]
    fn every_text_of_a_reference_has_an_end() {
        let reference = |shop: usize, host: usize| types::Reference {
            payment_ids: vec![],
            shop_transaction_id: Some("é".repeat(shop)),
            host_reference: Some("x".repeat(host)),
        };
        assert!(taking().target(reference(255, 255)).is_ok());
        assert!(refused(taking().target(reference(256, 1))));
        assert!(refused(taking().target(reference(1, 256))));
    }

    #[test]
    fn news_has_only_so_many_follow_ups() {
        let follow_ups = |count| (0..count).map(|_| types::FollowUp::Capture).collect();
        assert_eq!(taking().follow_ups(follow_ups(16)).unwrap().len(), 16);
        assert!(refused(taking().follow_ups(follow_ups(17))));
    }
}
