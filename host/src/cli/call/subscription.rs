//! What is asked about subscriptions: the plugin's request of each body. What a path would carry, the token, stands in
//! the body as `subscriptionToken`.

use super::known::{self, wrong};
use super::operation::{Asked, Asking, Purpose, Work};
use super::payment::fit;
use crate::api::offline::Body;
use crate::model::{Answer, Kind, PayRequest, Plan, Request};
use crate::operations::{unfit, unfit_changes, unfit_subscription};
use serde::Deserialize;

pub(super) fn schedule(asking: &Asking<'_>) -> Result<Asked, Answer> {
    let (pay, plan, purpose) = begun(asking, Kind::Schedule)?;
    Ok(Asked { request: Request::Schedule(pay, plan), purpose })
}

pub(super) fn start(asking: &Asking<'_>) -> Result<Asked, Answer> {
    let (pay, plan, purpose) = begun(asking, Kind::Start)?;
    Ok(Asked { request: Request::Start(pay, plan), purpose })
}

fn begun(asking: &Asking<'_>, kind: Kind) -> Result<(PayRequest, Plan, Purpose), Answer> {
    let (pay, plan) = Body::parse(asking.text.clone())?.subscription()?;
    fit(unfit_subscription(asking.description, &pay, &plan))?;
    let purpose = Purpose::Operation(Work::of(kind, Some(pay.amount.clone())));
    Ok((pay, plan, purpose))
}

pub(super) fn charge(asking: &Asking<'_>) -> Result<Asked, Answer> {
    let (token, pay) = Body::parse(asking.text.clone())?.charge()?;
    fit(unfit(asking.description, &pay))?;
    let subscription = known::subscription(asking, &token)?;
    let work = Work::of(Kind::Charge, Some(pay.amount.clone()));
    let purpose = Purpose::Operation(Work { subscription_token: Some(token), ..work });
    Ok(Asked { request: Request::Charge(subscription, pay), purpose })
}

pub(super) fn update(asking: &Asking<'_>) -> Result<Asked, Answer> {
    let changes = Body::parse(asking.text.clone())?.changes()?;
    fit(unfit_changes(asking.description, &changes))?;
    let token = token(asking)?;
    let subscription = known::subscription(asking, &token)?;
    let work = Work::of(Kind::Update, changes.amount.clone());
    let purpose = Purpose::Operation(Work { subscription_token: Some(token), ..work });
    Ok(Asked { request: Request::Update(subscription, changes), purpose })
}

pub(super) fn expire(asking: &Asking<'_>) -> Result<Asked, Answer> {
    let token = token(asking)?;
    let subscription = known::subscription(asking, &token)?;
    let purpose = Purpose::Operation(Work { subscription_token: Some(token), ..Work::of(Kind::Expire, None) });
    Ok(Asked { request: Request::Expire(subscription), purpose })
}

pub(super) fn status(asking: &Asking<'_>) -> Result<Asked, Answer> {
    let subscription = known::subscription(asking, &token(asking)?)?;
    let purpose = Purpose::SubscriptionStatus(subscription.clone());
    Ok(Asked { request: Request::SubscriptionStatus(subscription), purpose })
}

fn token(asking: &Asking<'_>) -> Result<String, Answer> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct InPath {
        subscription_token: String,
    }
    let read = serde_json::from_slice(asking.text).map(|InPath { subscription_token }| subscription_token);
    read.map_err(|error| wrong("/subscriptionToken", error.to_string()))
}
