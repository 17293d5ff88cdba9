//! `operation`: the call that is going on.

use super::{Call, Mode};
use crate::model::{Failure, Seed};
use std::time::Duration;

/// What a provider has named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name {
    /// The payment.
    Payment(String),
    /// The refund.
    Refund(String),
    /// The subscription.
    Subscription(String),
}

impl Name {
    /// The name itself.
    pub fn text(&self) -> &str {
        match self {
            Self::Payment(text) | Self::Refund(text) | Self::Subscription(text) => text,
        }
    }
}

/// Bytes of the longest name that a provider can give.
pub const LONGEST_NAME: usize = 255;
/// The most names that one call can learn.
const MOST_NAMES: usize = 64;

impl Call {
    /// The idempotency key of one step (rule 21). Without an operation a random one: what only reads needs none that lasts.
    pub fn idempotency_key(&self, step: Option<&str>) -> String {
        match &self.mode {
            Mode::Operation { seed, .. } => seed.key(step),
            Mode::Reading { .. } => Seed::random().key(step),
        }
    }

    /// The host's name for the operation; empty where there is none.
    pub fn reference(&self) -> &str {
        match &self.mode {
            Mode::Operation { reference, .. } => &reference.0,
            Mode::Reading { reference } => reference.as_ref().map_or("", |reference| &reference.0),
        }
    }

    /// 1 for the first try.
    pub fn attempt(&self) -> u32 {
        match self.mode {
            Mode::Operation { attempt, .. } => attempt,
            Mode::Reading { .. } => 1,
        }
    }

    /// Where the provider can tell about this very operation.
    pub fn webhook_url(&self) -> Option<&str> {
        match &self.mode {
            Mode::Operation { webhook_url, .. } => webhook_url.as_deref(),
            Mode::Reading { .. } => None,
        }
    }

    /// How long it may still run.
    pub fn remaining(&self) -> Duration {
        self.limits().deadline.saturating_sub(self.elapsed())
    }

    /// What the provider has named, kept from here on. What is empty or longer than any name ends the call.
    pub async fn learned(&mut self, name: Name) -> Result<(), Failure> {
        if !(1..=LONGEST_NAME).contains(&name.text().len()) {
            return Err(Failure::Trap(format!("operation.learned: a name of {} bytes", name.text().len())));
        }
        if self.report.learned.contains(&name) {
            return Ok(());
        }
        if self.report.learned.len() == MOST_NAMES {
            return Err(super::call::beyond("names_learned"));
        }
        self.report.learned.push(name.clone());
        self.scope.records.learned(name).await;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{call, reading};
    use super::*;

    const ORIGIN: &str = "https://a.example";

    #[test]
    fn an_operation_has_one_key_for_each_step_and_a_question_has_none_that_lasts() {
        let (operation, _) = call(ORIGIN);
        assert_eq!(operation.idempotency_key(None), operation.idempotency_key(None));
        assert_ne!(operation.idempotency_key(None), operation.idempotency_key(Some("capture")));
        assert_eq!(operation.reference().len(), 32);
        let (question, _) = reading(ORIGIN, Vec::new());
        assert_ne!(question.idempotency_key(None), question.idempotency_key(None));
        assert_eq!((question.reference(), question.attempt(), question.webhook_url()), ("", 1, None));
    }

    #[tokio::test]
    async fn a_name_is_learned_once_and_there_is_an_end_to_names() {
        let (mut call, _) = call(ORIGIN);
        let name = |number: usize| Name::Payment(format!("pay-{number}"));
        for number in [0, 0, 1] {
            call.learned(name(number)).await.unwrap();
        }
        assert!(matches!(call.learned(Name::Refund(String::new())).await, Err(Failure::Trap(_))));
        assert!(matches!(call.learned(Name::Refund("x".repeat(256))).await, Err(Failure::Trap(_))));
        for number in 2..MOST_NAMES {
            call.learned(name(number)).await.unwrap();
        }
        assert_eq!(call.learned(name(MOST_NAMES)).await, Err(Failure::Limit("names_learned")));
        assert_eq!(call.into_report().learned.len(), MOST_NAMES);
    }
}
