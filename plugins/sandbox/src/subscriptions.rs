//! Changing, asking about and ending subscriptions.

use provost_sdk::prelude::*;

use crate::scenario::{Scenario, Wish};
use crate::{Sandbox, misbehaviour, register};

impl Subscriptions for Sandbox {
    fn update(subscription: Subscription, changes: Changes) -> Result<ChangeOutcome> {
        let wish: Wish = changes.data()?;
        let scenario = wish.begin(None)?;
        let known = register::of(&subscription)?;
        known.must_live()?;
        let terms = known.terms.ok_or_else(|| Error::not_found("the sandbox knows no terms of this subscription"))?;
        let terms = terms.changed(changes)?;
        match scenario {
            Scenario::Decline => return Ok(wish.decline().into()),
            Scenario::PendingFailed => return Ok(ChangeOutcome::Pending),
            _ => register::record(subscription.token()?, terms)?,
        }
        match scenario {
            Scenario::PendingAccepted => Ok(ChangeOutcome::Pending),
            Scenario::Unknown => Err(misbehaviour::lost()),
            _ => Ok(ChangeOutcome::Done),
        }
    }

    fn status(subscription: Subscription) -> Result<SubscriptionStatus> {
        Ok(register::of(&subscription)?.status(subscription.reference))
    }

    fn expire(subscription: Subscription) -> Result<ChangeOutcome> {
        if !register::of(&subscription)?.stage.is_over() {
            register::cancel(subscription.token()?)?;
        }
        Ok(ChangeOutcome::Done)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use provost_sdk::testing::Host;

    use super::*;
    use crate::ledger;
    use crate::terms::Stage;
    use crate::testing::{euro, started};

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    fn status(subscription: &Subscription) -> SubscriptionStatus {
        <Sandbox as Subscriptions>::status(subscription.clone()).unwrap()
    }

    fn changes(amount: u64) -> Changes {
        Changes { amount: Some(euro(amount)), ..Changes::none() }
    }

    fn metadata(subscription: &Subscription) -> Value {
        status(subscription).metadata.unwrap().parse().unwrap()
    }

    #[test]
    fn a_subscription_lives_by_the_clock_from_what_the_host_carries_alone() {
        let host = Host::new();
        let subscription = started(&host, "past-due");
        assert_eq!(host.stored(subscription.token().unwrap()), None);
        // Monthly, three times.
        let states = [0, 29, 1, 1, 58, 1].map(|days| {
            host.advance(DAY * days);
            host.reading(|| status(&subscription)).state
        });
        use SubscriptionState::{Active, Expired, PastDue};
        assert_eq!(states, [Active, Active, PastDue, Active, Active, Expired]);
    }

    #[test]
    fn a_subscription_that_waits_for_its_payer_begins_with_the_first_payment_or_never() {
        for (paid, state) in
            [(ledger::State::Accepted, SubscriptionState::Active), (ledger::State::Failed, SubscriptionState::Canceled)]
        {
            let host = Host::new();
            let subscription = started(&host, "redirect");
            host.advance(DAY);
            assert_eq!(status(&subscription).state, SubscriptionState::Pending);
            let first = subscription.token().unwrap().replace("sub_", "pay_");
            ledger::note(&first, paid, None, host.now_ms()).unwrap();
            assert_eq!(status(&subscription).state, state);
        }
    }

    #[test]
    fn a_change_shows_in_the_status_and_in_what_the_host_carries_from_then_on() {
        let host = Host::new();
        let subscription = started(&host, "succeed");
        assert_eq!(
            (&metadata(&subscription)["amount"], &metadata(&subscription)["expiresAfter"]),
            (&500.into(), &3.into())
        );
        assert_eq!(Sandbox::update(subscription.clone(), changes(900)), Ok(ChangeOutcome::Done));
        let later = Changes { expires_after: Some(1), ..Changes::none() };
        assert_eq!(Sandbox::update(subscription.clone(), later), Ok(ChangeOutcome::Done));
        let status = status(&subscription);
        assert_eq!(
            (&metadata(&subscription)["amount"], &metadata(&subscription)["expiresAfter"]),
            (&900.into(), &1.into())
        );
        assert!(status.carry.unwrap().contains("900"));
        host.advance(DAY * 30);
        assert_eq!(self::status(&subscription).state, SubscriptionState::Expired, "it lives after the new plan");
    }

    #[test]
    fn a_change_goes_as_was_wished() {
        let host = Host::new();
        let cases = [("decline", 500), ("pending-failed", 500), ("pending-accepted", 900), ("unknown", 900)];
        for (scenario, amount) in cases {
            let subscription = started(&host, "succeed");
            let wished = changes(900).with_data(json!({ "scenario": scenario }));
            let said = Sandbox::update(subscription.clone(), wished);
            match scenario {
                "decline" => assert!(matches!(said, Ok(ChangeOutcome::Declined(_)))),
                "unknown" => assert!(matches!(said, Err(Error::Unknown(_)))),
                _ => assert_eq!(said, Ok(ChangeOutcome::Pending)),
            }
            assert_eq!(metadata(&subscription)["amount"], amount, "{scenario}");
        }
        let subscription = started(&host, "succeed");
        let by_digits = Sandbox::update(subscription, changes(901));
        assert_eq!(by_digits, Ok(ChangeOutcome::Done), "the digits are for its charges");
    }

    #[test]
    fn a_subscription_is_ended_once_and_stays_so() {
        let host = Host::new();
        let subscription = started(&host, "succeed");
        for _ in 0..2 {
            assert_eq!(Sandbox::expire(subscription.clone()), Ok(ChangeOutcome::Done));
            assert_eq!(status(&subscription).state, SubscriptionState::Canceled);
            host.advance(DAY * 400);
        }
        assert!(matches!(Sandbox::update(subscription, changes(900)), Err(Error::Conflict(_))));
    }

    #[test]
    fn what_has_expired_stays_expired_when_it_is_ended() {
        let host = Host::new();
        let subscription = started(&host, "succeed");
        host.advance(DAY * 90);
        assert_eq!(Sandbox::expire(subscription.clone()), Ok(ChangeOutcome::Done));
        assert_eq!(status(&subscription).state, SubscriptionState::Expired);
        assert!(matches!(Sandbox::update(subscription, changes(900)), Err(Error::Conflict(_))));
    }

    #[test]
    fn a_token_that_nobody_knows_is_not_found_and_one_that_a_webhook_told_of_is_known_by_it() {
        let host = Host::new();
        for token in ["sub_other".to_owned(), "x".repeat(4000)] {
            let other = Subscription::new(token);
            assert!(matches!(<Sandbox as Subscriptions>::status(other.clone()), Err(Error::NotFound(_))));
            assert!(matches!(Sandbox::expire(other.clone()), Err(Error::NotFound(_))));
            assert!(matches!(Sandbox::update(other, changes(900)), Err(Error::NotFound(_))));
        }
        let told = Subscription::new("sub_told");
        register::note("sub_told", Stage::PastDue, host.now_ms()).unwrap();
        assert_eq!(status(&told).state, SubscriptionState::PastDue);
        assert!(matches!(Sandbox::update(told.clone(), changes(900)), Err(Error::NotFound(_))));
        assert_eq!(Sandbox::expire(told.clone()), Ok(ChangeOutcome::Done));
        assert_eq!(status(&told).state, SubscriptionState::Canceled);
    }
}
