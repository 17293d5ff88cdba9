//! A plugin that takes cards and two currencies, and says so: what it does not take must not reach it.

use provost_sdk::prelude::*;

/// The provider.
pub struct Choosy;

provost_sdk::plugin!(Choosy: payments);

impl Plugin for Choosy {
    fn describe() -> Description {
        Description::new("choosy", env!("CARGO_PKG_VERSION")).currency("EUR").currency("JPY").payment_method("card")
    }
}

impl Payments for Choosy {
    fn pay(request: PayRequest) -> Result<PaymentOutcome> {
        let id = format!("pay_{}", operation::reference());
        Ok(Acknowledgement::new(id).amount(request.amount).succeeded())
    }
}
