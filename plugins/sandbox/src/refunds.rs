//! Giving money back. The scenarios are those of payments.

use provost_sdk::prelude::*;

use crate::ledger::{self, Carry, State};
use crate::scenario::{Scenario, Wish};
use crate::{Sandbox, misbehaviour};

impl Refunds for Sandbox {
    fn refund(request: RefundRequest) -> Result<RefundOutcome> {
        let wish: Wish = request.data()?;
        let scenario = wish.scenario(&request.amount)?;
        must_be_accepted(&request.payment)?;
        let id = ledger::refund_id(&operation::reference());
        let taken = || Refunded::new(&id).carry(json!(Carry { scenario }));
        match scenario {
            Scenario::Succeed | Scenario::Redirect => Ok(taken().succeeded()),
            Scenario::Slow => {
                clock::sleep(wish.delay());
                Ok(taken().succeeded())
            }
            Scenario::Decline => Ok(wish.decline().into()),
            Scenario::PendingAccepted | Scenario::PendingFailed => Ok(taken().pending()),
            Scenario::Refuse => Err(Error::refused("refused, as wished")),
            Scenario::Unknown => {
                ledger::record(&id, State::Accepted, &request.amount)?;
                Err(Error::unknown("the answer got lost, as wished"))
            }
            Scenario::Trap => misbehaviour::trap(),
            Scenario::Loop => misbehaviour::spin(),
            Scenario::Memory => misbehaviour::hoard(),
        }
    }

    fn status(payment: Payment, refund: KnownRefund) -> Result<PaymentStatus> {
        let carry = refund.carried()?;
        let named = refund.refund_id;
        let id = named.unwrap_or_else(|| ledger::refund_id(&refund.host_reference));
        let state = ledger::standing(&id, carry)?;
        Ok(PaymentStatus::of(&payment, state.into()).refund(id).amount(refund.amount))
    }
}

fn must_be_accepted(payment: &Payment) -> Result<()> {
    match ledger::standing(payment.id()?, payment.carried()?)? {
        State::Accepted => Ok(()),
        State::Pending => Err(Error::conflict("the payment is still pending")),
        State::Failed => Err(Error::conflict("the payment has failed")),
    }
}

#[cfg(test)]
mod tests {
    use provost_sdk::testing::Host;

    use super::*;

    fn payment(scenario: Scenario) -> Payment {
        let mut payment = Payment::new("pay_1");
        payment.carry = Some(json!(Carry { scenario }).to_string());
        payment
    }

    fn refund(minor: u64) -> Result<RefundOutcome> {
        let amount = Amount::new(minor, "EUR");
        Sandbox::refund(RefundRequest::new(payment(Scenario::Succeed), amount))
    }

    #[test]
    fn the_amounts_digits_choose_what_becomes_of_a_refund() {
        let _host = Host::new();
        assert!(matches!(refund(100), Ok(RefundOutcome::Succeeded(_))));
        assert!(matches!(refund(101), Ok(RefundOutcome::Declined(_))));
        assert!(matches!(refund(103), Ok(RefundOutcome::Pending(_))));
        assert!(matches!(refund(104), Ok(RefundOutcome::Pending(_))));
        assert!(matches!(refund(105), Err(Error::Refused(_))));
        assert!(matches!(refund(106), Err(Error::Unknown(_))));
    }

    #[test]
    fn a_pending_refund_ends_as_its_scenario_says() {
        let cases = [(103, PaymentState::Accepted), (104, PaymentState::Failed)];
        for (minor, expected) in cases {
            let _host = Host::new();
            let Ok(RefundOutcome::Pending(refunded)) = refund(minor) else { panic!("not pending") };
            let mut known = KnownRefund::new(refunded.refund_id.unwrap(), Amount::new(minor, "EUR"));
            known.carry = refunded.carry;
            let status = <Sandbox as Refunds>::status(payment(Scenario::Succeed), known).unwrap();
            assert_eq!((status.action, status.state), (Action::Refund, expected));
        }
    }

    #[test]
    fn a_refund_that_was_never_named_is_known_by_the_hosts_reference() {
        let host = Host::new();
        assert!(matches!(refund(106), Err(Error::Unknown(_))));
        let mut known = KnownRefund::new("", Amount::new(106, "EUR"));
        known.refund_id = None;
        known.host_reference = host.reference();
        let status = <Sandbox as Refunds>::status(payment(Scenario::Succeed), known).unwrap();
        assert_eq!(status.state, PaymentState::Accepted);
    }

    #[test]
    fn what_was_never_taken_cannot_be_given_back() {
        let _host = Host::new();
        for scenario in [Scenario::Redirect, Scenario::PendingFailed] {
            let request = RefundRequest::new(payment(scenario), Amount::new(100, "EUR"));
            assert!(matches!(Sandbox::refund(request), Err(Error::Conflict(_))));
        }
    }
}
