//! Capture and void: what they add to the pipeline.

use super::ask::About;
use super::perform::{Plan, refused, store_away};
use super::{Answered, Caller, CaptureAsked, Error, Lookup, Operations, Respond, ask};
use crate::model::{ActionState, Capture, CaptureRequest, Kind, Operation, Payment, PaymentState, Request};
use crate::store::{FollowUpKey, Subject, What};
use std::time::Duration;

impl Operations {
    /// Takes what was reserved, or some of it.
    pub async fn capture(&self, external: &str, caller: Caller, asked: CaptureAsked, respond: Respond) -> Answered {
        match self.plan_capture(external, caller, asked, respond).await {
            Ok(plan) => self.perform(plan).await,
            Err(error) => refused(respond, error),
        }
    }

    /// Releases what was reserved.
    pub async fn void(&self, external: &str, caller: Caller, payment_id: String, respond: Respond) -> Answered {
        match self.plan_void(external, caller, payment_id, respond).await {
            Ok(plan) => self.perform(plan).await,
            Err(error) => refused(respond, error),
        }
    }

    async fn plan_capture(
        &self,
        external: &str,
        caller: Caller,
        asked: CaptureAsked,
        respond: Respond,
    ) -> Result<Plan, Error> {
        let serving = self.serving_for(external, Kind::Capture)?;
        let payment = self.reserved_payment(external, asked.payment_id).await?;
        let what = what(&payment, asked.last, self.0.settings.refund_repeat_window, None);
        let request = request(asked.last, asked.provider_data);
        Ok(Plan { serving, caller, amount: asked.amount, what, request, respond })
    }

    async fn plan_void(
        &self,
        external: &str,
        caller: Caller,
        payment_id: String,
        respond: Respond,
    ) -> Result<Plan, Error> {
        let serving = self.serving_for(external, Kind::Void)?;
        let payment = self.reserved_payment(external, payment_id).await?;
        let request = Box::new(|_: &_, subject: &Subject| Request::Void(ask::known_of(subject)));
        Ok(Plan { serving, caller, amount: None, what: What::Void(payment.key), request, respond })
    }

    /// The payment; one that is not decided is resolved first (rule 7), one that is not known is looked for (rule 5).
    async fn reserved_payment(&self, external: &str, payment_id: String) -> Result<Payment, Error> {
        let lookup = Lookup::Payment(payment_id);
        let decided = |payment: &Payment| {
            matches!(payment.state, PaymentState::Authorized | PaymentState::Accepted)
                && !payment.captures.iter().any(|capture| capture.state.holds())
        };
        match self.0.store.payment(external, lookup.name()).await.map_err(store_away)? {
            Some(found) if decided(&found.payment) => Ok(found.payment),
            _ => self.resolve_captures(self.look(external, &lookup).await?.payment).await,
        }
    }

    /// What the payment itself does not tell of its captures and voids is asked for one by one.
    async fn resolve_captures(&self, payment: Payment) -> Result<Payment, Error> {
        let unknown = |capture: &Capture| matches!(capture.state, ActionState::Unknown | ActionState::Pending);
        let open = (0..payment.captures.len()).filter(|position| unknown(&payment.captures[*position]));
        let mut resolved = payment.clone();
        for position in open {
            // Where it cannot be told, it holds what it may have taken.
            if let Ok(newer) = self.ask(&payment, About::Capture(position)).await {
                resolved = newer;
            }
        }
        Ok(resolved)
    }
}

/// What a capture claims.
pub(super) fn what(payment: &Payment, last: bool, repeat_window: Duration, follow_up: Option<FollowUpKey>) -> What {
    What::Capture { payment: payment.key, last, repeat_window, follow_up }
}

/// What the plugin is asked for: how much it is, the claim has decided.
pub(super) fn request(last: bool, provider_data: Option<String>) -> super::perform::MakeRequest {
    Box::new(move |operation: &Operation, subject: &Subject| {
        let amount = operation.amount.clone().expect("a capture was claimed with its amount");
        Request::Capture(CaptureRequest { payment: ask::known_of(subject), amount, last, provider_data })
    })
}
