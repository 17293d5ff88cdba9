//! Disputes: what the payer's bank takes back, or tries to (rules 11, 14 and 28).

use super::{Applied, MISJUDGED, learn_names};
use crate::clock::Timestamp;
use crate::model::{About, Callback, CallbackType, Dispute, DisputeState, Disputed, Payment, PaymentState};

/// Applies what is told of a dispute, at `now`, to a payment that was found by its names.
pub fn apply_dispute(before: &Payment, dispute: &Dispute, now: Timestamp) -> Applied {
    let mut applied = Applied::of(before);
    learn_names(&mut applied, &dispute.target);
    let known = before.dispute.as_ref();
    let again = known.is_some_and(|known| known.state == dispute.state);
    if known.is_some_and(|known| !comes_after(known, dispute)) {
        return applied.at(before, now);
    }
    let Dispute { state, amount, reason, occurred_at, .. } = dispute.clone();
    let payment = &mut applied.payment;
    payment.dispute = Some(Disputed { state, amount, reason, occurred_at });
    if !again {
        if payment.told.is_none() {
            payment.told = Some(payment.shown_id().to_owned());
        }
        applied.callbacks.push(Callback { kind: CallbackType::PaymentDisputed, about: About::Payment });
        // Only what was taken can be disputed.
        applied.ask = payment.state != PaymentState::Accepted;
        applied.alert = (payment.state == PaymentState::NotExecuted).then_some(MISJUDGED).or(applied.alert);
    }
    applied.at(before, now)
}

/// Older news never wins over newer. Where they do not say when it happened, a dispute is opened before it is decided.
fn comes_after(known: &Disputed, told: &Dispute) -> bool {
    let dated = told.occurred_at.zip(known.occurred_at);
    let undated = known.state != told.state && told.state != DisputeState::Opened;
    dated.map_or(undated, |(told, known)| told > known)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Origin, Reference, Target};

    const NOW: Timestamp = Timestamp(1_000);

    fn payment(state: PaymentState) -> Payment {
        Payment { state, ..Payment::blank("acme", Origin::Pay, Reference("r".into()), NOW) }
    }

    fn told(state: DisputeState, at: Option<u64>) -> Dispute {
        let reason = Some("not received".into());
        Dispute { target: Target::default(), state, amount: None, reason, occurred_at: at.map(Timestamp) }
    }

    fn standing(payment: &Payment) -> Option<DisputeState> {
        payment.dispute.as_ref().map(|dispute| dispute.state)
    }

    #[test]
    fn a_dispute_is_told_once_for_each_time_that_it_changes() {
        use DisputeState::{Lost, Opened, Won};
        let mut known = payment(PaymentState::Accepted);
        for (state, changes) in [(Opened, true), (Opened, false), (Won, true), (Opened, false), (Lost, true)] {
            let applied = apply_dispute(&known, &told(state, None), NOW);
            assert_eq!(applied.callbacks.len(), usize::from(changes), "{state:?}");
            assert!(!applied.ask, "it was taken");
            known = applied.payment;
        }
        assert_eq!(standing(&known), Some(Lost));
        assert_eq!(known.state, PaymentState::Accepted, "what was paid stays paid: the merchant is told");
    }

    /// Rule 28.
    #[test]
    fn a_dispute_ends_as_it_was_told_last_whatever_the_order() {
        let all =
            [(DisputeState::Opened, 1), (DisputeState::Won, 2), (DisputeState::Lost, 3), (DisputeState::Opened, 4)];
        for order in [[0, 1, 2, 3], [3, 2, 1, 0], [0, 3, 1, 2], [1, 3, 0, 2], [2, 0, 3, 1]] {
            let mut known = payment(PaymentState::Accepted);
            for position in order.into_iter().chain(order) {
                let (state, at) = all[position];
                known = apply_dispute(&known, &told(state, Some(at)), NOW).payment;
            }
            assert_eq!(standing(&known), Some(DisputeState::Opened), "{order:?}");
        }
    }

    /// Rule 11.
    #[test]
    fn what_is_disputed_and_not_known_to_be_paid_is_asked_about() {
        for (state, alert) in [(PaymentState::Failed, None), (PaymentState::NotExecuted, Some(MISJUDGED))] {
            let applied = apply_dispute(&payment(state), &told(DisputeState::Opened, None), NOW);
            assert_eq!((applied.ask, applied.payment.ask_at, applied.alert), (true, Some(NOW), alert), "{state:?}");
            assert_eq!(applied.payment.state, state, "only the provider's answer corrects it");
        }
    }
}
