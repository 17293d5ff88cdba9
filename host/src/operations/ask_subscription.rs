//! Asking the provider how a subscription stands: `subscriptions.status` by its token, else `search` by the host's own
//! name for it (rules 8 and 9). What it says becomes news; an error changes nothing.

use super::Operations;
use super::ask::{Silence, broke, silence};
use super::perform::store_away;
use crate::clock::Timestamp;
use crate::model::{
    Action, Interface, KnownSubscription, Query, Reference, Request, Response, Source, Subscription, SubscriptionNews,
    SubscriptionState, SubscriptionStatus,
};
use crate::registry::Serving;
use crate::store::{Subject, SubscriptionChanged};
use crate::{task, telemetry};

impl Operations {
    /// How a subscription stands.
    pub async fn subscription_status(&self, external: &str, token: String) -> Result<SubscriptionStatus, super::Error> {
        let (operations, external) = (self.clone(), external.to_owned());
        let looked = async move { operations.look_at_subscription(&external, token).await };
        let looked = task::to_its_end("subscription status", looked).await;
        looked.unwrap_or_else(|| Err(super::Error::ProviderSilent("the host failed".into())))
    }

    async fn look_at_subscription(&self, external: &str, token: String) -> Result<SubscriptionStatus, super::Error> {
        if self.0.registry.external(external).is_none() {
            return Err(super::Error::UnknownExternal);
        }
        let Some(subscription) = self.0.store.subscription(external, &token).await.map_err(store_away)? else {
            return self.look_elsewhere(external, token).await;
        };
        let untold = SubscriptionState::Started;
        if subscription.state == untold || never_began(subscription.state) {
            return Ok(SubscriptionStatus::of(&subscription, Some(subscription.updated_at)));
        }
        match self.ask_about_subscription(&subscription).await {
            Ok(subscription) => Ok(SubscriptionStatus::of(&subscription, None)),
            // Its token was taken in for an operation, and nobody has ever borne it out.
            Err(Silence::NotFound) if is_hearsay(&subscription) => Err(super::Error::SubscriptionNotFound),
            Err(silence) => {
                tracing::info!(external, reference = %subscription.reference, ?silence, "answered with what is known");
                Ok(SubscriptionStatus::of(&subscription, Some(subscription.updated_at)))
            }
        }
    }

    /// A subscription that the host never saw: the provider may know it, and then it is adopted (rule 5).
    async fn look_elsewhere(&self, external: &str, token: String) -> Result<SubscriptionStatus, super::Error> {
        let serving = self.serving(external)?;
        if !serving.plugin.interfaces().has(Interface::Subscriptions) {
            return Err(super::Error::Unsupported(Interface::Subscriptions));
        }
        let stranger = KnownSubscription { tokens: vec![token.clone()], host_reference: None, carry: None };
        let mut news = self.status_of(&serving, None, stranger).await.map_err(|silence| match silence {
            Silence::NotFound => super::Error::SubscriptionNotFound,
            Silence::CannotAsk => super::Error::SubscriptionNotFound,
            Silence::NotNow(reason) | Silence::Failed { reason, .. } => super::Error::ProviderSilent(reason),
        })?;
        // The token that was asked for is one of its names, whether the provider repeats it or not.
        if !news.tokens.contains(&token) {
            news.tokens.push(token);
        }
        let now = self.0.clock.now();
        let first = self.first_asks(external, now);
        let adopted = self.0.store.adopt_subscription(external.to_owned(), news, now, first).await;
        let changed = adopted.map_err(store_away)?;
        self.follow_up_subscription(&changed);
        Ok(SubscriptionStatus::of(&changed.subscription, None))
    }

    /// Asks about a subscription, and returns it as it is afterwards.
    pub(super) async fn ask_about_subscription(&self, subscription: &Subscription) -> Result<Subscription, Silence> {
        let serving = self.serving(&subscription.external);
        // Not for ever: the question waits for the plugin.
        let serving = serving.map_err(|_| Silence::NotNow("no plugin serves this external now".into()))?;
        let now = self.0.clock.now();
        self.0.asked_subscriptions.note(subscription.key, now, self.0.settings.ask_gap);
        let news = match subscription.tokens.is_empty() {
            false => self.status_of(&serving, Some(subscription.reference.clone()), known(subscription)).await?,
            true => self.find_subscription(&serving, subscription).await?,
        };
        let first = self.first_asks(&subscription.external, now);
        let reported = self.0.store.report_on_subscription(subscription, news, now, first).await;
        let changed = reported.map_err(|error| Silence::NotNow(store_away(error).to_string()))?;
        if changed.written {
            self.follow_up_subscription(&changed);
        }
        Ok(changed.subscription)
    }

