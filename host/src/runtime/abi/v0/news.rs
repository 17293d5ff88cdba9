//! From WIT to the domain: how a payment or a subscription stands, and what a webhook tells.

use super::exports::webhooks;
use super::imported::callbacks;
use super::lawful::{Taken, Taking, unlawful};
use super::types;
use crate::model::{
    Action, Charge, DatedEvent, Dispute, DisputeState, Event, News, NewsState, Receipt, Rejection, Reply,
    SubscriptionNews, SubscriptionState, Trust,
};

/// The most events in one webhook: all of them are applied at once.
const MOST_EVENTS: usize = 256;
/// The most payments or refunds that one search can find.
const MOST_FOUND: usize = 64;

impl Taking {
    pub(super) fn found(&mut self, all: Vec<types::PaymentStatus>) -> Taken<Vec<News>> {
        self.short_list(MOST_FOUND, all, Self::news)
    }

    pub(super) fn news(&mut self, status: types::PaymentStatus) -> Taken<News> {
        let action = action_from(status.action);
        let target = self.target(status.reference)?;
        let state = match status.state {
            types::PaymentState::Pending => NewsState::Pending,
            types::PaymentState::Authorized => NewsState::Authorized,
            types::PaymentState::Accepted => NewsState::Accepted,
            types::PaymentState::Failed => NewsState::Failed(None),
            types::PaymentState::Voided => NewsState::Voided,
            types::PaymentState::Unknown => NewsState::Unknown,
        };
        Ok(News {
            action_id: self.some_name(status.action_id)?,
            amount: self.some_amount(status.amount)?,
            captured: self.some_amount(status.captured)?,
            refunded: self.some_amount(status.refunded)?,
            payment_method: self.optional(status.payment_method)?,
            description: self.optional(status.description)?,
            metadata: self.metadata(status.metadata)?,
            carry: self.carry(status.carry)?,
            follow_ups: self.follow_ups(status.follow_ups)?,
            ..News::new(self.source, target, action, state)
        })
    }

    pub(super) fn subscription(&mut self, status: types::SubscriptionStatus) -> Taken<SubscriptionNews> {
        let host_reference = self.optional(status.reference.host_reference)?;
        Ok(SubscriptionNews {
            tokens: self.names(status.reference.tokens)?,
            metadata: self.metadata(status.metadata)?,
            carry: self.carry(status.carry)?,
            ..SubscriptionNews::new(self.source, host_reference, subscription_state(status.state))
        })
    }

    pub(super) fn found_subscriptions(
        &mut self,
        found: Vec<types::SubscriptionStatus>,
    ) -> Taken<Vec<SubscriptionNews>> {
        self.short_list(MOST_FOUND, found, Self::subscription)
    }

    pub(super) fn emitted(&mut self, event: callbacks::Event) -> Taken<Event> {
        Ok(match event {
            callbacks::Event::Payment(status) => Event::Payment(self.news(status)?),
            callbacks::Event::Subscription(status) => Event::Subscription(self.subscription(status)?),
        })
    }

    /// `proven`: a verifying function of `secrets` returned true in this call; without it nothing is verified (rule 24).
    pub(super) fn receipt(&mut self, receipt: webhooks::Receipt, proven: bool) -> Taken<Receipt> {
        Ok(Receipt {
            trust: match receipt.trust {
                webhooks::Trust::Verified if proven => Trust::Verified,
                webhooks::Trust::Verified | webhooks::Trust::Hint => Trust::Hint,
            },
            events: self.short_list(MOST_EVENTS, receipt.events, Self::dated_event)?,
            reply: self.reply(receipt.reply)?,
        })
    }

    pub(super) fn rejection(&mut self, rejection: webhooks::Rejection) -> Taken<Rejection> {
        Ok(match rejection {
            webhooks::Rejection::Forged(reason) => Rejection::Forged(self.text(reason)?),
            webhooks::Rejection::Later(reason) => Rejection::Later(self.text(reason)?),
        })
    }

    fn dated_event(&mut self, dated: webhooks::DatedEvent) -> Taken<DatedEvent> {
        let occurred_at = self.moment(dated.occurred_at_ms);
        let mut event = self.event(dated.event)?;
        if let Event::Payment(news) | Event::Charge(Charge { news, .. }) = &mut event {
            news.occurred_at = occurred_at;
        }
        if let Event::Subscription(news) = &mut event {
            news.occurred_at = occurred_at;
        }
        Ok(DatedEvent { id: self.some_name(dated.id)?, occurred_at, event })
    }

