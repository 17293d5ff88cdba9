//! Asking the provider how a payment or a refund stands: `inquiry` with the ids learnt, else `search` with the host's
//! own name for it (rules 8 and 9). What it says becomes news; an error changes nothing.

use super::Operations;
use super::follow::tell_follow_ups;
use super::perform::store_away;
use crate::clock::Timestamp;
use crate::model::{
    Action, Interface, KnownPayment, KnownRefund, News, NewsState, Payment, PaymentKey, PaymentState, PluginError,
    Query, Refund, RefundState, Request, Response, Source, Target, apply,
};
use crate::registry::Serving;
use crate::store::Name;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A search proves that nothing happened only when the attempt is older than this (rule 9).
const SEARCH_SETTLES: Duration = Duration::from_secs(15 * 60);

/// Payments whose last asking is remembered, before the old ones are forgotten for the first time.
const REMEMBERED: usize = 10_000;

/// Why the provider told nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Silence {
    /// The plugin cannot ask.
    CannotAsk,
    /// The provider knows no such thing.
    NotFound,
    /// It could not be asked, or could not say. For the log.
    Failed(String),
}

/// When each payment was last asked about, so that hints cannot make the host ask without end (rule 24).
#[derive(Default)]
pub(super) struct Asked(Mutex<LastAsked>);

#[derive(Default)]
struct LastAsked {
    at: HashMap<PaymentKey, Timestamp>,
    /// How many there may be before the old ones are forgotten.
    room: usize,
}

impl Asked {
    /// Notes an asking. The old ones are forgotten when their number has doubled, so that a note costs the same however
    /// many there are.
    pub(super) fn note(&self, payment: PaymentKey, now: Timestamp, gap: Duration) {
        let mut asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if asked.at.len() >= asked.room {
            asked.at.retain(|_, at| at.plus(gap) > now);
            asked.room = REMEMBERED.max(asked.at.len() * 2);
        }
        asked.at.insert(payment, now);
    }

    /// When it may be asked again; none: now.
    pub(super) fn not_before(&self, payment: PaymentKey, now: Timestamp, gap: Duration) -> Option<Timestamp> {
        let asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        asked.at.get(&payment).map(|at| at.plus(gap)).filter(|again| *again > now)
    }
}

impl Operations {
    /// Asks about a payment, or one of its refunds, and returns it as it is afterwards.
    pub(super) async fn ask(&self, payment: &Payment, refund: Option<usize>) -> Result<Payment, Silence> {
        let serving = self.0.registry.serving(&payment.external);
        // Not for ever: the question waits for the plugin.
        let serving = serving.map_err(|_| Silence::Failed("no plugin serves this external now".into()))?;
        let now = self.0.clock.now();
        self.0.asked.note(payment.key, now, self.0.settings.ask_gap);
        let news = match refund.and_then(|position| payment.refunds.get(position)) {
            Some(refund) => self.ask_refund(&serving, payment, refund).await?,
            None => self.ask_payment(&serving, payment).await?,
        };
        tell_follow_ups(&payment.external, &news);
        if !apply(payment, &news, now).differs_from(payment) {
            return Ok(payment.clone());
        }
        let reported = self.0.store.report_on(payment.key, news, now).await;
        let changed = reported.map_err(|error| Silence::Failed(store_away(error).to_string()))?;
        self.follow_up(&changed);
        Ok(changed.payment)
    }

    async fn ask_payment(&self, serving: &Serving, payment: &Payment) -> Result<News, Silence> {
        let named = !payment.ids.is_empty() || payment.state != PaymentState::Unknown;
        if named && serving.plugin.interfaces().has(Interface::Inquiry) {
            let inquired =
                self.question(serving, Some(payment.reference.clone()), Request::Status(known(payment))).await;
            return status(inquired.response);
        }
        let query = Query {
            action: Action::Payment,
            host_reference: payment.reference.0.clone(),
            shop_transaction_id: payment.shop_transaction_id.clone(),
            amount: payment.amount.clone(),
            since: payment.created_at,
            payment: None,
        };
        let unknown = payment.state == PaymentState::Unknown;
        self.search(serving, query, unknown, |news| self.is_of_payment(payment, news)).await
    }

