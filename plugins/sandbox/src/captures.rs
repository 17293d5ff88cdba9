//! Collecting or releasing what was reserved. The scenarios of a capture are those of payments; a void
//! has nothing to choose by, and succeeds.

use provost_sdk::prelude::*;

use crate::ledger::{self, Capture, Line, State};
use crate::scenario::{Scenario, Wish};
use crate::{Sandbox, misbehaviour};

impl Captures for Sandbox {
    fn capture(request: CaptureRequest) -> Result<PaymentOutcome> {
        let wish: Wish = request.data()?;
        let scenario = wish.begin(Some(&request.amount))?;
        let mut line = ledger::of(&request.payment)?;
        let id = ledger::capture_id(&operation::reference());
        // The same capture, tried again, is made once.
        if line.captures.iter().all(|made| made.id != id) {
            must_cover(&line, &request)?;
            if scenario == Scenario::Decline {
                return Ok(wish.decline().into());
            }
            collect(&mut line, id, &request, scenario);
            line.write(request.payment.id()?)?;
        }
        let taken = Acknowledgement::new(request.payment.id()?).amount(request.amount);
        match scenario {
            Scenario::PendingAccepted | Scenario::PendingFailed => Ok(taken.pending()),
            Scenario::Unknown => Err(misbehaviour::lost()),
            _ => Ok(taken.succeeded()),
        }
    }

    fn void(payment: Payment) -> Result<PaymentOutcome> {
        let mut line = ledger::of(&payment)?;
        let id = ledger::void_id(&operation::reference());
        if line.void.as_ref() != Some(&id) {
            must_be_reserved(&line)?;
            if line.captured().is_some() {
                return Err(Error::conflict("a part of the payment is captured: a final capture ends it"));
            }
            (line.state, line.void) = (State::Voided, Some(id));
            line.amount = payment.amount.clone().or(line.amount);
            line.write(payment.id()?)?;
        }
        Ok(Acknowledgement::new(payment.id()?).succeeded())
    }
}

fn must_be_reserved(line: &Line) -> Result<()> {
    match line.state {
        State::Authorized => Ok(()),
        _ => Err(Error::conflict("nothing of the payment is reserved")),
    }
}

fn must_cover(line: &Line, request: &CaptureRequest) -> Result<()> {
    must_be_reserved(line)?;
    let Some(reserved) = reserved(line, request) else { return Ok(()) };
    if reserved.currency != request.amount.currency {
        return Err(Error::invalid("/currency", format!("the payment is in {}", reserved.currency)));
    }
    let left = reserved.minor - line.captured().map_or(0, |captured| captured.minor).min(reserved.minor);
    if request.amount.minor > left {
        return Err(Error::invalid("/amount", format!("only {left} of what was reserved is left")));
    }
    Ok(())
}

fn reserved<'a>(line: &'a Line, request: &'a CaptureRequest) -> Option<&'a Amount> {
    request.payment.amount.as_ref().or(line.amount.as_ref())
}

fn collect(line: &mut Line, id: String, request: &CaptureRequest, scenario: Scenario) {
    let fails = scenario == Scenario::PendingFailed;
    let state = if fails { State::Failed } else { State::Accepted };
    let reserved = reserved(line, request).cloned();
    line.captures.push(Capture { id, state, amount: request.amount.clone() });
    if !fails && (request.final_ || line.captured() == reserved) {
        line.state = State::Accepted;
    }
    line.amount = reserved;
}

#[cfg(test)]
mod tests {
    use provost_sdk::testing::Host;

    use super::*;
    use crate::testing::{euro, paid, status};

    /// One more capture of this payment, in an operation of its own.
    fn capture(host: &Host, payment: &Payment, minor: u64, is_final: bool) -> Result<PaymentOutcome> {
        host.next_operation();
        let request = CaptureRequest::new(payment.clone(), euro(minor));
        Sandbox::capture(if is_final { request } else { request.more_to_follow() })
    }

    fn stands(payment: &Payment) -> (PaymentState, Option<u64>) {
        let status = status(payment);
        (status.state, status.captured.map(|captured| captured.minor))
    }

    #[test]
    fn a_payment_is_collected_in_parts_until_the_last() {
        let host = Host::new();
        let payment = paid(&host, "authorize");
        let expected = Acknowledgement::new(payment.id().unwrap()).amount(euro(200)).succeeded();
        assert_eq!(capture(&host, &payment, 200, false), Ok(expected));
        assert_eq!(stands(&payment), (PaymentState::Authorized, Some(200)));
        capture(&host, &payment, 100, true).unwrap();
        assert_eq!(stands(&payment), (PaymentState::Accepted, Some(300)));
        assert!(matches!(capture(&host, &payment, 100, true), Err(Error::Conflict(_))));
    }

