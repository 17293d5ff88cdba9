//! What this provider knows of a payment or refund beyond its `carry`, in the plugin's own store. Ids
//! follow from the operation's reference, so that the same operation, tried again, is the same payment.

use std::time::Duration;

use provost_sdk::prelude::*;
use serde::{Deserialize, Serialize};

use crate::scenario::Scenario;

const KEPT: Duration = Duration::from_secs(35 * 24 * 60 * 60);

/// What the host keeps with a payment or refund: how its scenario goes on.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Carry {
    pub(crate) scenario: Scenario,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    Pending,
    Accepted,
    Failed,
}

impl From<State> for PaymentState {
    fn from(state: State) -> Self {
        match state {
            State::Pending => Self::Pending,
            State::Accepted => Self::Accepted,
            State::Failed => Self::Failed,
        }
    }
}

/// One line of the ledger.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) state: State,
    /// In milliseconds since 1970: older news does not replace it.
    pub(crate) as_of_ms: u64,
    pub(crate) minor: Option<u64>,
    pub(crate) currency: Option<String>,
}

impl Entry {
    pub(crate) fn amount(&self) -> Option<Amount> {
        Some(Amount::new(self.minor?, self.currency.clone()?))
    }
}

pub(crate) fn payment_id(reference: &str) -> String {
    format!("pay_{reference}")
}

pub(crate) fn refund_id(reference: &str) -> String {
    format!("re_{reference}")
}

pub(crate) fn find(id: &str) -> Result<Option<Entry>> {
    state::get_json(id)
}

/// Writes down something of which no answer will tell.
pub(crate) fn record(id: &str, state: State, amount: &Amount) -> Result<()> {
    let entry =
        Entry { state, as_of_ms: clock::now_ms(), minor: Some(amount.minor), currency: Some(amount.currency.clone()) };
    state::set_json(id, &entry, Some(KEPT))
}

/// Notes what a webhook said, unless something newer is known.
pub(crate) fn note(id: &str, state: State, as_of_ms: u64) -> Result<()> {
    let known = find(id)?;
    if known.as_ref().is_some_and(|known| known.as_of_ms > as_of_ms) {
        return Ok(());
    }
    let entry = Entry {
        state,
        as_of_ms,
        minor: known.as_ref().and_then(|known| known.minor),
        currency: known.and_then(|known| known.currency),
    };
    state::set_json(id, &entry, Some(KEPT))
}

/// How something stands: as the ledger says, else as its scenario goes.
pub(crate) fn standing(id: &str, carry: Option<Carry>) -> Result<State> {
    if let Some(entry) = find(id)? {
        return Ok(entry.state);
    }
    match carry.map(|carry| carry.scenario) {
        None => Err(Error::not_found(format!("the sandbox knows no `{id}`"))),
        Some(Scenario::Redirect) => Ok(State::Pending),
        Some(Scenario::PendingFailed) => Ok(State::Failed),
        Some(_) => Ok(State::Accepted),
    }
}
