//! What a plugin hands back is taken apart here: counted against its limit, its JSON parsed, its amounts in range. What
//! is not lawful ends the call.

use super::types;
use crate::clock::Timestamp;
use crate::model::{Amount, Carry, Failure, FollowUp, MAX_MINOR, Source, Target};
use serde_json::Value;

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

    fn json(&mut self, text: String, what: &str) -> Taken<String> {
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
            payment_ids: self.texts(reference.payment_ids)?,
            shop_transaction_id: self.optional(reference.shop_transaction_id)?,
            host_reference: self.optional(reference.host_reference)?,
        })
    }

    pub(super) fn follow_ups(&mut self, follow_ups: Vec<types::FollowUp>) -> Taken<Vec<FollowUp>> {
        self.list(follow_ups, |taking, follow_up| match follow_up {
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
