//! What is asked about payments: the plugin's request of each body.

use super::known::{self, wrong};
use super::operation::{Asked, Asking, Purpose, Work};
use crate::api::offline::{Body, of_operation};
use crate::model::{Answer, CaptureRequest, Fault, Kind, PayRequest, RefundRequest, Request};
use crate::operations::{Error, Lookup, unfit};
use serde::Deserialize;
use serde_json::value::RawValue;

pub(super) fn pay(asking: &Asking<'_>) -> Result<Asked, Answer> {
    let pay = payment(asking)?;
    let purpose = Purpose::Operation(Work::of(Kind::Pay, Some(pay.amount.clone())));
    Ok(Asked { request: Request::Pay(pay), purpose })
}

pub(super) fn link(asking: &Asking<'_>) -> Result<Asked, Answer> {
    let pay = payment(asking)?;
    let purpose = Purpose::Operation(Work::of(Kind::Link, Some(pay.amount.clone())));
    Ok(Asked { request: Request::Link(pay), purpose })
}

fn payment(asking: &Asking<'_>) -> Result<PayRequest, Answer> {
    let pay = Body::parse(asking.text.clone())?.pay()?;
    fit(unfit(asking.description, &pay))?;
    Ok(pay)
}

/// What a plugin's description rules out is refused as a host refuses it.
pub(super) fn fit(faults: Vec<Fault>) -> Result<(), Answer> {
    if faults.is_empty() { Ok(()) } else { Err(of_operation(Err(Error::Invalid(faults)))) }
}

pub(super) fn refund(asking: &Asking<'_>) -> Result<Asked, Answer> {
    let asked = Body::parse(asking.text.clone())?.refund()?;
    let payment = known::done_to(asking, &asked.payment_id, &asked.amount.currency)?;
    let work = Work::of(Kind::Refund, Some(asked.amount.clone()));
    let purpose = Purpose::Operation(Work { payment_id: Some(asked.payment_id), ..work });
    let request = RefundRequest { payment, amount: asked.amount, provider_data: asked.provider_data };
    Ok(Asked { request: Request::Refund(request), purpose })
}

pub(super) fn capture(asking: &Asking<'_>) -> Result<Asked, Answer> {
    let asked = Body::parse(asking.text.clone())?.capture()?;
    let left = || wrong("/amount", "is required where no store knows what is left to capture");
    let amount = asked.amount.ok_or_else(left)?;
    let payment = known::done_to(asking, &asked.payment_id, &amount.currency)?;
    let work = Work::of(Kind::Capture, Some(amount.clone()));
    let purpose = Purpose::Operation(Work { payment_id: Some(asked.payment_id), ..work });
    let request = CaptureRequest { payment, amount, last: asked.last, provider_data: asked.provider_data };
    Ok(Asked { request: Request::Capture(request), purpose })
}

pub(super) fn void(asking: &Asking<'_>) -> Result<Asked, Answer> {
    let payment_id = Body::parse(asking.text.clone())?.void()?;
    let payment = known::asked_about(asking, Lookup::Payment(payment_id.clone()))?;
    let work = Work::of(Kind::Void, payment.amount.clone());
    let purpose = Purpose::Operation(Work { payment_id: Some(payment_id), ..work });
    Ok(Asked { request: Request::Void(payment), purpose })
}

/// A continuation has no route: what a follow-up hands back stands in `data`.
pub(super) fn resume(asking: &Asking<'_>) -> Result<Asked, Answer> {
    #[derive(Deserialize)]
    struct FollowedUp {
        data: Box<RawValue>,
    }
    let payment_id = Body::parse(asking.text.clone())?.void()?;
    let data = serde_json::from_slice(asking.text).map(|FollowedUp { data }| data.get().to_owned());
    let data = data.map_err(|error| wrong("/data", error.to_string()))?;
    let payment = known::asked_about(asking, Lookup::Payment(payment_id.clone()))?;
    let work = Work::of(Kind::Resume, payment.amount.clone());
    let purpose = Purpose::Operation(Work { payment_id: Some(payment_id), ..work });
    Ok(Asked { request: Request::Resume(payment, data), purpose })
}

pub(super) fn status(asking: &Asking<'_>) -> Result<Asked, Answer> {
    let lookup = Body::parse(asking.text.clone())?.lookup()?;
    let payment = known::asked_about(asking, lookup)?;
    Ok(Asked { request: Request::Status(payment.clone()), purpose: Purpose::Status(payment) })
}
