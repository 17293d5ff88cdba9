//! Starting subscriptions, whoever charges them, and charging those that we do. The sandbox never charges
//! by itself: for a scheduled subscription a webhook tells of the charges.

use provost_sdk::prelude::*;

use crate::ledger::{self, Carry, State};
use crate::scenario::{Scenario, Wish};
use crate::terms::{Stage, Terms};
use crate::{Sandbox, misbehaviour, payments, register};

impl ScheduledBilling for Sandbox {
    fn schedule(request: PayRequest, plan: Plan) -> Result<SubscriptionOutcome> {
        subscribe(&request, plan)
    }
}

impl ManualBilling for Sandbox {
    fn start(request: PayRequest, plan: Plan) -> Result<SubscriptionOutcome> {
        subscribe(&request, plan)
    }

    fn pay(subscription: Subscription, request: PayRequest) -> Result<PaymentOutcome> {
        let known = register::of(&subscription)?;
        known.must_live()?;
        if known.stage == Stage::Pending {
            return Err(Error::conflict("the subscription has not begun yet"));
        }
        payments::take(&request)
    }
}

fn subscribe(request: &PayRequest, plan: Plan) -> Result<SubscriptionOutcome> {
    let wish: Wish = request.data()?;
    let scenario = wish.begin(Some(&request.amount))?;
    let terms = Terms::new(scenario, request, plan, clock::now_ms())?;
    let reference = operation::reference();
    let token = register::token(&reference);
    let payment = Some(ledger::payment_id(&reference)).filter(|_| request.amount.minor > 0);
    match scenario {
        Scenario::Decline => Ok(declined(&wish, payment, &request.amount)?.into()),
        Scenario::Unknown => {
            if let Some(id) = payment {
                ledger::record(&id, State::Accepted, &request.amount)?;
            }
            register::record(&token, terms)?;
            Err(misbehaviour::lost())
        }
        _ => Ok(subscribed(&token, payment, request, &terms, scenario).into()),
    }
}

fn declined(wish: &Wish, payment: Option<String>, amount: &Amount) -> Result<Decline> {
    match payment {
        Some(id) => payments::declined(wish, id, amount),
        None => Ok(wish.decline()),
    }
}

fn subscribed(
    token: &str,
    payment: Option<String>,
    request: &PayRequest,
    terms: &Terms,
    scenario: Scenario,
) -> Subscribed {
    let stage = terms.stage(None, clock::now_ms());
    let mut subscribed = Subscribed::new(token, stage.into()).carry(json!(terms));
    if let Some(id) = payment {
        subscribed = subscribed.first_payment(first_payment(id, request, terms, scenario));
    }
    if scenario == Scenario::Redirect {
        subscribed = subscribed.destination(payments::checkout(token, request));
    }
    subscribed
}

