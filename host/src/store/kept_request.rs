//! A plugin's request as JSON, for as long as its call may be made again (rule 8). The model knows no serde, so the shape
//! on disk stands here. What is never repeated has none.

use crate::model::{
    Amount, CaptureRequest, Carry, Interval, KnownPayment, KnownSubscription, PayRequest, Plan, RefundRequest, Request,
    Target,
};
use serde::{Deserialize, Serialize};

/// [`Request`] as it is kept.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum Kept {
    Pay(KeptPay),
    Link(KeptPay),
    Schedule(KeptPay, KeptPlan),
    Start(KeptPay, KeptPlan),
    Charge(KeptSubscription, KeptPay),
    Refund { payment: KeptPayment, amount: KeptAmount, provider_data: Option<String> },
    Capture { payment: KeptPayment, amount: KeptAmount, last: bool, provider_data: Option<String> },
    Void(KeptPayment),
    Resume(KeptPayment, String),
}

#[derive(Deserialize, Serialize)]
struct KeptPay {
    amount: KeptAmount,
    shop_transaction_id: String,
    payment_method: Option<String>,
    success_redirect_url: Option<String>,
    failure_redirect_url: Option<String>,
    provider_data: Option<String>,
}

#[derive(Deserialize, Serialize)]
struct KeptPlan {
    interval: String,
    interval_count: u32,
    expires_after: Option<u32>,
}

#[derive(Deserialize, Serialize)]
struct KeptPayment {
    payment_ids: Vec<String>,
    shop_transaction_id: Option<String>,
    host_reference: Option<String>,
    amount: Option<KeptAmount>,
    payment_method: Option<String>,
    carry: Option<KeptCarry>,
}

#[derive(Deserialize, Serialize)]
struct KeptSubscription {
    tokens: Vec<String>,
    host_reference: Option<String>,
    carry: Option<KeptCarry>,
}

#[derive(Deserialize, Serialize)]
struct KeptAmount(u64, String);

#[derive(Deserialize, Serialize)]
struct KeptCarry(String, u32);

/// The text of a request; none of one that is never repeated.
pub(super) fn text(request: &Request) -> Option<Vec<u8>> {
    let kept = match request {
        Request::Pay(request) => Kept::Pay(request.into()),
        Request::Link(request) => Kept::Link(request.into()),
        Request::Schedule(request, plan) => Kept::Schedule(request.into(), plan.into()),
        Request::Start(request, plan) => Kept::Start(request.into(), plan.into()),
        Request::Charge(subscription, request) => Kept::Charge(subscription.into(), request.into()),
        Request::Refund(RefundRequest { payment, amount, provider_data }) => {
            Kept::Refund { payment: payment.into(), amount: amount.into(), provider_data: provider_data.clone() }
        }
        Request::Capture(CaptureRequest { payment, amount, last, provider_data }) => Kept::Capture {
            payment: payment.into(),
            amount: amount.into(),
            last: *last,
            provider_data: provider_data.clone(),
        },
        Request::Void(payment) => Kept::Void(payment.into()),
        Request::Resume(payment, data) => Kept::Resume(payment.into(), data.clone()),
        _ => return None,
    };
    serde_json::to_vec(&kept).ok()
}

/// The request of a text; none where another version of the host wrote it, and this one does not understand it.
pub(super) fn request(text: &[u8]) -> Option<Request> {
    Some(match serde_json::from_slice(text).ok()? {
        Kept::Pay(request) => Request::Pay(request.into()),
        Kept::Link(request) => Request::Link(request.into()),
        Kept::Schedule(request, plan) => Request::Schedule(request.into(), plan.plan()?),
        Kept::Start(request, plan) => Request::Start(request.into(), plan.plan()?),
        Kept::Charge(subscription, request) => Request::Charge(subscription.into(), request.into()),
        Kept::Refund { payment, amount, provider_data } => {
            Request::Refund(RefundRequest { payment: payment.into(), amount: amount.into(), provider_data })
        }
        Kept::Capture { payment, amount, last, provider_data } => {
            Request::Capture(CaptureRequest { payment: payment.into(), amount: amount.into(), last, provider_data })
        }
        Kept::Void(payment) => Request::Void(payment.into()),
        Kept::Resume(payment, data) => Request::Resume(payment.into(), data),
    })
}

impl From<&PayRequest> for KeptPay {
    fn from(request: &PayRequest) -> Self {
        let request = request.clone();
        Self {
            amount: (&request.amount).into(),
            shop_transaction_id: request.shop_transaction_id,
            payment_method: request.payment_method,
            success_redirect_url: request.success_redirect_url,
            failure_redirect_url: request.failure_redirect_url,
            provider_data: request.provider_data,
        }
    }
}

impl From<KeptPay> for PayRequest {
    fn from(kept: KeptPay) -> Self {
        Self {
            amount: kept.amount.into(),
            shop_transaction_id: kept.shop_transaction_id,
            payment_method: kept.payment_method,
            success_redirect_url: kept.success_redirect_url,
            failure_redirect_url: kept.failure_redirect_url,
            provider_data: kept.provider_data,
        }
    }
}

