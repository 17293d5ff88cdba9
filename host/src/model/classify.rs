//! What became of a call, decided by the host because the host sends (rule 2, and rule 13 for amounts).

use super::{Acknowledgement, Amount, Outcome, PluginError, PluginOutcome, Refused};

/// What left the host for the provider in all attempts of an operation. Only writes count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Departures {
    /// Writes that may have reached the provider.
    pub left: u32,
    /// Those of them that were answered whole, with a status below 500.
    pub answered: u32,
}

/// How a call of a plugin ended.
#[expect(clippy::large_enum_variant, reason = "one of them a call, made and taken apart at once")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It returned.
    Said(Result<PluginOutcome, PluginError>),
    /// It did not.
    Broke(Failure),
}

/// Why a call did not return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The guest trapped, panicked, or handed back what is not lawful. With its last words on stderr.
    Trap(String),
    /// A limit of `sandbox.md`, by its name.
    Limit(&'static str),
    /// The wall clock.
    Deadline,
    /// The host has no room for another call now.
    Exhausted,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Trap(why) => write!(f, "the plugin trapped: {why}"),
            Self::Limit(name) => write!(f, "the plugin went past its limit of {name}"),
            Self::Deadline => f.write_str("the plugin did not return before its deadline"),
            Self::Exhausted => f.write_str("the host had no room or no time for it"),
        }
    }
}

/// Makes an outcome of what left, what came back, and what the plugin said. `asked` is the operation's amount.
pub fn classify(departures: Departures, ending: Ending, asked: Option<&Amount>) -> Outcome {
    let nothing_left = departures.left == 0;
    let no_counts = departures.left == departures.answered;
    let unknown = |reason: String| Outcome::Unknown { reason, id: None };
    match ending {
        Ending::Said(Ok(PluginOutcome::Declined(decline))) if no_counts => Outcome::Declined(decline),
        Ending::Said(Ok(PluginOutcome::Declined(decline))) => Outcome::Unknown {
            reason: format!("declined ({}), but a request has no whole answer", decline.code),
            id: decline.id,
        },
        Ending::Said(Ok(outcome)) => accepted(outcome, asked),
        Ending::Said(Err(PluginError::Unknown { reason, payment_id })) => Outcome::Unknown { reason, id: payment_id },
        Ending::Said(Err(error)) if no_counts => Outcome::NotExecuted(refused(error)),
        Ending::Said(Err(error)) => unknown(format!("{error:?}, but a request has no whole answer")),
        Ending::Broke(Failure::Exhausted) if nothing_left => Outcome::NotExecuted(Refused::Provider {
            reason: Failure::Exhausted.to_string(),
            retry_after: Some(std::time::Duration::from_secs(1)),
        }),
        Ending::Broke(failure) if nothing_left => Outcome::NotExecuted(Refused::Broke(failure.to_string())),
        Ending::Broke(failure) => unknown(failure.to_string()),
    }
}

fn accepted(outcome: PluginOutcome, asked: Option<&Amount>) -> Outcome {
    match outcome {
        PluginOutcome::Succeeded(said) => agreed(said, asked, Outcome::Succeeded),
        PluginOutcome::Authorized(said) => agreed(said, asked, Outcome::Authorized),
        PluginOutcome::Pending(said) => {
            agreed(said, asked, |acknowledgement| Outcome::Pending { acknowledgement, review: None })
        }
        PluginOutcome::Redirect(said, destination) => {
            agreed(said, asked, |said| Outcome::ActionRequired(said, destination))
        }
        PluginOutcome::Declined(decline) => Outcome::Declined(decline),
    }
}

/// Rule 13: the provider's amount equals what was asked, or is less and marked partial; else a person must look.
fn agreed(said: Acknowledgement, asked: Option<&Amount>, outcome: impl FnOnce(Acknowledgement) -> Outcome) -> Outcome {
    match disagreement(said.amount.as_ref(), said.partial, asked) {
        None => outcome(said),
        review => Outcome::Pending { acknowledgement: said, review },
    }
}

