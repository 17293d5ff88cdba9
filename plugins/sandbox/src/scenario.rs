//! What shall happen, as the caller wishes it.

use std::time::Duration;

use provost_sdk::prelude::*;
use serde::de::{IntoDeserializer, value};
use serde::{Deserialize, Serialize};

use crate::misbehaviour;

/// What can happen. An operation that knows nothing special to do for one of them succeeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Scenario {
    Succeed,
    Decline,
    /// The payer must go somewhere; accepted once its webhook says so.
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
    /// The money is reserved.
    Authorize,
    /// The money is reserved, and the host is asked to capture it.
    AutoCapture,
    /// The payer must go somewhere; then the payment has a next step.
    Continue,
    /// A subscription of which one payment is late.
    PastDue,
}

impl Scenario {
    /// It ends as a fault of the provider or the plugin.
    fn is_fault(self) -> bool {
        matches!(self, Self::Trap | Self::Loop | Self::Memory | Self::Refuse)
    }

    /// It does not go as it should.
    fn is_trouble(self) -> bool {
        self.is_fault() || matches!(self, Self::Unknown | Self::Slow)
    }
}

/// What the sandbox reads of `providerData`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Wish {
    scenario: Option<String>,
    /// The decline code.
    code: Option<String>,
    /// How long *slow* takes.
    delay_ms: Option<u64>,
}

impl Wish {
    /// Chooses the scenario, and does at once what every operation does alike: wait, refuse, misbehave.
    /// What it hands back is left for the operation to do. Without an amount, no digits choose.
    pub(crate) fn begin(&self, amount: Option<&Amount>) -> Result<Scenario> {
        match self.scenario(amount)? {
            Scenario::Slow => {
                clock::sleep(self.delay());
                Ok(Scenario::Succeed)
            }
            Scenario::Refuse => Err(misbehaviour::refused()),
            Scenario::Trap => misbehaviour::trap(),
            Scenario::Loop => misbehaviour::spin(),
            Scenario::Memory => misbehaviour::hoard(),
            scenario => Ok(scenario),
        }
    }

    fn scenario(&self, amount: Option<&Amount>) -> Result<Scenario> {
        let Some(name) = &self.scenario else {
            let chosen = amount.map_or(Scenario::Succeed, |amount| by_digits(amount.minor));
            let allowed = !chosen.is_trouble() || misbehaviour::is_allowed();
            return Ok(if allowed { chosen } else { Scenario::Succeed });
        };
        let named = by_name(name)?;
        if named.is_fault() && !misbehaviour::is_allowed() {
            return Err(Error::invalid(POINTER, "the operator has turned misbehaviour off"));
        }
        Ok(named)
    }

    pub(crate) fn decline(&self) -> Decline {
        let code = self.code.as_deref().unwrap_or("card_declined");
        Decline::new(code).description("declined, as wished")
    }

    fn delay(&self) -> Duration {
        let wished = Duration::from_millis(self.delay_ms.unwrap_or(1000));
        // Too long a wait is misbehaviour as well: the host would end the call.
        if misbehaviour::is_allowed() { wished } else { wished.min(Duration::from_secs(1)) }
    }
}

const POINTER: &str = "/providerData/scenario";

fn by_name(name: &str) -> Result<Scenario> {
    Scenario::deserialize(name.into_deserializer())
        .map_err(|error: value::Error| Error::invalid(POINTER, error.to_string()))
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
    use provost_sdk::testing::Host;

    use super::*;

    fn wish(data: Value) -> Wish {
        let request = PayRequest::new(Amount::new(100, "EUR"), "order").with_data(data);
        request.data().unwrap()
    }

    fn chosen(data: Value, minor: u64) -> Result<Scenario> {
        wish(data).scenario(Some(&Amount::new(minor, "EUR")))
    }

    #[test]
    fn the_last_two_digits_choose_unless_a_scenario_is_named() {
        let _host = Host::new();
        let cases = [
            (500, Scenario::Succeed),
            (1299, Scenario::Succeed),
            (501, Scenario::Decline),
            (2, Scenario::Redirect),
            (1010, Scenario::Memory),
            (1011, Scenario::Succeed),
        ];
        for (minor, expected) in cases {
            assert_eq!(chosen(json!({}), minor), Ok(expected));
            assert_eq!(chosen(json!({ "scenario": "past-due" }), minor), Ok(Scenario::PastDue));
        }
        assert_eq!(wish(json!({})).scenario(None), Ok(Scenario::Succeed));
    }

    #[test]
    fn an_unheard_of_scenario_is_the_callers_fault_and_names_the_field() {
        let _host = Host::new();
        let refused = chosen(json!({ "scenario": "explode" }), 1);
        let Err(Error::Invalid(faults)) = refused else { panic!("{refused:?}") };
        assert_eq!(faults[0].pointer, "/providerData/scenario");
        assert!(faults[0].reason.contains("pending-accepted"));
    }

    #[test]
    fn where_misbehaviour_is_turned_off_no_digits_choose_it_and_no_name_names_it() {
        let _host = Host::new().setting("misbehave", "false");
        for digits in 5..=10 {
            assert_eq!(chosen(json!({}), 500 + digits), Ok(Scenario::Succeed), "{digits}");
        }
        for (digits, expected) in [(1, Scenario::Decline), (2, Scenario::Redirect), (4, Scenario::PendingFailed)] {
            assert_eq!(chosen(json!({}), 500 + digits), Ok(expected));
        }
        for name in ["trap", "loop", "memory", "refuse"] {
            let refused = chosen(json!({ "scenario": name }), 500);
            let Err(Error::Invalid(faults)) = refused else { panic!("{refused:?}") };
            assert_eq!(faults[0].pointer, "/providerData/scenario");
        }
        assert_eq!(chosen(json!({ "scenario": "unknown" }), 500), Ok(Scenario::Unknown));
    }

    #[test]
    fn where_misbehaviour_is_turned_off_no_wait_outlasts_a_call() {
        let endless = wish(json!({ "scenario": "slow", "delayMs": u64::MAX }));
        let host = Host::new().setting("misbehave", "false");
        let before = host.now_ms();
        assert_eq!(endless.begin(None), Ok(Scenario::Succeed));
        assert_eq!(host.now_ms() - before, 1000);
    }
}
