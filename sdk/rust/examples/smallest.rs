//! A provider that takes payments, tells how they stand, and gives money back.

use provost_sdk::prelude::*;
use serde::Deserialize;

struct Acme;
provost_sdk::plugin!(Acme: payments, inquiry, refunds);

const API: &str = "https://api.acme.example/v1";

#[derive(Deserialize)]
struct Answer {
    id: String,
    status: String,
}

impl Plugin for Acme {
    fn describe() -> Description {
        Description::new("acme", "1.0.0")
            .origin("https://api.acme.example")
            .secret("api_key", "the key from Acme's console")
    }
}

impl Payments for Acme {
    fn pay(request: PayRequest) -> Result<PaymentOutcome> {
        let charge = json!({
            "reference": operation::reference(),
            "amount": request.amount.minor,
            "currency": request.amount.currency,
        });
        let answer = http::post(format!("{API}/charges")).bearer("api_key").idempotency_key().json(&charge).send()?;
        if answer.status() == 402 {
            return Ok(Decline::new("card_declined").into());
        }
        let charge: Answer = answer.success()?.json()?;
        let acknowledgement = Acknowledgement::new(charge.id);
        Ok(match charge.status.as_str() {
            "succeeded" => acknowledgement.succeeded(),
            _ => acknowledgement.pending(),
        })
    }
}

impl Inquiry for Acme {
    fn status(payment: Payment) -> Result<PaymentStatus> {
        let url = http::url(API, ["charges", payment.id()?]);
        let charge: Answer = http::get(url).bearer("api_key").send()?.success()?.json()?;
        Ok(PaymentStatus::of(
            &payment,
            match charge.status.as_str() {
                "succeeded" => PaymentState::Accepted,
                "failed" => PaymentState::Failed,
                _ => PaymentState::Pending,
            },
        ))
    }
}

impl Refunds for Acme {
    fn refund(request: RefundRequest) -> Result<RefundOutcome> {
        let url = http::url(API, ["charges", request.payment.id()?, "refunds"]);
        let refund: Answer = http::post(url)
            .bearer("api_key")
            .idempotency_key()
            .json(&json!({ "amount": request.amount.minor }))
            .send()?
            .success()?
            .json()?;
        Ok(Refunded::new(refund.id).succeeded())
    }
}
