//! Asking the provider how a payment or a refund stands: `inquiry` with the ids learnt, else `search` with the host's
//! own name for it (rules 8 and 9). What it says becomes news; an error changes nothing.

use super::Operations;
use super::call::Called;
use super::perform::store_away;
use crate::clock::Timestamp;
use crate::model::{
    Action, ActionState, Capture, DatedEvent, Event, Failure, Interface, KnownPayment, KnownRefund, News, NewsState,
    Origin, Payment, PaymentState, PluginError, Query, Reference, Refund, Request, Response, Source, SubscriptionState,
    Target, Trust,
};
use crate::registry::Serving;
use crate::store::{Name, Receiving, Subject};
use std::time::Duration;

/// A search proves that nothing happened only when the attempt is older than this (rule 9).
const SEARCH_SETTLES: Duration = Duration::from_secs(15 * 60);

/// Why the provider told nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Silence {
    /// The plugin cannot ask.
    CannotAsk,
    /// The provider knows no such thing.
    NotFound,
    /// The host could not ask it now. For the log.
    NotNow(String),
    /// It could not be asked, or could not say.
    Failed {
        /// Why, for the log.
        reason: String,
        /// How long it wants to be left alone.
        wish: Option<Duration>,
    },
}

impl Silence {
    /// It could not say, for this reason.
    pub(super) fn failed(reason: impl Into<String>) -> Self {
        Self::Failed { reason: reason.into(), wish: None }
    }
}

/// What a question brought.
pub(super) struct Heard {
    /// The payment as it is afterwards.
    pub(super) payment: Payment,
    /// The provider said how it stands; else that it cannot say.
    pub(super) said: bool,
}

/// What of a payment is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    /// The payment itself.
    Payment,
    /// One of its refunds, by position.
    Refund(usize),
    /// One of its captures and voids, by position.
    Capture(usize),
}

