//! Webhooks: what a provider sends to us (rules 23 to 28). The plugin reads it; what it proves becomes news, what it
//! only hints at makes the host ask. The reply goes out once the news is on disk.

use super::perform::store_away;
use super::{Lookup, Operations, WebhookRefused};
use crate::model::{
    Action, DatedEvent, Event, Interface, News, NewsState, Receipt, Reference, Rejection, Reply, Request, Response,
    Source, Target, Trust, Webhook,
};
use crate::registry::{Absence, Serving};
use crate::store::{Name, Received, Receiving, StoreError};
use crate::{crash_point, task, telemetry};
use std::time::Duration;

/// A hint about a payment that is not known waits for an answer that it may have overtaken, and no longer: anybody can
/// send hints, and there is room for so many.
const HINTS_WAIT: Duration = Duration::from_secs(120);

impl Operations {
    /// Takes a webhook of an external.
    pub async fn receive(&self, external: &str, webhook: Webhook) -> Result<Reply, WebhookRefused> {
        let (operations, name) = (self.clone(), external.to_owned());
        let received = task::to_its_end("webhook", async move { operations.take_webhook(&name, webhook).await }).await;
        let result = received.unwrap_or(Err(WebhookRefused::Later));
        let word = match &result {
            Ok(_) => "taken",
            Err(WebhookRefused::Forged) => "forged",
            Err(WebhookRefused::Later) => "later",
            Err(WebhookRefused::Unsupported | WebhookRefused::UnknownExternal) => return result,
        };
        metrics::counter!(telemetry::WEBHOOKS, "external" => external.to_owned(), "result" => word).increment(1);
        result
    }

    async fn take_webhook(&self, external: &str, mut webhook: Webhook) -> Result<Reply, WebhookRefused> {
        let serving = self.0.registry.serving(external).map_err(|absence| match absence {
            Absence::Unknown => WebhookRefused::UnknownExternal,
            Absence::NotServing => WebhookRefused::Later,
        })?;
        if !serving.plugin.interfaces().has(Interface::Webhooks) {
            return self.take_bare_hint(&serving, &webhook).await;
        }
        webhook.host_reference = self.0.addresses.reference(external, &webhook.url);
        let about = webhook.host_reference.clone().map(Reference);
        let called = self.question(&serving, about, Request::Receive(webhook)).await;
        let receipt = match called.response {
            Ok(Response::Received(Ok(receipt))) => receipt,
            Ok(Response::Received(Err(Rejection::Forged(reason)))) => {
                tracing::warn!(external, reason, "a webhook does not prove its sender");
                return Err(WebhookRefused::Forged);
            }
            Ok(Response::Received(Err(Rejection::Later(reason)))) => {
                tracing::info!(external, reason, "a webhook is to come again");
                return Err(WebhookRefused::Later);
            }
            Ok(_) => return Err(WebhookRefused::Later),
            Err(failure) => {
                tracing::warn!(external, %failure, "a webhook could not be read");
                return Err(WebhookRefused::Later);
            }
        };
        // Emits are as good as the webhook that brought them.
        let emitted = called.report.emitted.into_iter();
        let emitted = emitted.map(|event| DatedEvent { id: None, occurred_at: None, event });
        let events = receipt.events.into_iter().chain(emitted).collect();
        self.write_down(external, Receipt { events, ..receipt }).await
    }

    /// PGM's form, for a plugin that takes no webhooks: `?paymentId=` is a reason to ask, and no more.
    async fn take_bare_hint(&self, serving: &Serving, webhook: &Webhook) -> Result<Reply, WebhookRefused> {
        if !serving.plugin.interfaces().has(Interface::Inquiry) {
            return Err(WebhookRefused::Unsupported);
        }
        let query = webhook.url.split_once('?').map_or("", |(_, query)| query);
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        let Some((_, id)) = pairs.find(|(name, _)| name == "paymentId") else {
            return Err(WebhookRefused::Unsupported);
        };
        let external = &serving.provider.external;
        let known = self.0.store.payment(external, Name::Payment(&id)).await.map_err(later)?.is_some();
        if !known && self.0.strangers.may_ask(external, self.0.clock.now()) {
            let lookup = Lookup::Payment(id.clone().into_owned());
            if self.ask_about_stranger(external, lookup).await {
                self.0.outbox.wake();
                return Ok(Reply { status: 200, headers: Vec::new(), body: Vec::new() });
            }
        }
        let target = Target { payment_ids: vec![id.into_owned()], ..Target::default() };
        let news = News::new(Source::Verified { can_ask: true }, target, Action::Payment, NewsState::Unknown);
        let hint = DatedEvent { id: None, occurred_at: None, event: Event::Payment(news) };
        let reply = Reply { status: 200, headers: Vec::new(), body: Vec::new() };
        let receipt = Receipt { trust: Trust::Hint, events: vec![hint], reply };
        self.write_down(&serving.provider.external, receipt).await
    }

    /// The service may have made it by itself: then it is adopted, and told (rule 14). Says whether it was.
    async fn ask_about_stranger(&self, external: &str, lookup: Lookup) -> bool {
        let looked = self.look(external, &lookup).await;
        if let Err(error) = &looked {
            tracing::info!(external, %error, "a hint tells of a payment that is not known here");
        }
        looked.is_ok()
    }

    async fn write_down(&self, external: &str, receipt: Receipt) -> Result<Reply, WebhookRefused> {
        let now = self.0.clock.now();
        let receiving = Receiving {
            now,
            external: external.to_owned(),
            trust: receipt.trust,
            events: receipt.events,
            parked_until: now.plus(match receipt.trust {
                Trust::Verified => self.0.settings.parked,
                Trust::Hint => HINTS_WAIT,
            }),
            events_live: self.0.settings.events_live,
            ask_at: self.first_asks(external, now),
        };
        crash_point!("webhook_read");
        let received = self.0.store.receive(receiving).await.map_err(later)?;
        crash_point!("webhook_on_disk");
        for outcome in &received {
            self.after_event(external, outcome);
        }
        self.0.outbox.wake();
        Ok(receipt.reply)
    }

    /// Tells a person what they must know of an event, and wakes whoever has something to do now.
    pub(super) fn after_event(&self, external: &str, received: &Received) {
        match received {
            Received::Applied(changed) | Received::Adopted(changed) => self.follow_up(changed),
            Received::SubscriptionApplied(changed) => self.follow_up_subscription(changed),
            Received::Ask(_) | Received::AskSubscription(_) => self.0.follow.notify_one(),
            Received::Parked => tracing::info!(external, "news of what is not known yet is kept"),
            Received::Repeated => tracing::debug!(external, "a webhook repeats an event"),
            Received::Dropped => tracing::warn!(external, "news of what nobody knows was given up"),
        }
    }
}

fn later(error: StoreError) -> WebhookRefused {
    store_away(error);
    WebhookRefused::Later
}
