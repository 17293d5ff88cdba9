//! The second half of a payment: what a `continue` does once its payer has agreed.

use provost_sdk::prelude::*;

use crate::ledger::{self, State};
use crate::scenario::{Scenario, Wish};
use crate::{Sandbox, misbehaviour};

const STEP: &str = "complete";

/// What the host is asked to do once the payer has agreed. It says the same whoever asks, so that it is
/// done once.
pub(crate) fn follow_up() -> FollowUp {
    FollowUp::resume(json!({ "step": STEP }))
}

impl Continuations for Sandbox {
    fn resume(payment: Payment, data: Value) -> Result<PaymentOutcome> {
        if data["step"] != STEP {
            return Err(Error::unsupported("the sandbox has no such step"));
        }
        let wish = Wish::default();
        let scenario = wish.begin(payment.amount.as_ref())?;
        let id = payment.id()?;
        let mut line = ledger::of(&payment)?;
        match line.state {
            State::Approved => {
                line.state = if scenario == Scenario::Decline { State::Failed } else { State::Accepted };
                line.amount = payment.amount.clone().or(line.amount);
                line.write(id)?;
            }
            // The same step, tried again, or overtaken by a webhook.
            State::Accepted => {}
            _ => return Err(Error::conflict("the payer has not agreed to this payment")),
        }
        match scenario {
            Scenario::Decline => Ok(wish.decline().payment_id(id).into()),
            Scenario::Unknown => Err(misbehaviour::lost()),
            _ => Ok(Acknowledgement { amount: payment.amount.clone(), ..Acknowledgement::new(id) }.succeeded()),
        }
    }
}

#[cfg(test)]
mod tests {
    use provost_sdk::testing::Host;

    use super::*;
    use crate::payments;
    use crate::testing::{euro, known, paid, request, status};

    /// A payment of so much, whose payer has agreed.
    fn approved(host: &Host, minor: u64) -> Payment {
        let outcome = payments::take(&request(minor, "continue"));
        let payment = known(ledger::payment_id(&host.reference()), euro(minor), outcome);
        host.next_operation();
        ledger::note(payment.id().unwrap(), State::Approved, None, host.now_ms()).unwrap();
        payment
    }

    fn resume(payment: &Payment) -> Result<PaymentOutcome> {
        Sandbox::resume(payment.clone(), json!({ "step": "complete" }))
    }

    #[test]
    fn a_payment_whose_payer_has_agreed_asks_to_go_on_and_succeeds_when_it_has() {
        let host = Host::new();
        let payment = approved(&host, 500);
        assert_eq!((status(&payment).state, status(&payment).follow_ups), (PaymentState::Pending, vec![follow_up()]));
        let done = Acknowledgement::new(payment.id().unwrap()).amount(euro(500)).succeeded();
        assert_eq!(resume(&payment), Ok(done.clone()));
        assert_eq!((status(&payment).state, status(&payment).follow_ups), (PaymentState::Accepted, vec![]));
        host.next_attempt();
        assert_eq!(resume(&payment), Ok(done), "the same step again is the same step");
    }

    #[test]
    fn the_amounts_digits_choose_what_becomes_of_the_next_step() {
        let host = Host::new();
        let payment = approved(&host, 501);
        assert!(matches!(resume(&payment), Ok(PaymentOutcome::Declined(_))));
        assert_eq!(status(&payment).state, PaymentState::Failed);
        let payment = approved(&host, 506);
        assert!(matches!(resume(&payment), Err(Error::Unknown(_))));
        assert_eq!(status(&payment).state, PaymentState::Accepted);
    }

    #[test]
    fn a_payment_does_not_go_on_before_its_payer_has_agreed_nor_where_nobody_asked() {
        let host = Host::new();
        let payment = paid(&host, "continue");
        assert!(matches!(resume(&payment), Err(Error::Conflict(_))));
        let other = Sandbox::resume(payment, json!({ "step": "other" }));
        assert!(matches!(other, Err(Error::Unsupported(_))));
    }
}