    #[test]
    fn what_is_collected_whole_needs_no_last_part() {
        let host = Host::new();
        let payment = paid(&host, "auto-capture");
        capture(&host, &payment, 400, false).unwrap();
        capture(&host, &payment, 100, false).unwrap();
        assert_eq!(stands(&payment), (PaymentState::Accepted, Some(500)));
    }

    #[test]
    fn the_same_capture_tried_again_is_made_once() {
        let host = Host::new();
        let payment = paid(&host, "authorize");
        let request = CaptureRequest::new(payment.clone(), euro(300));
        let first = Sandbox::capture(request.clone());
        host.next_attempt();
        assert_eq!(Sandbox::capture(request), first);
        assert_eq!(stands(&payment), (PaymentState::Accepted, Some(300)));
    }

    #[test]
    fn no_more_is_collected_than_was_reserved_and_in_no_other_currency() {
        let host = Host::new();
        let payment = paid(&host, "authorize");
        capture(&host, &payment, 300, false).unwrap();
        let pointer = |refused| match refused {
            Err(Error::Invalid(faults)) => faults[0].pointer.clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!(pointer(capture(&host, &payment, 211, false)), "/amount");
        let crowns = CaptureRequest::new(payment.clone(), Amount::new(100, "SEK"));
        assert_eq!(pointer(Sandbox::capture(crowns)), "/currency");
        assert_eq!(stands(&payment), (PaymentState::Authorized, Some(300)));
    }

    #[test]
    fn the_amounts_digits_choose_what_becomes_of_a_capture() {
        type Expected = fn(Result<PaymentOutcome>) -> bool;
        let cases: [(u64, Expected, (PaymentState, Option<u64>)); 6] = [
            (201, |said| matches!(said, Ok(PaymentOutcome::Declined(_))), (PaymentState::Authorized, None)),
            (202, |said| matches!(said, Ok(PaymentOutcome::Succeeded(_))), (PaymentState::Accepted, Some(202))),
            (203, |said| matches!(said, Ok(PaymentOutcome::Pending(_))), (PaymentState::Accepted, Some(203))),
            (204, |said| matches!(said, Ok(PaymentOutcome::Pending(_))), (PaymentState::Authorized, None)),
            (205, |said| matches!(said, Err(Error::Refused(_))), (PaymentState::Authorized, None)),
            (206, |said| matches!(said, Err(Error::Unknown(_))), (PaymentState::Accepted, Some(206))),
        ];
        for (minor, expected, stand) in cases {
            let host = Host::new();
            let payment = paid(&host, "authorize");
            assert!(expected(capture(&host, &payment, minor, true)), "{minor}");
            assert_eq!(stands(&payment), stand, "{minor}");
        }
    }

    #[test]
    fn a_void_releases_what_was_reserved_and_can_be_tried_again() {
        let host = Host::new();
        let payment = paid(&host, "authorize");
        let released = Acknowledgement::new(payment.id().unwrap()).succeeded();
        assert_eq!(Sandbox::void(payment.clone()), Ok(released.clone()));
        host.next_attempt();
        assert_eq!(Sandbox::void(payment.clone()), Ok(released));
        assert_eq!(stands(&payment), (PaymentState::Voided, None));
        host.next_operation();
        assert!(matches!(Sandbox::void(payment.clone()), Err(Error::Conflict(_))));
        assert!(matches!(capture(&host, &payment, 100, true), Err(Error::Conflict(_))));
    }

    #[test]
    fn where_nothing_is_reserved_nothing_is_captured_or_released() {
        let host = Host::new();
        for scenario in ["succeed", "decline", "redirect", "continue", "pending-failed"] {
            let payment = paid(&host, scenario);
            assert!(matches!(capture(&host, &payment, 500, true), Err(Error::Conflict(_))), "{scenario}");
            assert!(matches!(Sandbox::void(payment), Err(Error::Conflict(_))), "{scenario}");
        }
        let payment = paid(&host, "authorize");
        capture(&host, &payment, 100, false).unwrap();
        assert!(matches!(Sandbox::void(payment), Err(Error::Conflict(_))));
    }
}