    async fn status_of(
        &self,
        serving: &Serving,
        about: Option<Reference>,
        subscription: KnownSubscription,
    ) -> Result<SubscriptionNews, Silence> {
        if !serving.plugin.interfaces().has(Interface::Subscriptions) {
            return Err(Silence::CannotAsk);
        }
        match self.inquire(serving, about, Request::SubscriptionStatus(subscription)).await {
            Ok(Response::SubscriptionStatus(said)) => said.map_err(silence),
            Ok(_) => Err(Silence::failed("the answer does not fit the request")),
            Err(failure) => Err(broke(failure)),
        }
    }

    /// Looks for what was never acknowledged; what bears another name of ours is another's.
    async fn find_subscription(
        &self,
        serving: &Serving,
        subscription: &Subscription,
    ) -> Result<SubscriptionNews, Silence> {
        if !serving.plugin.interfaces().has(Interface::Search) {
            return Err(Silence::CannotAsk);
        }
        let query = Query {
            action: Action::Payment,
            host_reference: subscription.reference.0.clone(),
            shop_transaction_id: subscription.shop_transaction_id.clone(),
            amount: subscription.amount.clone(),
            since: subscription.created_at,
            payment: None,
            subscription: None,
        };
        let (about, asked) = (Some(subscription.reference.clone()), self.0.clock.now());
        let found = match self.inquire(serving, about, Request::FindSubscription(query)).await {
            Ok(Response::FoundSubscriptions(found)) => found.map_err(silence)?,
            Ok(_) => return Err(Silence::failed("the answer does not fit the request")),
            Err(failure) => return Err(broke(failure)),
        };
        let nothing_found = found.is_empty();
        let mut own = found.into_iter().filter(|news| news.host_reference.as_ref() == Some(&subscription.reference.0));
        match (own.next(), own.next()) {
            (Some(news), None) => Ok(news),
            (Some(_), Some(_)) => Err(Silence::failed("the search found several that it may be")),
            (None, _) if nothing_found && self.is_proven(serving, subscription, asked).await => {
                Ok(SubscriptionNews::new(
                    Source::Inquiry,
                    Some(subscription.reference.0.clone()),
                    SubscriptionState::NotExecuted,
                ))
            }
            (None, _) => Err(Silence::NotFound),
        }
    }

    /// Rule 9: a search that finds nothing proves that nothing happened, where the plugin says so, after a while.
    async fn is_proven(&self, serving: &Serving, subscription: &Subscription, asked: Timestamp) -> bool {
        let unknown = subscription.state == SubscriptionState::Unknown;
        unknown
            && serving.plugin.description().search_is_authoritative
            && self.is_settled(&subscription.reference, subscription.created_at, asked).await
    }

    /// Tells a person what they must know, and wakes whoever has something to do now.
    pub(super) fn follow_up_subscription(&self, changed: &SubscriptionChanged) {
        let subscription = &changed.subscription;
        if let Some(alert) = changed.alert {
            let (external, reference) = (&subscription.external, &subscription.reference);
            tracing::error!(external, %reference, alert, "a person must look at this subscription");
            metrics::counter!(telemetry::ALERTS, "external" => external.clone(), "alert" => alert).increment(1);
        }
        if changed.ask {
            self.0.follow.notify_one();
        }
        if changed.written {
            self.0.outbox.wake();
        }
    }
}

/// Whether no more is known of it than that somebody named its token.
fn is_hearsay(subscription: &Subscription) -> bool {
    subscription.plan.is_none() && subscription.state == SubscriptionState::Unknown
}

fn never_began(state: SubscriptionState) -> bool {
    matches!(state, SubscriptionState::Declined | SubscriptionState::NotExecuted)
}

/// A subscription as a plugin sees it.
fn known(subscription: &Subscription) -> KnownSubscription {
    KnownSubscription {
        tokens: subscription.tokens.clone(),
        host_reference: Some(subscription.reference.0.clone()),
        carry: subscription.carry.clone(),
    }
}

/// The subscription that an operation belongs to, as a plugin sees it.
pub(super) fn known_of(subject: &Subject) -> KnownSubscription {
    known(subject.subscription.as_ref().expect("what is done to a subscription was claimed with one"))
}
