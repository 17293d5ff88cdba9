//! Pay and pay-by-link: what they add to the pipeline.

use super::perform::{Plan, refused};
use super::{Answered, Caller, Error, Operations, Respond};
use crate::model::{Description, Fault, Kind, PayRequest, Request};
use crate::registry::Serving;
use crate::store::{NewPayment, What};

impl Operations {
    /// Takes money through an external's plugin.
    pub async fn pay(&self, external: &str, caller: Caller, request: PayRequest, respond: Respond) -> Answered {
        let plan = self.serving_for(external, Kind::Pay).and_then(|serving| {
            check(&serving, &request)?;
            let (amount, what) = (Some(request.amount.clone()), What::Pay(new_payment(&serving, &request)));
            let request = Box::new(|_: &_, _: &_| Request::Pay(request));
            Ok(Plan { serving, caller, amount, what, request, respond })
        });
        match plan {
            Ok(plan) => self.perform(plan).await,
            Err(error) => refused(respond, error),
        }
    }

    /// Makes a link behind which money is taken.
    pub async fn link(&self, external: &str, caller: Caller, request: PayRequest, respond: Respond) -> Answered {
        let plan = self.serving_for(external, Kind::Link).and_then(|serving| {
            check(&serving, &request)?;
            let (amount, what) = (Some(request.amount.clone()), What::Link(new_payment(&serving, &request)));
            let request = Box::new(|_: &_, _: &_| Request::Link(request));
            Ok(Plan { serving, caller, amount, what, request, respond })
        });
        match plan {
            Ok(plan) => self.perform(plan).await,
            Err(error) => refused(respond, error),
        }
    }

    /// What serves an external now, if its plugin can do this.
    pub(super) fn serving_for(&self, external: &str, kind: Kind) -> Result<Serving, Error> {
        let serving = self.serving(external)?;
        match serving.plugin.interfaces().has(kind.interface()) {
            true => Ok(serving),
            false => Err(Error::Unsupported(kind.interface())),
        }
    }
}

/// The payment that a request asks for.
pub(super) fn new_payment(serving: &Serving, request: &PayRequest) -> NewPayment {
    NewPayment {
        shop_transaction_id: request.shop_transaction_id.clone(),
        payment_method: request.payment_method.clone(),
        business_key: serving.provider.business_key,
    }
}

/// Refuses what the plugin's description rules out.
pub(super) fn check(serving: &Serving, request: &PayRequest) -> Result<(), Error> {
    let faults = unfit(serving.plugin.description(), request);
    if faults.is_empty() { Ok(()) } else { Err(Error::Invalid(faults)) }
}

/// What the plugin's description rules out.
pub(crate) fn unfit(description: &Description, request: &PayRequest) -> Vec<Fault> {
    let mut faults: Vec<_> = unfit_currency(description, &request.amount.currency).into_iter().collect();
    let methods = &description.payment_methods;
    if let Some(method) = request.payment_method.as_ref().filter(|_| !methods.is_empty())
        && !methods.contains(method)
    {
        faults.push(Fault::new("/paymentMethod", format!("this provider knows {}", methods.join(", "))));
    }
    faults
}

/// Why this currency is none that the provider takes.
pub(super) fn unfit_currency(description: &Description, currency: &String) -> Option<Fault> {
    let currencies = &description.currencies;
    let taken = currencies.is_empty() || currencies.contains(currency);
    (!taken).then(|| Fault::new("/currency", format!("this provider takes {}", currencies.join(", "))))
}
