//! Refund: what it adds to the pipeline.

use super::perform::{Plan, refused, store_away};
use super::{Answered, Caller, Error, Lookup, Operations, RefundAsked, Respond, ask};
use crate::model::{Kind, Payment, PaymentState, RefundRequest, Request};
use crate::store::{Subject, What};

impl Operations {
    /// Gives some of a payment back.
    pub async fn refund(&self, external: &str, caller: Caller, asked: RefundAsked, respond: Respond) -> Answered {
        match self.plan_refund(external, caller, asked, respond).await {
            Ok(plan) => self.perform(plan).await,
            Err(error) => refused(respond, error),
        }
    }

    async fn plan_refund(
        &self,
        external: &str,
        caller: Caller,
        asked: RefundAsked,
        respond: Respond,
    ) -> Result<Plan, Error> {
        let serving = self.serving_for(external, Kind::Refund)?;
        let payment = self.refundable_payment(external, asked.payment_id).await?;
        let what = What::Refund { payment: payment.key, repeat_window: self.0.settings.refund_repeat_window };
        let (amount, provider_data) = (asked.amount, asked.provider_data);
        let request = {
            let amount = amount.clone();
            Box::new(move |_: &_, subject: &Subject| {
                Request::Refund(RefundRequest { payment: ask::known_of(subject), amount, provider_data })
            })
        };
        Ok(Plan { serving, caller, amount: Some(amount), what, request, respond })
    }

    /// The payment; one that is not decided is resolved first (rule 7), one that is not known is looked for (rule 5).
    async fn refundable_payment(&self, external: &str, payment_id: String) -> Result<Payment, Error> {
        let lookup = Lookup::Payment(payment_id);
        let found = self.0.store.payment(external, lookup.name()).await.map_err(store_away)?;
        match found {
            Some(found) if found.payment.state == PaymentState::Accepted => Ok(found.payment),
            _ => Ok(self.look(external, &lookup).await?.payment),
        }
    }
}
