//! Telling how payments stand.

use provost_sdk::prelude::*;

use crate::ledger::{self, Carry, Line, State};
use crate::{Sandbox, continuations};

impl Inquiry for Sandbox {
    fn status(payment: Payment) -> Result<PaymentStatus> {
        let line = ledger::of(&payment)?;
        let mut status = PaymentStatus::of(&payment, line.state.into());
        status.captured = line.captured();
        status.follow_ups = follow_ups(&line, payment.carried()?);
        status.amount = payment.amount.or(line.amount);
        Ok(status)
    }
}

/// What is still to be done: the host may never have heard of it, and does it once however often it hears.
fn follow_ups(line: &Line, carry: Option<Carry>) -> Vec<FollowUp> {
    match line.state {
        State::Approved => vec![continuations::follow_up()],
        State::Authorized if line.captures.is_empty() && carry.is_some_and(Carry::asks_for_capture) => {
            vec![FollowUp::Capture]
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use provost_sdk::testing::Host;

    use super::*;
    use crate::testing::paid;

    #[test]
    fn a_later_status_tells_how_the_scenario_went_on() {
        let cases = [
            ("succeed", PaymentState::Accepted),
            ("decline", PaymentState::Failed),
            ("redirect", PaymentState::Pending),
            ("pending-accepted", PaymentState::Accepted),
            ("pending-failed", PaymentState::Failed),
            ("unknown", PaymentState::Accepted),
            ("slow", PaymentState::Accepted),
            ("authorize", PaymentState::Authorized),
            ("auto-capture", PaymentState::Authorized),
            ("continue", PaymentState::Pending),
        ];
        for (scenario, expected) in cases {
            let host = Host::new();
            let payment = paid(&host, scenario);
            let status = host.reading(|| <Sandbox as Inquiry>::status(payment)).unwrap();
            assert_eq!(status.state, expected, "{scenario}");
            assert_eq!(status.amount, Some(Amount::new(500, "EUR")));
            assert_eq!(status.captured, None);
        }
    }

    #[test]
    fn what_an_earlier_version_carried_is_still_read() {
        let _host = Host::new();
        let mut payment = Payment::new("pay_1");
        payment.carry = Some(r#"{"scenario":"redirect"}"#.to_owned());
        assert_eq!(<Sandbox as Inquiry>::status(payment).unwrap().state, PaymentState::Pending);
    }

    #[test]
    fn what_is_to_be_captured_is_asked_for_until_it_was_tried() {
        let host = Host::new();
        let payment = paid(&host, "auto-capture");
        let follow_ups = || <Sandbox as Inquiry>::status(payment.clone()).unwrap().follow_ups;
        assert_eq!(follow_ups(), [FollowUp::Capture]);
        Sandbox::capture(CaptureRequest::new(payment.clone(), Amount::new(500, "EUR"))).unwrap();
        assert_eq!(follow_ups(), []);
    }

    #[test]
    fn a_payment_of_somebody_else_is_not_found_whatever_its_name() {
        let _host = Host::new();
        for id in ["pay_other".to_owned(), "x".repeat(4000)] {
            let status = <Sandbox as Inquiry>::status(Payment::new(id));
            assert!(matches!(status, Err(Error::NotFound(_))));
        }
    }
}