    async fn ask_refund(&self, serving: &Serving, payment: &Payment, refund: &Refund) -> Result<News, Silence> {
        let by_reference = |news: News| News {
            target: Target { host_reference: Some(refund.reference.0.clone()), ..news.target },
            action: Action::Refund,
            ..news
        };
        let asked = if refund.ids.is_empty() && refund.state == RefundState::Unknown {
            Err(Silence::CannotAsk)
        } else {
            self.inquire_refund(serving, payment, refund).await
        };
        if !matches!(asked, Err(Silence::CannotAsk)) {
            return asked.map(by_reference);
        }
        let query = Query {
            action: Action::Refund,
            host_reference: refund.reference.0.clone(),
            shop_transaction_id: payment.shop_transaction_id.clone(),
            amount: Some(refund.amount.clone()),
            since: refund.created_at,
            payment: Some(known(payment)),
        };
        let unknown = refund.state == RefundState::Unknown;
        let found = self.search(serving, query, unknown, |news| is_of_refund(payment, refund, news)).await;
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
        status(self.question(serving, Some(refund.reference.clone()), request).await.response)
    }

    /// Looks for what was never acknowledged. `is_it` discards what belongs to other operations.
    async fn search(
        &self,
        serving: &Serving,
        query: Query,
        unknown: bool,
        is_it: impl Fn(&News) -> bool,
    ) -> Result<News, Silence> {
        if !serving.plugin.interfaces().has(Interface::Search) {
            return Err(Silence::CannotAsk);
        }
        let (action, reference, since) = (query.action, query.host_reference.clone(), query.since);
        let about = crate::model::Reference(reference.clone());
        let found = match self.question(serving, Some(about), Request::Find(query)).await.response {
            Ok(Response::Found(found)) => found.map_err(silence)?,
            Ok(_) => return Err(Silence::Failed("the answer does not fit the request".into())),
            Err(failure) => return Err(Silence::Failed(failure.to_string())),
        };
        let nothing_found = found.is_empty();
        let mut candidates = found.into_iter().filter(is_it);
        match (candidates.next(), candidates.next()) {
            (Some(news), None) => Ok(news),
            (Some(_), Some(_)) => Err(Silence::Failed("the search found several that it may be".into())),
            (None, _) => {
                let settled = since.plus(SEARCH_SETTLES) < self.0.clock.now();
                let proven = serving.plugin.description().search_is_authoritative && settled;
                if !(unknown && nothing_found && proven) {
                    return Err(Silence::NotFound);
                }
                let target = Target { host_reference: Some(reference), ..Target::default() };
                Ok(News::new(Source::Inquiry, target, action, NewsState::NotExecuted))
            }
        }
    }

    /// Whether a found payment is this one: it says so by our name for it, or it has no name of ours, agrees in what
    /// the merchant calls it and in the amount, and is nobody else's.
    fn is_of_payment(&self, payment: &Payment, news: &News) -> bool {
        if news.action != Action::Payment {
            return false;
        }
        if let Some(reference) = &news.target.host_reference {
            return *reference == payment.reference.0;
        }
        let agrees = news.target.shop_transaction_id.is_some()
            && news.target.shop_transaction_id == payment.shop_transaction_id
            && news.amount == payment.amount;
        agrees && news.target.payment_ids.iter().all(|id| self.is_free(payment, id))
    }

    fn is_free(&self, payment: &Payment, id: &str) -> bool {
        let owner = self.0.store.payment(&payment.external, Name::Payment(id));
        owner.is_ok_and(|owner| owner.is_none_or(|owner| owner.payment.key == payment.key))
    }
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

/// What an inquiry said.
pub(super) fn status(response: Result<Response, crate::model::Failure>) -> Result<News, Silence> {
    match response {
        Ok(Response::Status(said)) => said.map(|news| *news).map_err(silence),
        Ok(_) => Err(Silence::Failed("the answer does not fit the request".into())),
        Err(failure) => Err(Silence::Failed(failure.to_string())),
    }
}

fn silence(error: PluginError) -> Silence {
    match error {
        PluginError::NotFound(_) => Silence::NotFound,
        PluginError::Unsupported(_) => Silence::CannotAsk,
        error => Silence::Failed(format!("{error:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GAP: Duration = Duration::from_secs(10);

    #[test]
    fn a_payment_is_asked_about_once_in_a_while_however_many_others_there_are() {
        let asked = Asked::default();
        for key in 0..3 * REMEMBERED as i64 {
            asked.note(PaymentKey(key), Timestamp(1_000), GAP);
        }
        assert_eq!(asked.not_before(PaymentKey(0), Timestamp(10_999), GAP), Some(Timestamp(11_000)));
        assert_eq!(asked.not_before(PaymentKey(0), Timestamp(11_000), GAP), None);
        for key in 0..6 * REMEMBERED as i64 {
            asked.note(PaymentKey(-1 - key), Timestamp(20_000), GAP);
        }
        assert!(!asked.0.lock().unwrap().at.contains_key(&PaymentKey(0)), "what is over is forgotten");
    }
}
