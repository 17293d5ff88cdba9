//! From WIT to the domain: what became of a payment or a refund, and why a call could not be done.

use super::exports::{links, refunds};
use super::lawful::{Taken, Taking};
use super::news::subscription_state;
use super::types;
use crate::model::{
    Acknowledgement, ChangeOutcome, Decline, Destination, Fault, PluginError, PluginOutcome, Subscribed,
    SubscriptionOutcome,
};
use std::time::Duration;

impl Taking {
    pub(super) fn outcome(&mut self, outcome: types::PaymentOutcome) -> Taken<PluginOutcome> {
        use types::PaymentOutcome as Wit;
        Ok(match outcome {
            Wit::Succeeded(said) => PluginOutcome::Succeeded(self.acknowledgement(said)?),
            Wit::Authorized(said) => PluginOutcome::Authorized(self.acknowledgement(said)?),
            Wit::Pending(said) => PluginOutcome::Pending(self.acknowledgement(said)?),
            Wit::Redirect(redirection) => {
                let said = self.acknowledgement(redirection.acknowledgement)?;
                PluginOutcome::Redirect(said, self.destination(redirection.destination)?)
            }
            Wit::Declined(decline) => PluginOutcome::Declined(self.decline(decline)?),
        })
    }

    pub(super) fn refund_outcome(&mut self, outcome: refunds::RefundOutcome) -> Taken<PluginOutcome> {
        use refunds::RefundOutcome as Wit;
        Ok(match outcome {
            Wit::Succeeded(refunded) => PluginOutcome::Succeeded(self.refunded(refunded)?),
            Wit::Pending(refunded) => PluginOutcome::Pending(self.refunded(refunded)?),
            Wit::Declined(decline) => PluginOutcome::Declined(self.decline(decline)?),
        })
    }

    /// A link leads the payer to where the payment goes on.
    pub(super) fn link_outcome(&mut self, outcome: links::LinkOutcome) -> Taken<PluginOutcome> {
        Ok(match outcome {
            links::LinkOutcome::Created(link) => {
                let said = Acknowledgement {
                    id: self.some_name(link.payment_id)?,
                    description: self.optional(link.description)?,
                    carry: self.carry(link.carry)?,
                    ..Acknowledgement::default()
                };
                PluginOutcome::Redirect(said, Destination { web: Some(self.text(link.url)?), app: None })
            }
            links::LinkOutcome::Declined(decline) => PluginOutcome::Declined(self.decline(decline)?),
        })
    }

    pub(super) fn subscription_outcome(&mut self, outcome: types::SubscriptionOutcome) -> Taken<SubscriptionOutcome> {
        Ok(match outcome {
            types::SubscriptionOutcome::Subscribed(said) => SubscriptionOutcome::Subscribed(Box::new(Subscribed {
                token: self.some_name(said.subscription_token)?,
                state: subscription_state(said.state),
                first_payment: said.first_payment.map(|outcome| self.outcome(outcome)).transpose()?,
                destination: said.destination.map(|destination| self.destination(destination)).transpose()?,
                description: self.optional(said.description)?,
                metadata: self.metadata(said.metadata)?,
                carry: self.carry(said.carry)?,
            })),
            types::SubscriptionOutcome::Declined(decline) => SubscriptionOutcome::Declined(self.decline(decline)?),
        })
    }

    pub(super) fn change_outcome(&mut self, outcome: types::ChangeOutcome) -> Taken<ChangeOutcome> {
        Ok(match outcome {
            types::ChangeOutcome::Done => ChangeOutcome::Done,
            types::ChangeOutcome::Pending => ChangeOutcome::Pending,
            types::ChangeOutcome::Declined(decline) => ChangeOutcome::Declined(self.decline(decline)?),
        })
    }

    /// What a utility answers.
    pub(super) fn utility(&mut self, text: String) -> Taken<String> {
        self.json(text, "the answer of a utility")
    }

    fn refunded(&mut self, refunded: refunds::Refunded) -> Taken<Acknowledgement> {
        Ok(Acknowledgement {
            id: self.some_name(refunded.refund_id)?,
            description: self.optional(refunded.description)?,
            carry: self.carry(refunded.carry)?,
            ..Acknowledgement::default()
        })
    }

    fn acknowledgement(&mut self, said: types::Acknowledgement) -> Taken<Acknowledgement> {
        Ok(Acknowledgement {
            id: self.some_name(said.payment_id)?,
            amount: self.some_amount(said.amount)?,
            partial: said.partial,
            description: self.optional(said.description)?,
            metadata: self.metadata(said.metadata)?,
            carry: self.carry(said.carry)?,
            expires_at: self.moment(said.expires_at_ms),
            follow_ups: self.follow_ups(said.follow_ups)?,
        })
    }

    fn destination(&mut self, destination: types::Destination) -> Taken<Destination> {
        let (web, app) = match destination {
            types::Destination::Web(web) => (Some(web), None),
            types::Destination::App(app) => (None, Some(app)),
            types::Destination::WebOrApp((web, app)) => (Some(web), Some(app)),
        };
        Ok(Destination { web: self.optional(web)?, app: self.optional(app)? })
    }

    fn decline(&mut self, decline: types::Decline) -> Taken<Decline> {
        Ok(Decline {
            id: self.some_name(decline.payment_id)?,
            code: self.text(decline.code)?,
            description: self.optional(decline.description)?,
            metadata: self.metadata(decline.metadata)?,
        })
    }

    pub(super) fn error(&mut self, error: types::Error) -> Taken<PluginError> {
        use types::Error as Wit;
        Ok(match error {
            Wit::Invalid(faults) => PluginError::Invalid(self.list(faults, |taking, fault| {
                Ok(Fault { pointer: taking.text(fault.pointer)?, reason: taking.text(fault.reason)? })
            })?),
            Wit::NotFound(reason) => PluginError::NotFound(self.text(reason)?),
            Wit::Conflict(reason) => PluginError::Conflict(self.text(reason)?),
            Wit::Refused(refusal) => PluginError::Refused {
                reason: self.text(refusal.reason)?,
                retry_after: refusal.retry_after_ms.map(Duration::from_millis),
            },
            Wit::Unknown(loss) => {
                PluginError::Unknown { reason: self.text(loss.reason)?, payment_id: self.some_name(loss.payment_id)? }
            }
            Wit::Unsupported(reason) => PluginError::Unsupported(self.text(reason)?),
        })
    }
}
