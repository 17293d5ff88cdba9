//! The bodies of requests, member for member as PGM's callers send them. What the caller wrote for the
//! service goes through as text.

use provost_sdk::prelude::*;
use serde::Serialize;
use serde_json::value::RawValue;

/// For pay, pay-by-link, and with `subscriptionInfo` for schedule, start and subscription pay.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Pay<'a> {
    amount: u64,
    currency: &'a str,
    shop_transaction_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    success_redirect_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_redirect_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_method: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subscription_info: Option<SubscriptionInfo<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider_data: Option<&'a RawValue>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct SubscriptionInfo<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    interval: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    interval_count: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_after: Option<u32>,
}

/// For refund and capture.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Part<'a> {
    amount: u64,
    currency: &'a str,
    payment_id: &'a str,
    /// Of captures alone.
    #[serde(rename = "final", skip_serializing_if = "Option::is_none")]
    last: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider_data: Option<&'a RawValue>,
}

/// For update: what is not there stays as it is.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Update<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shop_transaction_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subscription_info: Option<SubscriptionInfo<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider_data: Option<&'a RawValue>,
}

impl<'a> Pay<'a> {
    pub(crate) fn of(request: &'a PayRequest) -> Result<Self> {
        Ok(Self {
            amount: request.amount.minor,
            currency: &request.amount.currency,
            shop_transaction_id: &request.shop_transaction_id,
            success_redirect_url: request.success_redirect_url.as_deref(),
            failure_redirect_url: request.failure_redirect_url.as_deref(),
            payment_method: request.payment_method.as_deref(),
            subscription_info: None,
            provider_data: raw(request.provider_data.as_deref())?,
        })
    }

    /// The same for a subscription that is billed after this plan.
    pub(crate) fn planned(self, plan: &Plan) -> Self {
        let info = SubscriptionInfo {
            interval: Some(word(plan.interval)),
            interval_count: Some(plan.interval_count),
            expires_after: plan.expires_after,
            token: None,
        };
        Self { subscription_info: Some(info), ..self }
    }

    /// The same for a charge of the subscription with this token.
    pub(crate) fn under(self, token: &'a str) -> Self {
        let info = SubscriptionInfo { token: Some(token), ..SubscriptionInfo::default() };
        Self { subscription_info: Some(info), ..self }
    }
}

impl<'a> Part<'a> {
    pub(crate) fn refund(request: &'a RefundRequest) -> Result<Self> {
        Ok(Self {
            amount: request.amount.minor,
            currency: &request.amount.currency,
            payment_id: request.payment.id()?,
            last: None,
            provider_data: raw(request.provider_data.as_deref())?,
        })
    }

    pub(crate) fn capture(request: &'a CaptureRequest) -> Result<Self> {
        Ok(Self {
            amount: request.amount.minor,
            currency: &request.amount.currency,
            payment_id: request.payment.id()?,
            last: Some(request.final_),
            provider_data: raw(request.provider_data.as_deref())?,
        })
    }
}

impl<'a> Update<'a> {
    pub(crate) fn of(changes: &'a Changes) -> Result<Self> {
        let Changes { interval, interval_count, expires_after, .. } = *changes;
        let info = SubscriptionInfo { token: None, interval: interval.map(word), interval_count, expires_after };
        let says_something = interval.is_some() || interval_count.is_some() || expires_after.is_some();
        Ok(Self {
            amount: changes.amount.as_ref().map(|amount| amount.minor),
            currency: changes.amount.as_ref().map(|amount| amount.currency.as_str()),
            shop_transaction_id: changes.shop_transaction_id.as_deref(),
            subscription_info: says_something.then_some(info),
            provider_data: raw(changes.provider_data.as_deref())?,
        })
    }
}

/// JSON that the host hands over, to be handed on as it is.
fn raw(json: Option<&str>) -> Result<Option<&RawValue>> {
    json.map(serde_json::from_str).transpose().map_err(|_| Error::invalid("/providerData", "not JSON"))
}

fn word(interval: Interval) -> &'static str {
    match interval {
        Interval::Day => "DAY",
        Interval::Week => "WEEK",
        Interval::Month => "MONTH",
        Interval::Year => "YEAR",
    }
}
