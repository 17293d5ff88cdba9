//! Finding what was never acknowledged, by the host's own name for the operation that did it.

use provost_sdk::prelude::*;

use crate::{Sandbox, ledger, register};

impl Search for Sandbox {
    fn find(query: Query) -> Result<Vec<PaymentStatus>> {
        let mut found = match query.action {
            Action::Payment => payment(&query)?,
            Action::Refund => refund(&query)?,
            Action::Capture => capture(&query)?,
            Action::Void => void(&query)?,
        };
        if let Some(status) = &mut found {
            status.reference.host_reference = Some(query.host_reference);
        }
        Ok(found.into_iter().collect())
    }

    fn find_subscription(query: Query) -> Result<Vec<SubscriptionStatus>> {
        let subscription = Subscription::new(register::token(&query.host_reference));
        match register::of(&subscription) {
            Ok(known) => {
                let mut status = known.status(subscription.reference);
                status.reference.host_reference = Some(query.host_reference);
                Ok(vec![status])
            }
            Err(Error::NotFound(_)) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }
}

fn payment(query: &Query) -> Result<Option<PaymentStatus>> {
    let id = ledger::payment_id(&query.host_reference);
    let Some(line) = ledger::find(&id)? else { return Ok(None) };
    let mut status = PaymentStatus::new(Reference::payment(id), line.state.into());
    status.captured = line.captured();
    status.amount = line.amount;
    Ok(Some(status))
}

fn refund(query: &Query) -> Result<Option<PaymentStatus>> {
    let id = ledger::refund_id(&query.host_reference);
    let Some(line) = ledger::find(&id)? else { return Ok(None) };
    let reference = query.payment.as_ref().map_or_else(unnamed, |payment| payment.reference.clone());
    let mut status = PaymentStatus::new(reference, line.state.into()).refund(id);
    status.amount = line.amount;
    Ok(Some(status))
}

fn capture(query: &Query) -> Result<Option<PaymentStatus>> {
    let id = ledger::capture_id(&query.host_reference);
    let Some((payment, line)) = acted_on(query)? else { return Ok(None) };
    let Some(capture) = line.captures.iter().find(|capture| capture.id == id) else { return Ok(None) };
    let mut status = PaymentStatus::of(payment, capture.state.into()).action(Action::Capture, Some(id));
    status.amount = Some(capture.amount.clone());
    status.captured = line.captured();
    Ok(Some(status))
}

fn void(query: &Query) -> Result<Option<PaymentStatus>> {
    let id = ledger::void_id(&query.host_reference);
    let Some((payment, line)) = acted_on(query)? else { return Ok(None) };
    if line.void.as_ref() != Some(&id) {
        return Ok(None);
    }
    Ok(Some(PaymentStatus::of(payment, PaymentState::Voided).action(Action::Void, Some(id))))
}

/// The payment to which it was done, where anything was done to it.
fn acted_on(query: &Query) -> Result<Option<(&Payment, ledger::Line)>> {
    let Some(payment) = &query.payment else { return Ok(None) };
    let Some(id) = payment.reference.payment_ids.first() else { return Ok(None) };
    Ok(ledger::find(id)?.map(|line| (payment, line)))
}

fn unnamed() -> Reference {
    Reference { payment_ids: Vec::new(), shop_transaction_id: None, host_reference: None }
}

#[cfg(test)]
mod tests {
    use provost_sdk::testing::Host;

    use super::*;
    use crate::testing::{euro, paid, pay, status};

    /// What the present operation did.
    fn query(host: &Host, action: Action, payment: Option<&Payment>) -> Query {
        Query { payment: payment.cloned(), ..Query::new(action, host.reference()) }
    }

    #[test]
    fn a_search_finds_the_payment_whose_answer_was_lost_and_status_knows_it_from_then_on() {
        let host = Host::new();
        assert!(matches!(pay("unknown"), Err(Error::Unknown(_))));
        let found = host.reading(|| Sandbox::find(query(&host, Action::Payment, None))).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].state, PaymentState::Accepted);
        assert_eq!(found[0].amount, Some(euro(500)));
        assert_eq!(found[0].reference.host_reference, Some(host.reference()));
        let payment = Payment::new(found[0].reference.payment_ids[0].clone());
        assert_eq!(status(&payment).state, PaymentState::Accepted);
    }

    #[test]
    fn a_search_finds_nothing_of_what_was_refused() {
        let host = Host::new();
        let payment = paid(&host, "authorize");
        for action in [Action::Payment, Action::Refund, Action::Capture, Action::Void] {
            for payment in [None, Some(&payment)] {
                assert_eq!(Sandbox::find(query(&host, action, payment)), Ok(vec![]));
            }
        }
        assert_eq!(Sandbox::find_subscription(query(&host, Action::Payment, None)), Ok(vec![]));
    }

    #[test]
    fn a_search_finds_the_refund_whose_answer_was_lost() {
        let host = Host::new();
        let payment = paid(&host, "succeed");
        let request = RefundRequest::new(payment.clone(), euro(106));
        assert!(matches!(Sandbox::refund(request), Err(Error::Unknown(_))));
        let found = Sandbox::find(query(&host, Action::Refund, Some(&payment))).unwrap();
        assert_eq!(found[0].action, Action::Refund);
        assert_eq!(found[0].action_id, Some(ledger::refund_id(&host.reference())));
        assert_eq!(found[0].reference.payment_ids, payment.reference.payment_ids);
        assert_eq!(found[0].amount, Some(euro(106)));
    }

    #[test]
    fn a_search_finds_captures_and_voids_with_what_they_made_of_the_payment() {
        let host = Host::new();
        let payment = paid(&host, "authorize");
        let request = CaptureRequest::new(payment.clone(), euro(206)).more_to_follow();
        assert!(matches!(Sandbox::capture(request), Err(Error::Unknown(_))));
        let found = host.reading(|| Sandbox::find(query(&host, Action::Capture, Some(&payment)))).unwrap();
        assert_eq!((found[0].action, found[0].state), (Action::Capture, PaymentState::Accepted));
        assert_eq!(found[0].action_id, Some(ledger::capture_id(&host.reference())));
        assert_eq!((&found[0].amount, &found[0].captured), (&Some(euro(206)), &Some(euro(206))));

        host.next_operation();
        let payment = paid(&host, "authorize");
        Sandbox::void(payment.clone()).unwrap();
        let found = Sandbox::find(query(&host, Action::Void, Some(&payment))).unwrap();
        assert_eq!((found[0].action, found[0].state), (Action::Void, PaymentState::Voided));
        assert_eq!(found[0].action_id, Some(ledger::void_id(&host.reference())));
    }
}
