//! Making a call again of which the provider tells nothing: with the same keys, to the same plugin, sending the same, for
//! a few minutes (rule 8). Only the worker does it, by its schedule: no caller can bring a write about.

use crate::capabilities::Report;
use crate::model::{Departures, OperationKey, Outcome, Payment, classify};
use crate::operations::Operations;
use crate::operations::ask::About;
use crate::operations::ending::returned;
use crate::operations::follow_up::told_to_nobody;
use crate::operations::perform::End;
use crate::registry::Serving;
use crate::store::{Repeating, StoreError};
use crate::{crash_point, telemetry};
use std::time::Duration;

/// No call is made again later than this after its first write.
pub(in crate::operations) const LONGEST: Duration = Duration::from_secs(600);

/// How long after its first write a call may be made again: well inside of the life of its keys.
fn within(idempotency_key_ttl_ms: Option<u64>) -> Option<Duration> {
    idempotency_key_ttl_ms.map(|ttl| LONGEST.min(Duration::from_millis(ttl / 2)))
}

/// What is believed of a repeat; anything else leaves the operation unknown. A no counts only as the provider's answer
/// to the very request.
fn is_believed(outcome: &Outcome, departures: Departures) -> bool {
    match outcome {
        Outcome::Succeeded(_) | Outcome::Authorized(_) | Outcome::Pending { .. } | Outcome::ActionRequired(..) => true,
        Outcome::Declined(_) => departures.left > 0 && departures.left == departures.answered,
        Outcome::NotExecuted(_) | Outcome::Unknown { .. } => false,
    }
}

impl Operations {
    /// Makes every call of this payment again that may be, and of which a question brought nothing. Where the question
    /// itself failed, the provider may know very well: it is asked again first.
    pub(super) async fn repeat_unknown(&self, payment: &Payment, failed: &[About]) -> Result<(), StoreError> {
        let Ok(serving) = self.0.registry.serving(&payment.external) else { return Ok(()) };
        let Some(within) = within(serving.plugin.description().idempotency_key_ttl_ms) else { return Ok(()) };
        for operation in self.0.store.repeatable(payment.key).await? {
            if !failed.contains(&about(payment, operation)) {
                self.repeat(&serving, operation, within).await?;
            }
        }
        Ok(())
    }

    async fn repeat(&self, serving: &Serving, operation: OperationKey, within: Duration) -> Result<(), StoreError> {
        let now = self.0.clock.now();
        let lease_until = now.plus(serving.provider.limits.deadline).plus(self.0.settings.lease_margin);
        let repeating = Repeating { now, within, version: serving.plugin.version().clone(), lease_until };
        let Some(repeat) = self.0.store.take_repeat(operation, repeating).await? else { return Ok(()) };
        crash_point!("repeating");
        let (operation, subject) = (repeat.operation.clone(), repeat.subject.clone());
        let called = self.call_again(serving, repeat, within).await;
        crash_point!("repeated");
        let Report { departures, .. } = called.report;
        let end = returned(called.response);
        let outcome = classify(departures, end.ending, operation.amount.as_ref());
        let believed = is_believed(&outcome, departures);
        let (external, kind, reference) = (&operation.external, operation.kind.name(), &operation.reference);
        tracing::info!(external, kind, %reference, outcome = outcome.name(), believed, "a call was made again");
        let labels = [("external", external.clone()), ("outcome", outcome.name().to_owned())];
        metrics::counter!(telemetry::REPEATS, &labels).increment(1);
        if believed {
            let end = End { outcome, subscribed: end.subscribed, changes: None, report: called.report, again: true };
            self.finish(&operation, &subject, end, told_to_nobody).await;
        }
        Ok(())
    }
}

/// The question that is about this operation.
fn about(payment: &Payment, operation: OperationKey) -> About {
    let refund = payment.refunds.iter().position(|refund| refund.operation == Some(operation)).map(About::Refund);
    let capture =
        || payment.captures.iter().position(|capture| capture.operation == Some(operation)).map(About::Capture);
    refund.or_else(capture).unwrap_or(About::Payment)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Acknowledgement, Decline, Destination, Refused};

    const MINUTE: u64 = 60_000;

    #[test]
    fn a_call_is_made_again_within_ten_minutes_and_half_its_keys_life_and_never_without_keys() {
        for (ttl, expected) in [
            (None, None),
            (Some(0), Some(0)),
            (Some(4 * MINUTE), Some(2 * MINUTE)),
            (Some(20 * MINUTE), Some(10 * MINUTE)),
            (Some(24 * 60 * MINUTE), Some(10 * MINUTE)),
        ] {
            assert_eq!(within(ttl), expected.map(Duration::from_millis), "{ttl:?}");
        }
    }

    #[test]
    fn what_is_believed_of_a_repeat() {
        let said = Acknowledgement::default;
        let (answered, lost, nothing) =
            (Departures { left: 1, answered: 1 }, Departures { left: 1, answered: 0 }, Departures::default());
        let declined = || Outcome::Declined(Decline::default());
        let pending = Outcome::Pending { acknowledgement: said(), review: None };
        let cases = [
            (Outcome::Succeeded(said()), nothing, true),
            (Outcome::Authorized(said()), answered, true),
            (pending, answered, true),
            (Outcome::ActionRequired(said(), Destination { web: None, app: None }), answered, true),
            (declined(), answered, true),
            (declined(), lost, false),
            (declined(), nothing, false),
            (Outcome::NotExecuted(Refused::NotFound("p".into())), answered, false),
            (Outcome::Unknown { reason: "lost".into(), id: None }, lost, false),
        ];
        for (outcome, departures, expected) in cases {
            assert_eq!(is_believed(&outcome, departures), expected, "{outcome:?} {departures:?}");
        }
    }
}
