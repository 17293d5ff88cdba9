//! Pay: what it adds to the pipeline.

use super::perform::Plan;
use super::{Answered, Caller, Error, Operations, Respond};
use crate::model::{Description, Fault, PayRequest, Request};
use crate::store::What;

impl Operations {
    /// Takes money through an external's plugin.
    pub async fn pay(&self, external: &str, caller: Caller, request: PayRequest, respond: Respond) -> Answered {
        match self.plan_pay(external, caller, request, respond) {
            Ok(plan) => self.perform(plan).await,
            Err(error) => Answered { answer: respond(&Err(error)), replayed: false },
        }
    }

    fn plan_pay(&self, external: &str, caller: Caller, request: PayRequest, respond: Respond) -> Result<Plan, Error> {
        let serving = self.serving(external)?;
        let faults = unfit(serving.plugin.description(), &request);
        if !faults.is_empty() {
            return Err(Error::Invalid(faults));
        }
        let what = What::Pay {
            shop_transaction_id: request.shop_transaction_id.clone(),
            payment_method: request.payment_method.clone(),
            business_key: serving.provider.business_key,
        };
        let amount = request.amount.clone();
        Ok(Plan { serving, caller, amount, what, request: Box::new(|_| Request::Pay(request)), respond })
    }
}

/// What the plugin's description rules out.
pub(crate) fn unfit(description: &Description, request: &PayRequest) -> Vec<Fault> {
    let mut faults = Vec::new();
    let currency = &request.amount.currency;
    if !description.currencies.is_empty() && !description.currencies.contains(currency) {
        faults.push(Fault::new("/currency", format!("this provider takes {}", description.currencies.join(", "))));
    }
    let methods = &description.payment_methods;
    if let Some(method) = request.payment_method.as_ref().filter(|_| !methods.is_empty())
        && !methods.contains(method)
    {
        faults.push(Fault::new("/paymentMethod", format!("this provider knows {}", methods.join(", "))));
    }
    faults
}