fn first_payment(id: String, request: &PayRequest, terms: &Terms, scenario: Scenario) -> PaymentOutcome {
    let taken = Acknowledgement::new(id).amount(request.amount.clone());
    match scenario {
        Scenario::Redirect => taken.carry(json!(Carry::new(scenario))).pending(),
        Scenario::PendingAccepted | Scenario::PendingFailed => {
            taken.carry(json!(Carry::new(scenario).decided_at_ms(terms.decided_at_ms()))).pending()
        }
        _ => taken.carry(json!(Carry::new(Scenario::Succeed))).succeeded(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use provost_sdk::testing::Host;

    use super::*;
    use crate::testing::{euro, known, request, start, started, status};

    const HOUR: Duration = Duration::from_secs(60 * 60);

    #[test]
    fn a_subscription_begins_with_a_payment_of_its_own() {
        for begin in [Sandbox::schedule, Sandbox::start] {
            let host = Host::new();
            let plan = Plan::every(1, Interval::Month);
            let SubscriptionOutcome::Subscribed(said) = begin(request(500, "succeed"), plan).unwrap() else {
                panic!("declined")
            };
            assert_eq!(said.subscription_token, Some(format!("sub_{}", host.reference())));
            assert_eq!((said.state, said.destination), (SubscriptionState::Active, None));
            let Some(PaymentOutcome::Succeeded(taken)) = said.first_payment else { panic!("not paid") };
            assert_eq!(taken.payment_id, Some(format!("pay_{}", host.reference())));
            assert_eq!(taken.amount, Some(euro(500)));
        }
    }

    #[test]
    fn a_subscription_that_begins_free_of_charge_charges_nothing() {
        let _host = Host::new();
        for scenario in ["succeed", "redirect", "pending-accepted"] {
            assert_eq!(start(0, scenario).unwrap().first_payment, None);
        }
        let plan = Plan::every(1, Interval::Day);
        let SubscriptionOutcome::Declined(decline) = Sandbox::start(request(0, "decline"), plan).unwrap() else {
            panic!("not declined")
        };
        assert_eq!((decline.code.as_str(), decline.payment_id), ("card_declined", None));
    }

    #[test]
    fn the_amounts_digits_choose_how_a_subscription_begins() {
        let _host = Host::new();
        let plan = Plan::every(1, Interval::Month);
        let begin = |minor| Sandbox::start(PayRequest::new(euro(minor), "order-1"), plan);
        assert!(matches!(begin(501), Ok(SubscriptionOutcome::Declined(_))));
        assert!(matches!(begin(505), Err(Error::Refused(_))));
        assert!(matches!(begin(506), Err(Error::Unknown(_))));
        for (minor, has_destination) in [(502, true), (503, false), (504, false)] {
            let Ok(SubscriptionOutcome::Subscribed(said)) = begin(minor) else { panic!("declined") };
            assert_eq!((said.state, said.destination.is_some()), (SubscriptionState::Pending, has_destination));
            assert!(matches!(said.first_payment, Some(PaymentOutcome::Pending(_))));
        }
    }

    #[test]
    fn a_first_payment_that_is_decided_later_goes_along_with_its_subscription() {
        let cases = [
            ("redirect", PaymentState::Pending),
            ("pending-accepted", PaymentState::Accepted),
            ("pending-failed", PaymentState::Failed),
        ];
        for (scenario, later) in cases {
            let host = Host::new();
            let first = start(500, scenario).unwrap().first_payment.unwrap();
            let payment = known(ledger::payment_id(&host.reference()), euro(500), Ok(first));
            host.advance(HOUR - Duration::from_millis(1));
            assert_eq!(status(&payment).state, PaymentState::Pending, "{scenario}");
            host.advance(Duration::from_millis(1));
            assert_eq!(status(&payment).state, later, "{scenario}");
        }
    }

    #[test]
    fn a_subscription_whose_answer_was_lost_is_found_with_its_payment_and_lives_on() {
        let host = Host::new();
        assert!(matches!(start(500, "unknown"), Err(Error::Unknown(_))));
        let query = || Query::new(Action::Payment, host.reference());
        let payment = Sandbox::find(query()).unwrap();
        assert_eq!((payment[0].state, &payment[0].amount), (PaymentState::Accepted, &Some(euro(500))));
        let found = host.reading(|| Sandbox::find_subscription(query())).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].state, SubscriptionState::Active);
        assert_eq!(found[0].reference.tokens, [format!("sub_{}", host.reference())]);
        assert_eq!(found[0].reference.host_reference, Some(host.reference()));
        let mut subscription = Subscription::new("sub_carried");
        subscription.carry = found[0].carry.clone();
        let status = <Sandbox as Subscriptions>::status(subscription).unwrap();
        assert_eq!(status.state, SubscriptionState::Active, "what was found can be carried");
    }

    #[test]
    fn a_charge_goes_as_a_payment_does() {
        let host = Host::new();
        let subscription = started(&host, "succeed");
        let charge = |minor| {
            let request = PayRequest::new(euro(minor), "order-2");
            <Sandbox as ManualBilling>::pay(subscription.clone(), request)
        };
        let PaymentOutcome::Succeeded(taken) = charge(500).unwrap() else { panic!("not succeeded") };
        assert_eq!(taken.payment_id, Some(format!("pay_{}", host.reference())));
        assert!(matches!(charge(501), Ok(PaymentOutcome::Declined(_))));
        assert!(matches!(charge(503), Ok(PaymentOutcome::Pending(_))));
        assert!(matches!(charge(506), Err(Error::Unknown(_))));
        let found = Sandbox::find(Query::new(Action::Payment, host.reference())).unwrap();
        assert_eq!(found[0].amount, Some(euro(506)));
    }

    #[test]
    fn what_has_not_begun_or_has_ended_is_not_charged() {
        let host = Host::new();
        let charge = |subscription| <Sandbox as ManualBilling>::pay(subscription, request(500, "succeed"));
        assert!(matches!(charge(started(&host, "redirect")), Err(Error::Conflict(_))));
        let ended = started(&host, "succeed");
        Sandbox::expire(ended.clone()).unwrap();
        assert!(matches!(charge(ended), Err(Error::Conflict(_))));
        assert!(matches!(charge(Subscription::new("sub_other")), Err(Error::NotFound(_))));
    }
}
