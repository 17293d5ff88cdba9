//! What was agreed about a subscription, and how it lives by the clock. Pure: the time is handed in.

use provost_sdk::prelude::*;
use serde::{Deserialize, Serialize};

use crate::scenario::Scenario;

const HOUR_MS: u64 = 60 * 60 * 1000;
const DAY_MS: u64 = 24 * HOUR_MS;

/// What the host keeps with a subscription.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Terms {
    scenario: Scenario,
    /// In milliseconds since 1970.
    since_ms: u64,
    amount: Amount,
    interval: Interval,
    interval_count: u32,
    expires_after: Option<u32>,
    shop_transaction_id: String,
}

/// How a subscription stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stage {
    Pending,
    Active,
    PastDue,
    Expired,
    Canceled,
}

impl From<Stage> for SubscriptionState {
    fn from(stage: Stage) -> Self {
        match stage {
            Stage::Pending => Self::Pending,
            Stage::Active => Self::Active,
            Stage::PastDue => Self::PastDue,
            Stage::Expired => Self::Expired,
            Stage::Canceled => Self::Canceled,
        }
    }
}

impl Stage {
    /// Nothing will ever be charged again.
    pub(crate) fn is_over(self) -> bool {
        matches!(self, Self::Expired | Self::Canceled)
    }
}

impl Terms {
    /// What a request asks for, from now on.
    pub(crate) fn new(scenario: Scenario, request: &PayRequest, plan: Plan, now_ms: u64) -> Result<Self> {
        let terms = Self {
            scenario,
            since_ms: now_ms,
            amount: request.amount.clone(),
            interval: plan.interval,
            interval_count: plan.interval_count,
            expires_after: plan.expires_after,
            shop_transaction_id: request.shop_transaction_id.clone(),
        };
        terms.must_make_sense()?;
        Ok(terms)
    }

    /// The same, with what is to change.
    pub(crate) fn changed(self, changes: Changes) -> Result<Self> {
        let amount = changes.amount.unwrap_or_else(|| self.amount.clone());
        if amount.currency != self.amount.currency {
            return Err(Error::invalid("/currency", format!("the subscription is in {}", self.amount.currency)));
        }
        let terms = Self {
            amount,
            interval: changes.interval.unwrap_or(self.interval),
            interval_count: changes.interval_count.unwrap_or(self.interval_count),
            expires_after: changes.expires_after.or(self.expires_after),
            shop_transaction_id: changes.shop_transaction_id.unwrap_or(self.shop_transaction_id),
            ..self
        };
        terms.must_make_sense()?;
        Ok(terms)
    }

    fn must_make_sense(&self) -> Result<()> {
        if self.interval_count == 0 {
            return Err(Error::invalid("/subscriptionInfo/intervalCount", "must be at least 1"));
        }
        if self.expires_after == Some(0) {
            return Err(Error::invalid("/subscriptionInfo/expiresAfter", "must be at least 1"));
        }
        Ok(())
    }

    /// Whether it begins with a decision that somebody has yet to take.
    pub(crate) fn is_decided_later(&self) -> bool {
        matches!(self.scenario, Scenario::Redirect | Scenario::PendingAccepted | Scenario::PendingFailed)
    }

    /// When what the provider decides by itself is decided.
    pub(crate) fn decided_at_ms(&self) -> u64 {
        self.since_ms.saturating_add(HOUR_MS)
    }

    /// How it stands: as somebody has told, else as its scenario goes on by the clock, until the plan ends.
    pub(crate) fn stage(&self, told: Option<Stage>, now_ms: u64) -> Stage {
        match told.unwrap_or_else(|| self.stage_by_clock(now_ms)) {
            Stage::Active | Stage::PastDue if self.plan_is_over(now_ms) => Stage::Expired,
            stage => stage,
        }
    }

    fn stage_by_clock(&self, now_ms: u64) -> Stage {
        let is_late = || {
            let first_end_ms = self.since_ms.saturating_add(self.period_ms());
            (first_end_ms..first_end_ms.saturating_add(DAY_MS)).contains(&now_ms)
        };
        match self.scenario {
            Scenario::Redirect => Stage::Pending,
            Scenario::PendingAccepted | Scenario::PendingFailed if now_ms < self.decided_at_ms() => Stage::Pending,
            Scenario::PendingFailed => Stage::Canceled,
            Scenario::PastDue if is_late() => Stage::PastDue,
            _ => Stage::Active,
        }
    }

    fn plan_is_over(&self, now_ms: u64) -> bool {
        self.expires_after.is_some_and(|payments| {
            let length_ms = self.period_ms().saturating_mul(payments.into());
            now_ms >= self.since_ms.saturating_add(length_ms)
        })
    }

    fn period_ms(&self) -> u64 {
        let days: u64 = match self.interval {
            Interval::Day => 1,
            Interval::Week => 7,
            Interval::Month => 30,
            Interval::Year => 365,
        };
        (days * DAY_MS).saturating_mul(self.interval_count.into())
    }

