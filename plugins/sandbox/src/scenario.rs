//! What shall happen, as the caller wishes it.

use std::time::Duration;

use provost_sdk::prelude::*;
use serde::de::{IntoDeserializer, value};
use serde::{Deserialize, Serialize};

/// What can happen to a payment or a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Scenario {
    Succeed,
    Decline,
    /// The payer must go somewhere; accepted once its webhook says so. A refund knows no payer, and
    /// succeeds.
    Redirect,
    PendingAccepted,
    PendingFailed,
    /// Nothing is done, and the provider says so.
    Refuse,
    /// It is done, and the answer gets lost.
    Unknown,
    Slow,
    Trap,
    Loop,
    Memory,
}

/// What the sandbox reads of `providerData`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Wish {
    scenario: Option<String>,
    /// The decline code.
    code: Option<String>,
    /// How long *slow* takes.
    delay_ms: Option<u64>,
}

impl Wish {
    pub(crate) fn scenario(&self, amount: &Amount) -> Result<Scenario> {
        match &self.scenario {
            Some(name) => by_name(name),
            None => Ok(by_digits(amount.minor)),
        }
    }

    pub(crate) fn decline(&self) -> Decline {
        let code = self.code.as_deref().unwrap_or("card_declined");
        Decline::new(code).description("declined, as wished")
    }

    pub(crate) fn delay(&self) -> Duration {
        Duration::from_millis(self.delay_ms.unwrap_or(1000))
    }
}

fn by_name(name: &str) -> Result<Scenario> {
    Scenario::deserialize(name.into_deserializer())
        .map_err(|error: value::Error| Error::invalid("/providerData/scenario", error.to_string()))
}

fn by_digits(minor: u64) -> Scenario {
    match minor % 100 {
        1 => Scenario::Decline,
        2 => Scenario::Redirect,
        3 => Scenario::PendingAccepted,
        4 => Scenario::PendingFailed,
        5 => Scenario::Refuse,
        6 => Scenario::Unknown,
        7 => Scenario::Slow,
        8 => Scenario::Trap,
        9 => Scenario::Loop,
        10 => Scenario::Memory,
        _ => Scenario::Succeed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(data: Value) -> Wish {
        let request = PayRequest::new(Amount::new(100, "EUR"), "order").with_data(data);
        request.data().unwrap()
    }

    #[test]
    fn the_last_two_digits_choose_unless_a_scenario_is_named() {
        let cases = [
            (500, Scenario::Succeed),
            (1299, Scenario::Succeed),
            (501, Scenario::Decline),
            (2, Scenario::Redirect),
            (1010, Scenario::Memory),
            (1011, Scenario::Succeed),
        ];
        for (minor, expected) in cases {
            let amount = Amount::new(minor, "EUR");
            assert_eq!(wish(json!({})).scenario(&amount), Ok(expected));
            let named = wish(json!({ "scenario": "succeed" }));
            assert_eq!(named.scenario(&amount), Ok(Scenario::Succeed));
        }
    }

    #[test]
    fn an_unheard_of_scenario_is_the_callers_fault_and_names_the_field() {
        let refused = wish(json!({ "scenario": "explode" })).scenario(&Amount::new(1, "EUR"));
        let Err(Error::Invalid(faults)) = refused else { panic!("{refused:?}") };
        assert_eq!(faults[0].pointer, "/providerData/scenario");
        assert!(faults[0].reason.contains("pending-accepted"));
    }
}
