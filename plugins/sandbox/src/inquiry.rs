//! Telling how payments stand, and finding what was never acknowledged.

use provost_sdk::prelude::*;

use crate::{Sandbox, ledger};

impl Inquiry for Sandbox {
    fn status(payment: Payment) -> Result<PaymentStatus> {
        let state = ledger::standing(payment.id()?, payment.carried()?)?;
        let mut status = PaymentStatus::of(&payment, state.into());
        status.amount = payment.amount;
        Ok(status)
    }
}

impl Search for Sandbox {
    fn find(query: Query) -> Result<Vec<PaymentStatus>> {
        let payment = ledger::payment_id(&query.host_reference);
        let refund = ledger::refund_id(&query.host_reference);
        let id = match query.action {
            Action::Payment => &payment,
            Action::Refund => &refund,
            Action::Capture | Action::Void => return Ok(Vec::new()),
        };
        let Some(entry) = ledger::find(id)? else {
            return Ok(Vec::new());
        };
        let mut found = match (query.action, query.payment) {
            (Action::Refund, Some(refunded)) => PaymentStatus::of(&refunded, entry.state.into()).refund(refund),
            _ => PaymentStatus::new(Reference::payment(payment), entry.state.into()),
        };
        found.reference.host_reference = Some(query.host_reference);
        found.amount = entry.amount();
        Ok(vec![found])
    }
}

#[cfg(test)]
mod tests {
    use provost_sdk::testing::Host;

    use super::*;

    /// The payment as the host would hand it back.
    fn paid(host: &Host, scenario: &str) -> Payment {
        let amount = Amount::new(500, "EUR");
        let request = PayRequest::new(amount.clone(), "order-1");
        let outcome = Sandbox::pay(request.with_data(json!({ "scenario": scenario })));
        let mut payment = Payment::new(ledger::payment_id(&host.reference()));
        payment.amount = Some(amount);
        payment.carry = match outcome {
            Ok(PaymentOutcome::Succeeded(taken) | PaymentOutcome::Pending(taken)) => taken.carry,
            Ok(PaymentOutcome::Redirect(redirection)) => redirection.acknowledgement.carry,
            _ => None,
        };
        payment
    }

    fn query(host: &Host, action: Action) -> Query {
        Query {
            action,
            host_reference: host.reference(),
            shop_transaction_id: None,
            amount: None,
            since_ms: 0,
            payment: None,
            subscription: None,
            provider_data: None,
        }
    }

    #[test]
    fn a_later_status_tells_how_the_scenario_went_on() {
        let cases = [
            ("succeed", PaymentState::Accepted),
            ("decline", PaymentState::Failed),
            ("redirect", PaymentState::Pending),
            ("pending-accepted", PaymentState::Accepted),
            ("pending-failed", PaymentState::Failed),
        ];
        for (scenario, expected) in cases {
            let host = Host::new();
            let payment = paid(&host, scenario);
            let status = host.reading(|| <Sandbox as Inquiry>::status(payment)).unwrap();
            assert_eq!(status.state, expected, "{scenario}");
            assert_eq!(status.amount, Some(Amount::new(500, "EUR")));
        }
    }

    #[test]
    fn a_payment_of_somebody_else_is_not_found() {
        let _host = Host::new();
        let status = <Sandbox as Inquiry>::status(Payment::new("pay_other"));
        assert!(matches!(status, Err(Error::NotFound(_))));
    }

    #[test]
    fn a_search_finds_the_payment_whose_answer_was_lost_and_status_knows_it_from_then_on() {
        let host = Host::new();
        paid(&host, "unknown");
        let found = host.reading(|| Sandbox::find(query(&host, Action::Payment))).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].state, PaymentState::Accepted);
        assert_eq!(found[0].amount, Some(Amount::new(500, "EUR")));
        assert_eq!(found[0].reference.host_reference, Some(host.reference()));
        let payment = Payment::new(found[0].reference.payment_ids[0].clone());
        let status = <Sandbox as Inquiry>::status(payment).unwrap();
        assert_eq!(status.state, PaymentState::Accepted);
    }

    #[test]
    fn a_search_finds_nothing_of_what_was_refused() {
        let host = Host::new();
        paid(&host, "refuse");
        for action in [Action::Payment, Action::Refund, Action::Capture, Action::Void] {
            assert_eq!(Sandbox::find(query(&host, action)), Ok(vec![]));
        }
    }

    #[test]
    fn a_search_finds_the_refund_whose_answer_was_lost() {
        let host = Host::new();
        let payment = paid(&host, "succeed");
        host.next_operation();
        let request = RefundRequest::new(payment.clone(), Amount::new(106, "EUR"));
        assert!(matches!(Sandbox::refund(request), Err(Error::Unknown(_))));
        let mut query = query(&host, Action::Refund);
        query.payment = Some(payment.clone());
        let found = Sandbox::find(query).unwrap();
        assert_eq!(found[0].action, Action::Refund);
        assert_eq!(found[0].action_id, Some(ledger::refund_id(&host.reference())));
        assert_eq!(found[0].reference.payment_ids, payment.reference.payment_ids);
        assert_eq!(found[0].amount, Some(Amount::new(106, "EUR")));
    }
}