impl From<&Plan> for KeptPlan {
    fn from(plan: &Plan) -> Self {
        let interval = plan.interval.name().to_owned();
        Self { interval, interval_count: plan.interval_count, expires_after: plan.expires_after }
    }
}

impl KeptPlan {
    fn plan(self) -> Option<Plan> {
        let interval = Interval::from_name(&self.interval)?;
        Some(Plan { interval, interval_count: self.interval_count, expires_after: self.expires_after })
    }
}

impl From<&KnownPayment> for KeptPayment {
    fn from(payment: &KnownPayment) -> Self {
        let Target { payment_ids, shop_transaction_id, host_reference } = payment.target.clone();
        Self {
            payment_ids,
            shop_transaction_id,
            host_reference,
            amount: payment.amount.as_ref().map(KeptAmount::from),
            payment_method: payment.payment_method.clone(),
            carry: payment.carry.as_ref().map(KeptCarry::from),
        }
    }
}

impl From<KeptPayment> for KnownPayment {
    fn from(kept: KeptPayment) -> Self {
        let KeptPayment { payment_ids, shop_transaction_id, host_reference, amount, payment_method, carry } = kept;
        Self {
            target: Target { payment_ids, shop_transaction_id, host_reference },
            amount: amount.map(Amount::from),
            payment_method,
            carry: carry.map(Carry::from),
        }
    }
}

impl From<&KnownSubscription> for KeptSubscription {
    fn from(subscription: &KnownSubscription) -> Self {
        let KnownSubscription { tokens, host_reference, carry } = subscription.clone();
        Self { tokens, host_reference, carry: carry.as_ref().map(KeptCarry::from) }
    }
}

impl From<KeptSubscription> for KnownSubscription {
    fn from(kept: KeptSubscription) -> Self {
        Self { tokens: kept.tokens, host_reference: kept.host_reference, carry: kept.carry.map(Carry::from) }
    }
}

impl From<&Amount> for KeptAmount {
    fn from(amount: &Amount) -> Self {
        Self(amount.minor, amount.currency.clone())
    }
}

impl From<KeptAmount> for Amount {
    fn from(KeptAmount(minor, currency): KeptAmount) -> Self {
        Self { minor, currency }
    }
}

impl From<&Carry> for KeptCarry {
    fn from(carry: &Carry) -> Self {
        Self(carry.json.clone(), carry.format)
    }
}

impl From<KeptCarry> for Carry {
    fn from(KeptCarry(json, format): KeptCarry) -> Self {
        Self { json, format }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Changes, UtilityRequest};

    #[test]
    fn whatever_may_be_made_again_comes_back_as_it_was() {
        let amount = Amount { minor: 500, currency: "EUR".into() };
        let text_of = |text: &str| Some(text.to_owned());
        let pay = PayRequest {
            amount: amount.clone(),
            shop_transaction_id: "s-1".into(),
            payment_method: text_of("card"),
            success_redirect_url: text_of("https://shop.example/ok"),
            failure_redirect_url: text_of("https://shop.example/no"),
            provider_data: text_of("{\"a\": 1}"),
        };
        let plan = Plan { interval: Interval::Month, interval_count: 2, expires_after: Some(3) };
        let carry = Some(Carry { json: "{}".into(), format: 7 });
        let target = Target {
            payment_ids: vec!["p-1".into()],
            shop_transaction_id: text_of("s-1"),
            host_reference: text_of("h"),
        };
        let payment = KnownPayment { target, amount: Some(amount.clone()), payment_method: None, carry: carry.clone() };
        let known = KnownSubscription { tokens: vec!["t".into()], host_reference: text_of("h"), carry };
        let provider_data = text_of("{}");
        let requests = [
            Request::Pay(pay.clone()),
            Request::Link(pay.clone()),
            Request::Schedule(pay.clone(), plan),
            Request::Start(pay.clone(), plan),
            Request::Charge(known.clone(), pay),
            Request::Refund(RefundRequest {
                payment: payment.clone(),
                amount: amount.clone(),
                provider_data: provider_data.clone(),
            }),
            Request::Capture(CaptureRequest { payment: payment.clone(), amount, last: true, provider_data }),
            Request::Void(payment.clone()),
            Request::Resume(payment, "{\"step\": 2}".into()),
        ];
        for asked in requests {
            assert_eq!(request(&text(&asked).unwrap()), Some(asked));
        }
        let utility = UtilityRequest { method: "POST".into(), name: "n".into(), query: Vec::new(), body: None };
        let never =
            [Request::Utility(utility), Request::Expire(known.clone()), Request::Update(known, Changes::default())];
        for asked in never {
            assert_eq!(text(&asked), None);
        }
        assert_eq!(request(b"{\"transfer\": 1}"), None);
    }
}
