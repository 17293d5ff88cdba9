//! What this provider knows of a payment or refund beyond its `carry`, in the plugin's own store. Ids
//! follow from the operation's reference, so that the same operation, tried again, is the same payment.

use std::time::Duration;

use provost_sdk::prelude::*;
use serde::{Deserialize, Serialize};

use crate::scenario::Scenario;

const KEPT: Duration = Duration::from_secs(35 * 24 * 60 * 60);

/// No id of this provider's is longer, and the store takes no key of any length.
const LONGEST_ID: usize = 64;

/// What the host keeps with a payment or refund: how its scenario goes on.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Carry {
    scenario: Scenario,
    /// What is pending stays so until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    decided_at_ms: Option<u64>,
}

impl Carry {
    pub(crate) fn new(scenario: Scenario) -> Self {
        Self { scenario, decided_at_ms: None }
    }

    /// The same, decided at that time and no sooner.
    pub(crate) fn decided_at_ms(self, decided_at_ms: u64) -> Self {
        Self { decided_at_ms: Some(decided_at_ms), ..self }
    }

    /// Whether the host is to capture by itself.
    pub(crate) fn asks_for_capture(self) -> bool {
        self.scenario == Scenario::AutoCapture
    }

    fn state(self, now_ms: u64) -> State {
        let is_open = self.decided_at_ms.is_some_and(|decided_at_ms| now_ms < decided_at_ms);
        match self.scenario {
            _ if is_open => State::Pending,
            Scenario::Redirect | Scenario::Continue => State::Pending,
            Scenario::Authorize | Scenario::AutoCapture => State::Authorized,
            Scenario::PendingFailed => State::Failed,
            _ => State::Accepted,
        }
    }
}

/// How a payment, a refund or a capture stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    Pending,
    /// The payer has agreed; the next step is the host's.
    Approved,
    Authorized,
    Accepted,
    Failed,
    Voided,
}

impl From<State> for PaymentState {
    fn from(state: State) -> Self {
        match state {
            State::Pending | State::Approved => Self::Pending,
            State::Authorized => Self::Authorized,
            State::Accepted => Self::Accepted,
            State::Failed => Self::Failed,
            State::Voided => Self::Voided,
        }
    }
}

/// One line of the ledger: a payment or a refund.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) state: State,
    /// In milliseconds since 1970: older news does not replace it.
    as_of_ms: u64,
    pub(crate) amount: Option<Amount>,
    /// What was collected of what was reserved, in one key with the payment: they change together.
    #[serde(default)]
    pub(crate) captures: Vec<Capture>,
    /// The id of the void that released it.
    #[serde(default)]
    pub(crate) void: Option<String>,
}

/// A part of a payment that was collected, or that was tried to.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Capture {
    pub(crate) id: String,
    pub(crate) state: State,
    pub(crate) amount: Amount,
}

impl Line {
    fn new(state: State, as_of_ms: u64, amount: Option<Amount>) -> Self {
        Self { state, as_of_ms, amount, captures: Vec::new(), void: None }
    }

    /// How much was collected in parts; none where the payment was not captured in any.
    pub(crate) fn captured(&self) -> Option<Amount> {
        let collected: Vec<_> = self.captures.iter().filter(|capture| capture.state == State::Accepted).collect();
        let currency = &collected.first()?.amount.currency;
        Some(Amount::new(collected.iter().map(|capture| capture.amount.minor).sum(), currency))
    }

    /// Writes down what was done to it just now.
    pub(crate) fn write(&mut self, id: &str) -> Result<()> {
        self.as_of_ms = clock::now_ms();
        state::set_json(id, self, Some(KEPT))
    }
}

pub(crate) fn payment_id(reference: &str) -> String {
    format!("pay_{reference}")
}

pub(crate) fn refund_id(reference: &str) -> String {
    format!("re_{reference}")
}

pub(crate) fn capture_id(reference: &str) -> String {
    format!("cap_{reference}")
}

pub(crate) fn void_id(reference: &str) -> String {
    format!("void_{reference}")
}

pub(crate) fn find(id: &str) -> Result<Option<Line>> {
    if id.len() > LONGEST_ID { Ok(None) } else { state::get_json(id) }
}

/// Writes down something of which no answer will tell.
pub(crate) fn record(id: &str, state: State, amount: &Amount) -> Result<()> {
    Line::new(state, 0, Some(amount.clone())).write(id)
}

/// Notes what a webhook said, unless something newer is known.
pub(crate) fn note(id: &str, state: State, amount: Option<&Amount>, as_of_ms: u64) -> Result<()> {
    let known = find(id)?;
    if known.as_ref().is_some_and(|known| known.as_of_ms > as_of_ms) {
        return Ok(());
    }
    let mut line = known.unwrap_or_else(|| Line::new(state, as_of_ms, None));
    (line.state, line.as_of_ms) = (state, as_of_ms);
    line.amount = amount.cloned().or(line.amount);
    state::set_json(id, &line, Some(KEPT))
}

/// How something stands: as the ledger says, else as its scenario goes.
pub(crate) fn standing(id: &str, carry: Option<Carry>) -> Result<Line> {
    if let Some(line) = find(id)? {
        return Ok(line);
    }
    let carry = carry.ok_or_else(|| Error::not_found("the sandbox knows nothing of this id"))?;
    Ok(Line::new(carry.state(clock::now_ms()), 0, None))
}

/// How a payment that the host knows stands.
pub(crate) fn of(payment: &Payment) -> Result<Line> {
    standing(payment.id()?, payment.carried()?)
}
