//! Making links. Behind each is a payment that waits for its payer: a webhook says what became of it.

use provost_sdk::prelude::*;

use crate::ledger::{self, Carry, State};
use crate::scenario::{Scenario, Wish};
use crate::{Sandbox, misbehaviour, payments};

impl Links for Sandbox {
    fn create(request: PayRequest) -> Result<LinkOutcome> {
        let wish: Wish = request.data()?;
        let scenario = wish.begin(Some(&request.amount))?;
        let id = ledger::payment_id(&operation::reference());
        let payment = match scenario {
            Scenario::Decline => return Ok(payments::declined(&wish, id, &request.amount)?.into()),
            Scenario::Unknown => {
                ledger::record(&id, State::Pending, &request.amount)?;
                return Err(misbehaviour::lost());
            }
            Scenario::PendingAccepted | Scenario::PendingFailed => Carry::new(scenario),
            _ => Carry::new(Scenario::Redirect),
        };
        let url = http::url("https://checkout.sandbox.invalid/link", [&id]);
        Ok(Link::new(url).payment_id(id).carry(json!(payment)).into())
    }
}

#[cfg(test)]
mod tests {
    use provost_sdk::testing::Host;

    use super::*;
    use crate::testing::{euro, status};

    fn create(minor: u64) -> Result<LinkOutcome> {
        Sandbox::create(PayRequest::new(euro(minor), "order-1"))
    }

    /// The payment behind a link.
    fn behind(link: Link) -> Payment {
        let mut payment = Payment::new(link.payment_id.unwrap());
        payment.carry = link.carry;
        payment
    }

    #[test]
    fn the_payment_behind_a_link_waits_for_its_payer() {
        let host = Host::new();
        let LinkOutcome::Created(link) = create(500).unwrap() else { panic!("declined") };
        assert_eq!(link.url, format!("https://checkout.sandbox.invalid/link/pay_{}", host.reference()));
        let payment = behind(link);
        assert_eq!(status(&payment).state, PaymentState::Pending);
        ledger::note(payment.id().unwrap(), State::Accepted, None, host.now_ms()).unwrap();
        assert_eq!(status(&payment).state, PaymentState::Accepted);
    }

    #[test]
    fn the_amounts_digits_choose_what_becomes_of_a_link() {
        let host = Host::new();
        assert!(matches!(create(501), Ok(LinkOutcome::Declined(_))));
        assert!(matches!(create(505), Err(Error::Refused(_))));
        for (minor, later) in [(503, PaymentState::Accepted), (504, PaymentState::Failed)] {
            host.next_operation();
            let LinkOutcome::Created(link) = create(minor).unwrap() else { panic!("declined") };
            assert_eq!(status(&behind(link)).state, later);
        }
    }

    #[test]
    fn a_link_whose_answer_was_lost_is_found_and_waits() {
        let host = Host::new();
        assert!(matches!(create(506), Err(Error::Unknown(_))));
        let found = Sandbox::find(Query::new(Action::Payment, host.reference())).unwrap();
        assert_eq!((found[0].state, &found[0].amount), (PaymentState::Pending, &Some(euro(506))));
    }
}
