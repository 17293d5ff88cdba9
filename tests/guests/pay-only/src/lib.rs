//! The least that a plugin is: every payment succeeds, and nothing else can be done.

use provost_sdk::prelude::*;

/// The provider.
pub struct PayOnly;

provost_sdk::plugin!(PayOnly: payments);

impl Plugin for PayOnly {
    fn describe() -> Description {
        Description::new("pay-only", env!("CARGO_PKG_VERSION"))
    }
}

impl Payments for PayOnly {
    fn pay(request: PayRequest) -> Result<PaymentOutcome> {
        let id = format!("pay_{}", operation::reference());
        Ok(Acknowledgement::new(id).amount(request.amount).succeeded())
    }
}