/// What is wrong with the provider's amount, if anything is (rule 13).
pub(super) fn disagreement(said: Option<&Amount>, partial: bool, asked: Option<&Amount>) -> Option<String> {
    let (said, asked) = (said?, asked?);
    let agrees = said.currency == asked.currency && (said.minor == asked.minor || partial && said.minor < asked.minor);
    (!agrees).then(|| {
        format!("asked for {} {}, the provider says {} {}", asked.minor, asked.currency, said.minor, said.currency)
    })
}

fn refused(error: PluginError) -> Refused {
    match error {
        PluginError::Invalid(faults) => Refused::Invalid(faults),
        PluginError::NotFound(reason) => Refused::NotFound(reason),
        PluginError::Conflict(reason) => Refused::Conflict(reason),
        PluginError::Refused { reason, retry_after } => Refused::Provider { reason, retry_after },
        PluginError::Unsupported(reason) | PluginError::Unknown { reason, .. } => Refused::Unsupported(reason),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Decline, Destination, Fault};

    const NOTHING: Departures = Departures { left: 0, answered: 0 };
    const ANSWERED: Departures = Departures { left: 2, answered: 2 };
    const OPEN: Departures = Departures { left: 2, answered: 1 };

    fn said(outcome: PluginOutcome) -> Ending {
        Ending::Said(Ok(outcome))
    }

    fn names(ending: &Ending) -> [&'static str; 3] {
        [NOTHING, ANSWERED, OPEN].map(|departures| classify(departures, ending.clone(), None).name())
    }

    /// Rule 2, row by row: nothing left, all answered below 500, else.
    #[test]
    fn the_host_classifies_by_what_left_and_what_came_back() {
        let ack = Acknowledgement::default;
        let destination = Destination { web: Some("https://pay.example".into()), app: None };
        let yes = [
            (PluginOutcome::Succeeded(ack()), "succeeded"),
            (PluginOutcome::Authorized(ack()), "authorized"),
            (PluginOutcome::Pending(ack()), "pending"),
            (PluginOutcome::Redirect(ack(), destination), "action_required"),
        ];
        for (outcome, name) in yes {
            assert_eq!(names(&said(outcome)), [name; 3]);
        }
        assert_eq!(names(&said(PluginOutcome::Declined(Decline::default()))), ["declined", "declined", "unknown"]);
        let no = [
            PluginError::Invalid(vec![Fault::new("/amount", "odd")]),
            PluginError::NotFound(String::new()),
            PluginError::Conflict(String::new()),
            PluginError::Unsupported(String::new()),
            PluginError::Refused { reason: String::new(), retry_after: None },
        ];
        for error in no {
            assert_eq!(names(&Ending::Said(Err(error))), ["not_executed", "not_executed", "unknown"]);
        }
        let lost = PluginError::Unknown { reason: String::new(), payment_id: None };
        assert_eq!(names(&Ending::Said(Err(lost))), ["unknown"; 3]);
        for failure in [Failure::Trap(String::new()), Failure::Limit("memory"), Failure::Deadline, Failure::Exhausted] {
            assert_eq!(names(&Ending::Broke(failure)), ["not_executed", "unknown", "unknown"]);
        }
    }

    /// Rule 13.
    #[test]
    fn an_amount_that_disagrees_is_pending_and_flagged() {
        let euro = |minor| Amount { minor, currency: "EUR".into() };
        let cases = [
            (None, false, "succeeded"),
            (Some(euro(500)), false, "succeeded"),
            (Some(euro(400)), true, "succeeded"),
            (Some(euro(400)), false, "pending"),
            (Some(euro(501)), true, "pending"),
            (Some(Amount { minor: 500, currency: "USD".into() }), false, "pending"),
        ];
        for (amount, partial, name) in cases {
            let ack = Acknowledgement { amount: amount.clone(), partial, ..Acknowledgement::default() };
            let outcome = classify(ANSWERED, said(PluginOutcome::Succeeded(ack)), Some(&euro(500)));
            assert_eq!(outcome.name(), name, "{amount:?} {partial}");
            assert_eq!(matches!(outcome, Outcome::Pending { review: Some(_), .. }), name == "pending");
        }
    }
}
