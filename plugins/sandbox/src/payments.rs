//! Taking payments.

use provost_sdk::prelude::*;

use crate::ledger::{self, Carry, State};
use crate::scenario::{Scenario, Wish};
use crate::{Sandbox, misbehaviour};

impl Payments for Sandbox {
    fn pay(request: PayRequest) -> Result<PaymentOutcome> {
        take(&request)
    }
}

/// Takes a payment; the charge of a subscription is one like any other.
pub(crate) fn take(request: &PayRequest) -> Result<PaymentOutcome> {
    let wish: Wish = request.data()?;
    let scenario = wish.begin(Some(&request.amount))?;
    let id = ledger::payment_id(&operation::reference());
    let taken = Acknowledgement::new(&id).amount(request.amount.clone()).carry(json!(Carry::new(scenario)));
    match scenario {
        Scenario::Decline => Ok(declined(&wish, id, &request.amount)?.into()),
        Scenario::Redirect | Scenario::Continue => Ok(taken.redirect_to(checkout(&id, request))),
        Scenario::PendingAccepted | Scenario::PendingFailed => Ok(taken.pending()),
        Scenario::Authorize => Ok(taken.authorized()),
        Scenario::AutoCapture => Ok(taken.follow_up(FollowUp::Capture).authorized()),
        Scenario::Unknown => {
            ledger::record(&id, State::Accepted, &request.amount)?;
            Err(misbehaviour::lost())
        }
        _ => Ok(taken.succeeded()),
    }
}

/// Declines a payment, and remembers it: a decline has no `carry`.
pub(crate) fn declined(wish: &Wish, id: String, amount: &Amount) -> Result<Decline> {
    ledger::record(&id, State::Failed, amount)?;
    Ok(wish.decline().payment_id(id))
}

/// Where the payer would go: nothing is there, and a webhook is what ends the wait.
pub(crate) fn checkout(id: &str, request: &PayRequest) -> Destination {
    let mut page = http::url("https://checkout.sandbox.invalid", [id]);
    if let Some(back) = &request.success_redirect_url {
        http::append_query(&mut page, "success", back);
    }
    Destination::WebOrApp((page, format!("sandbox://checkout/{id}")))
}

#[cfg(test)]
mod tests {
    use provost_sdk::testing::Host;

    use super::*;
    use crate::testing::pay;

    #[test]
    fn a_payment_succeeds_with_its_amount_and_an_id_that_follows_from_the_operation() {
        let host = Host::new();
        let PaymentOutcome::Succeeded(taken) = pay("succeed").unwrap() else { panic!("not succeeded") };
        assert_eq!(taken.payment_id, Some(format!("pay_{}", host.reference())));
        assert_eq!(taken.amount, Some(Amount::new(500, "EUR")));
        host.next_attempt();
        assert_eq!(pay("succeed"), Ok(taken.succeeded()));
    }

    #[test]
    fn a_decline_has_the_code_that_was_wished_for() {
        let _host = Host::new();
        let request = PayRequest::new(Amount::new(1001, "EUR"), "order-1");
        let wished = request.with_data(json!({ "code": "expired_card" }));
        let PaymentOutcome::Declined(decline) = take(&wished).unwrap() else { panic!("not declined") };
        assert_eq!(decline.code, "expired_card");
    }

    #[test]
    fn a_redirect_leads_to_a_page_and_an_app_and_knows_the_way_back() {
        let _host = Host::new();
        let mut request = PayRequest::new(Amount::new(1002, "EUR"), "order-1");
        request.success_redirect_url = Some("https://shop.test/done?a=b".to_owned());
        let PaymentOutcome::Redirect(redirection) = take(&request).unwrap() else { panic!("no redirect") };
        let Destination::WebOrApp((page, app)) = redirection.destination else { panic!("not both") };
        assert!(page.ends_with("?success=https%3A%2F%2Fshop.test%2Fdone%3Fa%3Db"));
        assert!(app.starts_with("sandbox://checkout/pay_"));
    }

    #[test]
    fn what_is_decided_later_is_pending_and_what_is_reserved_is_authorized() {
        let _host = Host::new();
        for scenario in ["pending-accepted", "pending-failed"] {
            assert!(matches!(pay(scenario), Ok(PaymentOutcome::Pending(_))));
        }
        for (scenario, follow_ups) in [("authorize", vec![]), ("auto-capture", vec![FollowUp::Capture])] {
            let PaymentOutcome::Authorized(taken) = pay(scenario).unwrap() else { panic!("not authorized") };
            assert_eq!(taken.follow_ups, follow_ups);
        }
    }

    #[test]
    fn what_is_meant_for_something_else_succeeds() {
        let _host = Host::new();
        assert!(matches!(pay("past-due"), Ok(PaymentOutcome::Succeeded(_))));
    }

    #[test]
    fn a_refusal_leaves_nothing_and_a_lost_answer_leaves_a_payment() {
        let host = Host::new();
        let id = ledger::payment_id(&host.reference());
        assert!(matches!(pay("refuse"), Err(Error::Refused(_))));
        assert_eq!(host.stored(&id), None);
        assert!(matches!(pay("unknown"), Err(Error::Unknown(_))));
        assert!(host.stored(&id).is_some());
    }

    #[test]
    fn slow_takes_as_long_as_was_wished_for() {
        let host = Host::new();
        let before = host.now_ms();
        let request = PayRequest::new(Amount::new(1007, "EUR"), "order-1");
        let wished = request.with_data(json!({ "delayMs": 250 }));
        assert!(matches!(take(&wished), Ok(PaymentOutcome::Succeeded(_))));
        assert_eq!(host.now_ms() - before, 250);
    }
}
