//! Every payment succeeds, and pay and status tell which version answered: for tests of swaps. The
//! version is `PROVOST_GUEST_VERSION` at build time, `1` without it.

use provost_sdk::prelude::*;

/// The provider.
pub struct Versioned;

provost_sdk::plugin!(Versioned: payments, inquiry);

const VERSION: &str = match option_env!("PROVOST_GUEST_VERSION") {
    Some(version) => version,
    None => "1",
};

/// `{"version": 7}`, or a string where it is no number.
fn metadata() -> Value {
    let version = VERSION.parse::<u64>().map_or_else(|_| VERSION.into(), Value::from);
    json!({ "version": version })
}

impl Plugin for Versioned {
    fn describe() -> Description {
        Description::new("versioned", VERSION)
    }
}

impl Payments for Versioned {
    fn pay(request: PayRequest) -> Result<PaymentOutcome> {
        let id = format!("pay_{}", operation::reference());
        Ok(Acknowledgement::new(id).amount(request.amount).metadata(metadata()).succeeded())
    }
}

impl Inquiry for Versioned {
    fn status(payment: Payment) -> Result<PaymentStatus> {
        Ok(PaymentStatus::of(&payment, PaymentState::Accepted).metadata(metadata()))
    }
}
