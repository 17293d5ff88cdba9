//! Subscriptions: what schedule, start, charge, update and expire add to the pipeline.

use super::pay::{check, new_payment, unfit, unfit_currency};
use super::perform::{Plan, refused, store_away};
use super::{Answered, Caller, Error, Operations, Respond, ask_subscription};
use crate::model::{
    Changes, Description, Fault, Interval, Kind, PayRequest, Plan as Billing, Request, SubscriptionState,
};
use crate::store::{Subject, What, Whose};

impl Operations {
    /// Begins a subscription that the provider charges.
    pub async fn schedule(
        &self,
        external: &str,
        caller: Caller,
        request: PayRequest,
        billing: Billing,
        respond: Respond,
    ) -> Answered {
        match self.plan_subscribe(external, Kind::Schedule, caller, request, billing, respond) {
            Ok(plan) => self.perform(plan).await,
            Err(error) => refused(respond, error),
        }
    }

    /// Begins a subscription that is charged with [`Operations::charge`].
    pub async fn start(
        &self,
        external: &str,
        caller: Caller,
        request: PayRequest,
        billing: Billing,
        respond: Respond,
    ) -> Answered {
        match self.plan_subscribe(external, Kind::Start, caller, request, billing, respond) {
            Ok(plan) => self.perform(plan).await,
            Err(error) => refused(respond, error),
        }
    }

    /// Charges a subscription once.
    pub async fn charge(
        &self,
        external: &str,
        caller: Caller,
        token: String,
        request: PayRequest,
        respond: Respond,
    ) -> Answered {
        match self.plan_charge(external, caller, token, request, respond).await {
            Ok(plan) => self.perform(plan).await,
            Err(error) => refused(respond, error),
        }
    }

    /// Changes a subscription.
    pub async fn update(
        &self,
        external: &str,
        caller: Caller,
        token: String,
        changes: Changes,
        respond: Respond,
    ) -> Answered {
        match self.plan_update(external, caller, token, changes, respond).await {
            Ok(plan) => self.perform(plan).await,
            Err(error) => refused(respond, error),
        }
    }

    /// Ends a subscription. One that is over already is no error.
    pub async fn expire(&self, external: &str, caller: Caller, token: String, respond: Respond) -> Answered {
        match self.plan_expire(external, caller, token, respond).await {
            Ok(plan) => self.perform(plan).await,
            Err(error) => refused(respond, error),
        }
    }

    fn plan_subscribe(
        &self,
        external: &str,
        kind: Kind,
        caller: Caller,
        request: PayRequest,
        billing: Billing,
        respond: Respond,
    ) -> Result<Plan, Error> {
        let serving = self.serving_for(external, kind)?;
        let description = serving.plugin.description();
        let faults = unfit_subscription(description, &request, &billing);
        if !faults.is_empty() {
            return Err(Error::Invalid(faults));
        }
        let what = What::Subscribe(kind, new_payment(&serving, &request), billing);
        let amount = Some(request.amount.clone());
        let request = Box::new(move |_: &_, _: &_| match kind {
            Kind::Schedule => Request::Schedule(request, billing),
            _ => Request::Start(request, billing),
        });
        Ok(Plan { serving, caller, amount, what, request, respond })
    }

    async fn plan_charge(
        &self,
        external: &str,
        caller: Caller,
        token: String,
        request: PayRequest,
        respond: Respond,
    ) -> Result<Plan, Error> {
        let serving = self.serving_for(external, Kind::Charge)?;
        check(&serving, &request)?;
        let what = What::Charge(self.whose(external, token).await?, new_payment(&serving, &request));
        let amount = Some(request.amount.clone());
        let request =
            Box::new(|_: &_, subject: &Subject| Request::Charge(ask_subscription::known_of(subject), request));
        Ok(Plan { serving, caller, amount, what, request, respond })
    }

    async fn plan_update(
        &self,
        external: &str,
        caller: Caller,
        token: String,
        changes: Changes,
        respond: Respond,
    ) -> Result<Plan, Error> {
        let serving = self.serving_for(external, Kind::Update)?;
        let description = serving.plugin.description();
        let faults = unfit_changes(description, &changes);
        if !faults.is_empty() {
            return Err(Error::Invalid(faults));
        }
        let what = What::Update(self.whose(external, token).await?, changes.clone());
        let amount = changes.amount.clone();
        let request =
            Box::new(|_: &_, subject: &Subject| Request::Update(ask_subscription::known_of(subject), changes));
        Ok(Plan { serving, caller, amount, what, request, respond })
    }

    async fn plan_expire(
        &self,
        external: &str,
        caller: Caller,
        token: String,
        respond: Respond,
    ) -> Result<Plan, Error> {
        let serving = self.serving_for(external, Kind::Expire)?;
        let what = What::Expire(self.whose(external, token).await?);
        let request = Box::new(|_: &_, subject: &Subject| Request::Expire(ask_subscription::known_of(subject)));
        Ok(Plan { serving, caller, amount: None, what, request, respond })
    }

    /// The subscription of a token. One of which nobody knows whether it began is asked for first (rule 7); one that is
    /// not known here was made elsewhere, and is the provider's to judge.
    async fn whose(&self, external: &str, token: String) -> Result<Whose, Error> {
        let Some(subscription) = self.0.store.subscription(external, &token).await.map_err(store_away)? else {
            return Ok(Whose::Elsewhere(token));
        };
        if subscription.state == SubscriptionState::Unknown && subscription.tokens.is_empty() {
            // Where it cannot be told, the claim refuses.
            let _ = self.ask_about_subscription(&subscription).await;
        }
        Ok(Whose::Known(subscription.key))
    }
}

/// What the plugin's description rules out of a subscription that is to begin.
pub(crate) fn unfit_subscription(description: &Description, request: &PayRequest, billing: &Billing) -> Vec<Fault> {
    unfit(description, request).into_iter().chain(unfit_interval(description, billing.interval)).collect()
}

/// What the plugin's description rules out of a change.
pub(crate) fn unfit_changes(description: &Description, changes: &Changes) -> Vec<Fault> {
    let currency = changes.amount.as_ref().and_then(|amount| unfit_currency(description, &amount.currency));
    let interval = changes.interval.and_then(|interval| unfit_interval(description, interval));
    currency.into_iter().chain(interval).collect()
}

fn unfit_interval(description: &Description, interval: Interval) -> Option<Fault> {
    let billed: Vec<_> = description.intervals.iter().map(|interval| interval.name()).collect();
    let reason = match billed.as_slice() {
        [] => "this provider bills at no interval".to_owned(),
        billed => format!("this provider bills by {}", billed.join(", ")),
    };
    (!description.intervals.contains(&interval)).then(|| Fault::new("/subscriptionInfo/interval", reason))
}
