//! Giving money back. The scenarios are those of payments.

use provost_sdk::prelude::*;

use crate::ledger::{self, Carry, State};
use crate::scenario::{Scenario, Wish};
use crate::{Sandbox, misbehaviour};

impl Refunds for Sandbox {
    fn refund(request: RefundRequest) -> Result<RefundOutcome> {
        let wish: Wish = request.data()?;
        let scenario = wish.begin(Some(&request.amount))?;
        must_be_collected(&request.payment)?;
        let id = ledger::refund_id(&operation::reference());
        let taken = |scenario| Refunded::new(&id).carry(json!(Carry::new(scenario)));
        match scenario {
            Scenario::Decline => Ok(wish.decline().into()),
            Scenario::PendingAccepted | Scenario::PendingFailed => Ok(taken(scenario).pending()),
            Scenario::Unknown => {
                ledger::record(&id, State::Accepted, &request.amount)?;
                Err(misbehaviour::lost())
            }
            _ => Ok(taken(Scenario::Succeed).succeeded()),
        }
    }

    fn status(payment: Payment, refund: KnownRefund) -> Result<PaymentStatus> {
        let carry = refund.carried()?;
        let named = refund.refund_id;
        let id = named.unwrap_or_else(|| ledger::refund_id(&refund.host_reference));
        let state = ledger::standing(&id, carry)?.state;
        Ok(PaymentStatus::of(&payment, state.into()).refund(id).amount(refund.amount))
    }
}

fn must_be_collected(payment: &Payment) -> Result<()> {
    let line = ledger::of(payment)?;
    match line.state {
        State::Accepted => Ok(()),
        State::Authorized if line.captured().is_some() => Ok(()),
        State::Authorized => Err(Error::conflict("the payment is only reserved")),
        State::Pending | State::Approved => Err(Error::conflict("the payment is still pending")),
        State::Failed => Err(Error::conflict("the payment has failed")),
        State::Voided => Err(Error::conflict("the payment was voided")),
    }
}

#[cfg(test)]
mod tests {
    use provost_sdk::testing::Host;

    use super::*;
    use crate::testing::{euro, paid};

    fn payment(scenario: Scenario) -> Payment {
        let mut payment = Payment::new("pay_1");
        payment.carry = Some(json!(Carry::new(scenario)).to_string());
        payment
    }

    fn refund(minor: u64) -> Result<RefundOutcome> {
        Sandbox::refund(RefundRequest::new(payment(Scenario::Succeed), euro(minor)))
    }

    #[test]
    fn the_amounts_digits_choose_what_becomes_of_a_refund() {
        let _host = Host::new();
        assert!(matches!(refund(100), Ok(RefundOutcome::Succeeded(_))));
        assert!(matches!(refund(101), Ok(RefundOutcome::Declined(_))));
        assert!(matches!(refund(102), Ok(RefundOutcome::Succeeded(_))));
        assert!(matches!(refund(103), Ok(RefundOutcome::Pending(_))));
        assert!(matches!(refund(104), Ok(RefundOutcome::Pending(_))));
        assert!(matches!(refund(105), Err(Error::Refused(_))));
        assert!(matches!(refund(106), Err(Error::Unknown(_))));
        assert!(matches!(refund(107), Ok(RefundOutcome::Succeeded(_))));
    }

    #[test]
    fn a_refund_ends_as_its_scenario_says() {
        for (minor, expected) in
            [(102, PaymentState::Accepted), (103, PaymentState::Accepted), (104, PaymentState::Failed)]
        {
            let _host = Host::new();
            let (RefundOutcome::Succeeded(refunded) | RefundOutcome::Pending(refunded)) = refund(minor).unwrap() else {
                panic!("declined")
            };
            let mut known = KnownRefund::new(refunded.refund_id.unwrap(), euro(minor));
            known.carry = refunded.carry;
            let status = <Sandbox as Refunds>::status(payment(Scenario::Succeed), known).unwrap();
            assert_eq!((status.action, status.state), (Action::Refund, expected));
        }
    }

    #[test]
    fn a_refund_that_was_never_named_is_known_by_the_hosts_reference() {
        let host = Host::new();
        assert!(matches!(refund(106), Err(Error::Unknown(_))));
        let mut known = KnownRefund::new("", euro(106));
        known.refund_id = None;
        known.host_reference = host.reference();
        let status = <Sandbox as Refunds>::status(payment(Scenario::Succeed), known).unwrap();
        assert_eq!(status.state, PaymentState::Accepted);
    }

    #[test]
    fn what_was_never_taken_cannot_be_given_back() {
        let _host = Host::new();
        for scenario in [Scenario::Redirect, Scenario::PendingFailed, Scenario::Authorize] {
            let request = RefundRequest::new(payment(scenario), euro(100));
            assert!(matches!(Sandbox::refund(request), Err(Error::Conflict(_))));
        }
    }

    #[test]
    fn a_part_that_was_captured_can_be_given_back() {
        let host = Host::new();
        let payment = paid(&host, "authorize");
        Sandbox::capture(CaptureRequest::new(payment.clone(), euro(300)).more_to_follow()).unwrap();
        let refunded = Sandbox::refund(RefundRequest::new(payment, euro(100)));
        assert!(matches!(refunded, Ok(RefundOutcome::Succeeded(_))));
    }
}