    fn event(&mut self, event: webhooks::Event) -> Taken<Event> {
        Ok(match event {
            webhooks::Event::Payment(status) => Event::Payment(self.news(status)?),
            webhooks::Event::Subscription(status) => Event::Subscription(self.subscription(status)?),
            webhooks::Event::Charge(charge) => Event::Charge(Charge {
                tokens: self.names(charge.subscription.tokens)?,
                host_reference: self.optional(charge.subscription.host_reference)?,
                news: self.news(charge.status)?,
            }),
            webhooks::Event::Dispute(dispute) => Event::Dispute(Dispute {
                target: self.target(dispute.payment)?,
                state: match dispute.state {
                    webhooks::DisputeState::Opened => DisputeState::Opened,
                    webhooks::DisputeState::Won => DisputeState::Won,
                    webhooks::DisputeState::Lost => DisputeState::Lost,
                },
                amount: self.some_amount(dispute.amount)?,
                reason: self.optional(dispute.reason)?,
                occurred_at: None,
            }),
        })
    }

    fn reply(&mut self, reply: webhooks::Reply) -> Taken<Reply> {
        if !(200..600).contains(&reply.status) {
            return Err(unlawful(format!("a reply with status {}", reply.status)));
        }
        self.count(reply.body.len())?;
        let headers =
            self.list(reply.headers, |taking, (name, value)| Ok((taking.text(name)?, taking.text(value)?)))?;
        Ok(Reply { status: reply.status, headers, body: reply.body })
    }
}

pub(super) fn subscription_state(state: types::SubscriptionState) -> SubscriptionState {
    match state {
        types::SubscriptionState::Pending => SubscriptionState::Pending,
        types::SubscriptionState::Active => SubscriptionState::Active,
        types::SubscriptionState::PastDue => SubscriptionState::PastDue,
        types::SubscriptionState::Expired => SubscriptionState::Expired,
        types::SubscriptionState::Canceled => SubscriptionState::Canceled,
        types::SubscriptionState::Unknown => SubscriptionState::Unknown,
    }
}

fn action_from(action: types::Action) -> Action {
    match action {
        types::Action::Payment => Action::Payment,
        types::Action::Refund => Action::Refund,
        types::Action::Capture => Action::Capture,
        types::Action::Void => Action::Void,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Failure, Source};

    fn taking() -> Taking {
        Taking::new(256 << 10, 0, Source::Answer)
    }

    fn status(action_id: &str) -> types::PaymentStatus {
        let reference =
            types::Reference { payment_ids: vec!["pay-1".into()], shop_transaction_id: None, host_reference: None };
        types::PaymentStatus {
            reference,
            action: types::Action::Payment,
            action_id: Some(action_id.into()),
            state: types::PaymentState::Pending,
            amount: None,
            captured: None,
            refunded: None,
            payment_method: None,
            description: None,
            metadata: None,
            carry: None,
            follow_ups: Vec::new(),
        }
    }

    fn receipt(id: &str, count: usize) -> webhooks::Receipt {
        let event = || webhooks::Event::Payment(status("act-1"));
        let dated = || webhooks::DatedEvent { id: Some(id.into()), occurred_at_ms: None, event: event() };
        let reply = webhooks::Reply { status: 200, headers: Vec::new(), body: Vec::new() };
        webhooks::Receipt { trust: webhooks::Trust::Hint, events: (0..count).map(|_| dated()).collect(), reply }
    }

    #[test]
    fn names_without_end_are_refused_wherever_they_stand() {
        let long = "x".repeat(256);
        assert!(taking().news(status("act-1")).is_ok());
        assert!(matches!(taking().news(status(&long)), Err(Failure::Trap(_))));
        assert!(matches!(taking().receipt(receipt(&long, 1), false), Err(Failure::Trap(_))));
        let reference = types::SubscriptionReference { tokens: vec![long], host_reference: None };
        let charge = webhooks::Charge { subscription: reference, status: status("act-1") };
        assert!(matches!(taking().event(webhooks::Event::Charge(charge)), Err(Failure::Trap(_))));
    }

    #[test]
    fn a_webhook_and_a_search_tell_only_so_much() {
        assert_eq!(taking().receipt(receipt("evt-1", 256), false).map(|receipt| receipt.events.len()), Ok(256));
        assert!(matches!(taking().receipt(receipt("evt-1", 257), false), Err(Failure::Trap(_))));
        let found = |count| taking().found((0..count).map(|_| status("act-1")).collect());
        assert_eq!(found(64).map(|found| found.len()), Ok(64));
        assert!(matches!(found(65), Err(Failure::Trap(_))));
    }
}