/// What a search is to find; what belongs to other operations is discarded.
enum Sought<'a> {
    Payment(&'a Payment),
    Refund(&'a Payment, &'a Refund),
    Capture(&'a Capture, Action),
}

impl Operations {
    /// Asks about a payment, or something that was done to it, and returns it as it is afterwards.
    pub(super) async fn ask(&self, payment: &Payment, about: About) -> Result<Payment, Silence> {
        self.hear(payment, about).await.map(|heard| heard.payment)
    }

    /// The same, and whether the provider could say.
    pub(super) async fn hear(&self, payment: &Payment, about: About) -> Result<Heard, Silence> {
        let serving = self.0.registry.serving(&payment.external);
        // Not for ever: the question waits for the plugin.
        let serving = serving.map_err(|_| Silence::NotNow("no plugin serves this external now".into()))?;
        let now = self.0.clock.now();
        self.0.asked.note(payment.key, now, self.0.settings.ask_gap);
        let news = match about {
            About::Refund(position) => self.ask_refund(&serving, payment, &payment.refunds[position]).await?,
            About::Capture(position) => self.ask_capture(&serving, payment, &payment.captures[position]).await?,
            About::Payment => {
                self.ask_payment(&serving, payment).await.or_else(|silence| unexplained(payment, silence))?
            }
        };
        let said = news.state != NewsState::Unknown;
        let first = self.first_asks(&payment.external, now);
        let reported = self.0.store.report_on(payment, news, now, first).await;
        let changed = reported.map_err(|error| Silence::NotNow(store_away(error).to_string()))?;
        if changed.written {
            self.follow_up(&changed);
        }
        Ok(Heard { payment: changed.payment, said })
    }

    async fn ask_payment(&self, serving: &Serving, payment: &Payment) -> Result<News, Silence> {
        let named = !payment.ids.is_empty() || payment.state != PaymentState::Unknown;
        if named && serving.plugin.interfaces().has(Interface::Inquiry) {
            let about = Some(payment.reference.clone());
            let answered = status(self.inquire(serving, about, Request::Status(known(payment))).await);
            // It may go by another name than the one that was learnt on the way.
            if payment.state != PaymentState::Unknown || answered != Err(Silence::NotFound) {
                return answered;
            }
        }
        let query = Query {
            action: Action::Payment,
            host_reference: payment.reference.0.clone(),
            shop_transaction_id: payment.shop_transaction_id.clone(),
            amount: payment.amount.clone(),
            since: payment.created_at,
            payment: None,
            subscription: None,
        };
        let nothing = self.what_nothing_means(payment).await;
        self.search(serving, query, nothing, Sought::Payment(payment)).await
    }

    /// What it means that the provider has no such payment: that nothing happened, unless the subscription that it
    /// began lives. Where nobody knows that, it means nothing yet.
    async fn what_nothing_means(&self, payment: &Payment) -> Option<NewsState> {
        let begun = matches!(payment.origin, Origin::Schedule | Origin::Start);
        let subscription = payment.subscription.as_ref().filter(|_| begun);
        let Some(subscription) = subscription.filter(|_| payment.state == PaymentState::Unknown) else {
            return (payment.state == PaymentState::Unknown).then_some(NewsState::NotExecuted);
        };
        match self.0.store.subscription(&payment.external, &subscription.token).await.ok().flatten()?.state {
            SubscriptionState::Declined | SubscriptionState::NotExecuted => Some(NewsState::NotExecuted),
            SubscriptionState::Started | SubscriptionState::Unknown => None,
            _ => Some(NewsState::NotCharged),
        }
    }

    async fn ask_refund(&self, serving: &Serving, payment: &Payment, refund: &Refund) -> Result<News, Silence> {
        let by_reference = |news: News| News {
            target: Target { host_reference: Some(refund.reference.0.clone()), ..news.target },
            action: Action::Refund,
            ..news
        };
        let asked = if refund.ids.is_empty() && refund.state == ActionState::Unknown {
            Err(Silence::CannotAsk)
        } else {
            self.inquire_refund(serving, payment, refund).await
        };
        let lost = refund.state == ActionState::Unknown;
        let searched = matches!(asked, Err(Silence::CannotAsk)) || lost && asked == Err(Silence::NotFound);
        if !searched {
            return asked.map(by_reference);
        }
        let query = Query {
            action: Action::Refund,
            host_reference: refund.reference.0.clone(),
            shop_transaction_id: payment.shop_transaction_id.clone(),
            amount: Some(refund.amount.clone()),
            since: refund.created_at,
            payment: Some(known(payment)),
            subscription: None,
        };
        let nothing = lost.then_some(NewsState::NotExecuted);
        let found = self.search(serving, query, nothing, Sought::Refund(payment, refund)).await;
        found.map(by_reference)
    }

    async fn inquire_refund(&self, serving: &Serving, payment: &Payment, refund: &Refund) -> Result<News, Silence> {
        if !serving.plugin.interfaces().has(Interface::Refunds) {
            return Err(Silence::CannotAsk);
        }
        let known_refund = KnownRefund {
            refund_id: refund.ids.first().cloned(),
            host_reference: refund.reference.0.clone(),
            amount: refund.amount.clone(),
            carry: refund.carry.clone(),
        };
        let request = Request::RefundStatus(known(payment), known_refund);
        status(self.inquire(serving, Some(refund.reference.clone()), request).await)
    }

    /// The payment itself tells what was captured; what no answer named is searched for.
    async fn ask_capture(&self, serving: &Serving, payment: &Payment, capture: &Capture) -> Result<News, Silence> {
        let action = if capture.void { Action::Void } else { Action::Capture };
        let query = Query {
            action,
            host_reference: capture.reference.0.clone(),
            shop_transaction_id: payment.shop_transaction_id.clone(),
            amount: capture.amount.clone(),
            since: capture.created_at,
            payment: Some(known(payment)),
            subscription: None,
        };
        let nothing = (capture.state == ActionState::Unknown).then_some(NewsState::NotExecuted);
        let found = self.search(serving, query, nothing, Sought::Capture(capture, action)).await?;
        let host_reference = Some(capture.reference.0.clone());
        Ok(News { target: Target { host_reference, ..found.target }, ..found })
    }

    /// Asks, and takes in what the plugin emits beside its answer.
    pub(super) async fn inquire(
        &self,
        serving: &Serving,
        about: Option<Reference>,
        request: Request,
    ) -> Result<Response, Failure> {
        let Called { response, report } = self.question(serving, about, request).await;
        if response.is_ok() && !report.emitted.is_empty() {
            self.take_emits(&serving.provider.external, report.emitted).await;
        }
        match response {
            // It was this host that did not ask: the question does not count.
            Ok(response) if report.held_back && response.tells_nothing() => Err(Failure::Exhausted),
            response => response,
        }
    }

    /// Takes in what a plugin emitted while it was asked: as good as a verified webhook.
    async fn take_emits(&self, external: &str, emitted: Vec<Event>) {
        let now = self.0.clock.now();
        let receiving = Receiving {
            now,
            external: external.to_owned(),
            trust: Trust::Verified,
            events: emitted.into_iter().map(|event| DatedEvent { id: None, occurred_at: None, event }).collect(),
            parked_until: now.plus(self.0.settings.parked),
            events_live: Duration::ZERO,
            ask_at: self.first_asks(external, now),
        };
        for received in self.0.store.receive(receiving).await.map_err(store_away).unwrap_or_default() {
            self.after_event(external, &received);
        }
    }

    /// Looks for what was never acknowledged. What belongs to other operations is discarded; `nothing` is what it means
    /// where nothing is found, and that proves something.
    async fn search(
        &self,
        serving: &Serving,
        query: Query,
        nothing: Option<NewsState>,
        sought: Sought<'_>,
    ) -> Result<News, Silence> {
        if !serving.plugin.interfaces().has(Interface::Search) {
            return Err(Silence::CannotAsk);
        }
        let (action, reference, since) = (query.action, query.host_reference.clone(), query.since);
        let (about, asked) = (Reference(reference.clone()), self.0.clock.now());
        let found = match self.inquire(serving, Some(about.clone()), Request::Find(query)).await {
            Ok(Response::Found(found)) => found.map_err(silence)?,
            Ok(_) => return Err(Silence::failed("the answer does not fit the request")),
            Err(failure) => return Err(broke(failure)),
        };
        let nothing_found = found.is_empty();
        let mut candidates = Vec::new();
        for news in found {
            if self.is_it(&sought, &news).await {
                candidates.push(news);
            }
        }
        let mut candidates = candidates.into_iter();
        match (candidates.next(), candidates.next()) {
            (Some(news), None) => Ok(news),
            (Some(_), Some(_)) => Err(Silence::failed("the search found several that it may be")),
            (None, _) => {
                let settled = self.is_settled(&about, since, asked).await;
                let proven = serving.plugin.description().search_is_authoritative && settled;
                let state = nothing.filter(|_| nothing_found && proven).ok_or(Silence::NotFound)?;
                let target = Target { host_reference: Some(reference), ..Target::default() };
                Ok(News::new(Source::Inquiry, target, action, state))
            }
        }
    }

    /// Rule 9: whether the last attempt was long before the provider was `asked`. Looked at after its answer, so that no
    /// attempt between the two is missed. A clock that has jumped says nothing about how long that was.
    pub(super) async fn is_settled(&self, operation: &Reference, since: Timestamp, asked: Timestamp) -> bool {
        let Ok(last) = self.0.store.last_attempt(operation).await else { return false };
        !self.0.clock.jumped_within(SEARCH_SETTLES) && last.unwrap_or(since).max(since).plus(SEARCH_SETTLES) < asked
    }

    async fn is_it(&self, sought: &Sought<'_>, news: &News) -> bool {
        match sought {
            Sought::Payment(payment) => self.is_of_payment(payment, news).await,
            Sought::Refund(payment, refund) => is_of_refund(payment, refund, news),
            Sought::Capture(capture, action) => is_of_capture(capture, *action, news),
        }
    }

    /// Whether a found payment is this one: it says so by our name for it, or it has no name of ours, agrees in what
    /// the merchant calls it and in the amount, and is nobody else's.
    async fn is_of_payment(&self, payment: &Payment, news: &News) -> bool {
        if news.action != Action::Payment {
            return false;
        }
        if let Some(reference) = &news.target.host_reference {
            return *reference == payment.reference.0;
        }
        let agrees = news.target.shop_transaction_id.is_some()
            && news.target.shop_transaction_id == payment.shop_transaction_id
            && news.amount == payment.amount;
        if !agrees {
            return false;
        }
        for id in &news.target.payment_ids {
            if !self.is_free(payment, id).await {
                return false;
            }
        }
        true
    }

    async fn is_free(&self, payment: &Payment, id: &str) -> bool {
        let owner = self.0.store.payment(&payment.external, Name::Payment(id)).await;
        owner.is_ok_and(|owner| owner.is_none_or(|owner| owner.payment.key == payment.key))
    }
}

/// More was paid back than was captured, and there is nobody to explain it: so it is looked at as what an answer that
/// explains nothing leaves, and a person is called.
fn unexplained(payment: &Payment, silence: Silence) -> Result<News, Silence> {
    let beyond = payment.captured.is_some_and(|captured| payment.refunded > captured);
    if !beyond || !matches!(silence, Silence::CannotAsk | Silence::NotFound) {
        return Err(silence);
    }
    let target = Target { host_reference: Some(payment.reference.0.clone()), ..Target::default() };
    Ok(News::new(Source::Inquiry, target, Action::Payment, NewsState::Unknown))
}

fn is_of_capture(capture: &Capture, action: Action, news: &News) -> bool {
    news.action == action
        && (news.target.host_reference.as_ref() == Some(&capture.reference.0)
            || news.action_id.as_ref().is_some_and(|id| capture.ids.contains(id)))
}

fn is_of_refund(payment: &Payment, refund: &Refund, news: &News) -> bool {
    if news.action != Action::Refund {
        return false;
    }
    // A plugin may hand the payment's own name on, which says nothing about which refund it is.
    if let Some(reference) = news.target.host_reference.as_ref().filter(|name| **name != payment.reference.0) {
        return *reference == refund.reference.0;
    }
    let anothers =
        |id: &String| payment.refunds.iter().any(|other| other.reference != refund.reference && other.ids.contains(id));
    news.action_id.as_ref().is_some_and(|id| !anothers(id)) && news.amount.as_ref() == Some(&refund.amount)
}

/// A payment as a plugin sees it.
pub(super) fn known(payment: &Payment) -> KnownPayment {
    KnownPayment {
        target: Target {
            payment_ids: payment.ids.clone(),
            shop_transaction_id: payment.shop_transaction_id.clone(),
            host_reference: Some(payment.reference.0.clone()),
        },
        amount: payment.amount.clone(),
        payment_method: payment.payment_method.clone(),
        carry: payment.carry.clone(),
    }
}

/// The payment that an operation is done to, as a plugin sees it.
pub(super) fn known_of(subject: &Subject) -> KnownPayment {
    known(subject.payment.as_ref().expect("what is done to a payment was claimed with one"))
}

/// What an inquiry said.
pub(super) fn status(response: Result<Response, Failure>) -> Result<News, Silence> {
    match response {
        Ok(Response::Status(said)) => said.map(|news| *news).map_err(silence),
        Ok(_) => Err(Silence::failed("the answer does not fit the request")),
        Err(failure) => Err(broke(failure)),
    }
}

pub(super) fn silence(error: PluginError) -> Silence {
    match error {
        PluginError::NotFound(_) => Silence::NotFound,
        PluginError::Unsupported(_) => Silence::CannotAsk,
        PluginError::Refused { reason, retry_after } => Silence::Failed { reason, wish: retry_after },
        error => Silence::failed(format!("{error:?}")),
    }
}

/// Where the host had no room for the call, the provider heard nothing.
pub(super) fn broke(failure: Failure) -> Silence {
    match failure {
        Failure::Exhausted => Silence::NotNow(failure.to_string()),
        failure => Silence::failed(failure.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::model::{Reference, apply};

    #[test]
    fn where_nobody_explains_that_more_was_paid_back_than_captured_a_person_is_called() {
        let mut payment = Payment::blank("acme", Origin::Pay, Reference::random(), Timestamp(1));
        payment.state = PaymentState::Accepted;
        (payment.captured, payment.refunded) = (Some(100), 100);
        let silences = || [Silence::CannotAsk, Silence::NotFound];
        for silence in silences() {
            assert_eq!(unexplained(&payment, silence.clone()), Err(silence));
        }
        payment.refunded = 101;
        for silence in silences() {
            let news = unexplained(&payment, silence).unwrap();
            let applied = apply(&payment, &news, Timestamp(2));
            assert!(applied.payment.review.is_some() && applied.alert.is_some() && !applied.ask);
            assert_eq!(applied.payment.state, PaymentState::Accepted);
        }
        let away = Silence::NotNow("no plugin".into());
        assert_eq!(unexplained(&payment, away.clone()), Err(away));
    }
}
