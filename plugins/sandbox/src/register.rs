//! What this provider knows of a subscription beyond its `carry`, in the plugin's own store: changes and
//! cancellations, what webhooks have said, and subscriptions whose answer was lost. It is kept for good,
//! because a subscription has no last day after which nobody asks.

use provost_sdk::prelude::*;
use serde::{Deserialize, Serialize};

use crate::ledger;
use crate::terms::{Stage, Terms};

/// No token of this provider's is longer, and the store takes no key of any length.
const LONGEST_TOKEN: usize = 64;
const PREFIX: &str = "sub_";

/// One line of the register.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Line {
    /// What somebody told.
    stage: Option<Stage>,
    /// In milliseconds since 1970: older news does not replace it.
    as_of_ms: u64,
    /// Newer than what the host carries.
    terms: Option<Terms>,
}

/// How a subscription stands.
#[derive(Debug)]
pub(crate) struct Standing {
    pub(crate) stage: Stage,
    /// None where only webhooks have ever told of it.
    pub(crate) terms: Option<Terms>,
}

impl Standing {
    pub(crate) fn must_live(&self) -> Result<()> {
        if self.stage.is_over() { Err(Error::conflict("the subscription has ended")) } else { Ok(()) }
    }

    /// The same for whoever asks, with all that the host needs to keep.
    pub(crate) fn status(&self, reference: SubscriptionReference) -> SubscriptionStatus {
        let status = SubscriptionStatus::new(reference, self.stage.into());
        match &self.terms {
            Some(terms) => status.metadata(terms.metadata()).carry(json!(terms)),
            None => status,
        }
    }
}

/// The token of the subscription that this operation made.
pub(crate) fn token(reference: &str) -> String {
    format!("{PREFIX}{reference}")
}

/// How a subscription stands now.
pub(crate) fn of(subscription: &Subscription) -> Result<Standing> {
    let token = subscription.token()?;
    let line = find(token)?.unwrap_or_default();
    let terms = line.terms.or(subscription.carried()?);
    let stage = match (&terms, line.stage) {
        (Some(terms), told) => {
            let told = told.map_or_else(|| told_by_first_payment(token, terms), |told| Ok(Some(told)))?;
            terms.stage(told, clock::now_ms())
        }
        (None, Some(told)) => told,
        (None, None) => return Err(Error::not_found("the sandbox knows nothing of this token")),
    };
    Ok(Standing { stage, terms })
}

/// Who pays what a subscription begins with has agreed to it.
fn told_by_first_payment(token: &str, terms: &Terms) -> Result<Option<Stage>> {
    let Some(reference) = token.strip_prefix(PREFIX).filter(|_| terms.is_decided_later()) else { return Ok(None) };
    let line = ledger::find(&ledger::payment_id(reference))?;
    Ok(match line.map(|line| line.state) {
        Some(ledger::State::Accepted) => Some(Stage::Active),
        Some(ledger::State::Failed | ledger::State::Voided) => Some(Stage::Canceled),
        _ => None,
    })
}

/// Writes down what no answer can carry.
pub(crate) fn record(token: &str, terms: Terms) -> Result<()> {
    let line = find(token)?.unwrap_or_default();
    write(token, &Line { terms: Some(terms), ..line })
}

/// Writes down that it was ended.
pub(crate) fn cancel(token: &str) -> Result<()> {
    let line = find(token)?.unwrap_or_default();
    write(token, &Line { stage: Some(Stage::Canceled), as_of_ms: clock::now_ms(), ..line })
}

/// Notes what a webhook said, unless something newer is known.
pub(crate) fn note(token: &str, stage: Stage, as_of_ms: u64) -> Result<()> {
    let line = find(token)?.unwrap_or_default();
    if line.as_of_ms > as_of_ms {
        return Ok(());
    }
    write(token, &Line { stage: Some(stage), as_of_ms, ..line })
}

fn find(token: &str) -> Result<Option<Line>> {
    if token.len() > LONGEST_TOKEN { Ok(None) } else { state::get_json(token) }
}

fn write(token: &str, line: &Line) -> Result<()> {
    state::set_json(token, line, None)
}