    /// What the merchant reads of it.
    pub(crate) fn metadata(&self) -> Value {
        json!({
            "amount": self.amount.minor,
            "currency": self.amount.currency,
            "interval": self.interval,
            "intervalCount": self.interval_count,
            "expiresAfter": self.expires_after,
            "shopTransactionId": self.shop_transaction_id,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SINCE: u64 = 1_000_000;

    fn terms(scenario: Scenario, plan: Plan) -> Terms {
        let request = PayRequest::new(Amount::new(500, "EUR"), "order-1");
        Terms::new(scenario, &request, plan, SINCE).unwrap()
    }

    /// Its stages on the last millisecond before each of these hours, and on the first one after.
    fn stages(terms: &Terms, hours: &[u64]) -> Vec<(Stage, Stage)> {
        let at = |ms: u64| terms.stage(None, SINCE + ms);
        hours.iter().map(|hour| (at(hour * HOUR_MS - 1), at(hour * HOUR_MS))).collect()
    }

    #[test]
    fn a_plan_expires_when_its_last_period_is_over() {
        use Stage::{Active, Expired};
        let cases = [
            (Plan::every(1, Interval::Day).expires_after(3), 3 * 24),
            (Plan::every(2, Interval::Week).expires_after(1), 14 * 24),
            (Plan::every(1, Interval::Month).expires_after(2), 60 * 24),
            (Plan::every(1, Interval::Year).expires_after(1), 365 * 24),
        ];
        for (plan, hours) in cases {
            assert_eq!(stages(&terms(Scenario::Succeed, plan), &[hours]), [(Active, Expired)], "{plan:?}");
        }
        assert_eq!(terms(Scenario::Succeed, Plan::every(1, Interval::Day)).stage(None, u64::MAX), Active);
        let endless = Plan::every(u32::MAX, Interval::Year).expires_after(u32::MAX);
        assert_eq!(terms(Scenario::Succeed, endless).stage(None, u64::MAX - 1), Active);
    }

    #[test]
    fn what_is_decided_later_is_decided_after_an_hour() {
        use Stage::{Active, Canceled, Expired, Pending};
        let plan = Plan::every(1, Interval::Day).expires_after(1);
        let accepted = terms(Scenario::PendingAccepted, plan);
        assert_eq!(stages(&accepted, &[1, 24]), [(Pending, Active), (Active, Expired)]);
        let failed = terms(Scenario::PendingFailed, plan);
        assert_eq!(stages(&failed, &[1, 24]), [(Pending, Canceled), (Canceled, Canceled)]);
        let redirected = terms(Scenario::Redirect, plan);
        assert_eq!(stages(&redirected, &[1, 24]), [(Pending, Pending); 2], "nobody has agreed to it");
    }

    #[test]
    fn a_late_payment_is_late_for_a_day_after_the_first_period() {
        use Stage::{Active, Expired, PastDue};
        let weekly = terms(Scenario::PastDue, Plan::every(1, Interval::Week).expires_after(2));
        let stages = stages(&weekly, &[7 * 24, 8 * 24, 14 * 24]);
        assert_eq!(stages, [(Active, PastDue), (PastDue, Active), (Active, Expired)]);
    }

    #[test]
    fn what_somebody_told_wins_over_the_clock_but_for_the_plans_end() {
        let told = |scenario, stage, ms| {
            let terms = terms(scenario, Plan::every(1, Interval::Day).expires_after(1));
            terms.stage(Some(stage), SINCE + ms)
        };
        assert_eq!(told(Scenario::Redirect, Stage::Active, 0), Stage::Active);
        assert_eq!(told(Scenario::Redirect, Stage::Active, DAY_MS), Stage::Expired);
        assert_eq!(told(Scenario::Succeed, Stage::PastDue, 0), Stage::PastDue);
        assert_eq!(told(Scenario::Succeed, Stage::Canceled, DAY_MS), Stage::Canceled);
    }

    #[test]
    fn a_change_changes_what_it_names_and_nothing_else() {
        let before = terms(Scenario::Succeed, Plan::every(1, Interval::Month).expires_after(6));
        assert_eq!(before.clone().changed(Changes::none()).unwrap().metadata(), before.metadata());
        let changes = Changes { interval: Some(Interval::Week), expires_after: Some(2), ..Changes::none() };
        let mut expected = before.metadata();
        (expected["interval"], expected["expiresAfter"]) = (json!("WEEK"), json!(2));
        assert_eq!(before.changed(changes).unwrap().metadata(), expected);
    }

    #[test]
    fn a_plan_that_never_bills_and_another_currency_are_the_callers_fault() {
        let pointer = |changes| match terms(Scenario::Succeed, Plan::every(1, Interval::Day)).changed(changes) {
            Err(Error::Invalid(faults)) => faults[0].pointer.clone(),
            other => panic!("{other:?}"),
        };
        let never = Changes { interval_count: Some(0), ..Changes::none() };
        assert_eq!(pointer(never), "/subscriptionInfo/intervalCount");
        let none = Changes { expires_after: Some(0), ..Changes::none() };
        assert_eq!(pointer(none), "/subscriptionInfo/expiresAfter");
        let crowns = Changes { amount: Some(Amount::new(1, "SEK")), ..Changes::none() };
        assert_eq!(pointer(crowns), "/currency");
    }
}
