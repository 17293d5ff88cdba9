//! `status` and `check`: how a payment stands, by the provider's word where it can be asked, else as it is known.

use super::ask::{About, Silence, status};
use super::perform::store_away;
use super::{Error, Lookup, Operations};
use crate::clock::Timestamp;
use crate::model::{
    Interface, KnownPayment, News, Payment, PaymentState, PaymentStatus, Request, Target, status_of_payment,
    status_of_refund,
};
use crate::store::{Name, Reported, Reporting};
use crate::task;
use std::time::Duration;

/// How soon a payment that may be ours is tried to be taken in again.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// What looking brought.
pub(super) struct Looked {
    /// The payment as it is now.
    pub(super) payment: Payment,
    /// Which of its refunds was asked about.
    refund: Option<usize>,
    /// The provider could not be asked: when the host last learnt of it.
    as_of: Option<Timestamp>,
}

impl Lookup {
    pub(super) fn name(&self) -> Name<'_> {
        match self {
            Self::Payment(id) => Name::Payment(id),
            Self::Refund(id) => Name::Refund(id),
            Self::ShopTransaction(id) => Name::ShopTransaction(id),
        }
    }
}

impl Operations {
    /// How a payment or a refund stands.
    pub async fn status(&self, external: &str, lookup: Lookup) -> Result<PaymentStatus, Error> {
        self.look_to_the_end(external, lookup).await.map(|looked| looked.status())
    }

    /// The same, and the merchant is told it in a callback, even without a change (rule 34).
    pub async fn check(&self, external: &str, lookup: Lookup) -> Result<PaymentStatus, Error> {
        if self.serving(external).is_ok_and(|serving| !serving.plugin.interfaces().has(Interface::Inquiry)) {
            return Err(Error::Unsupported(Interface::Inquiry));
        }
        let looked = self.look_to_the_end(external, lookup).await?;
        let (now, gap) = (self.0.clock.now(), self.0.settings.ask_gap);
        let refund = looked.refund.and_then(|position| looked.payment.refunds.get(position));
        let refund = refund.map(|refund| refund.reference.clone());
        self.0.store.check(looked.payment.key, refund, now, gap).await.map_err(store_away)?;
        self.0.outbox.wake();
        Ok(looked.status())
    }

    /// A caller that hangs up does not cut the question short.
    async fn look_to_the_end(&self, external: &str, lookup: Lookup) -> Result<Looked, Error> {
        let (operations, external) = (self.clone(), external.to_owned());
        let looked = task::to_its_end("status", async move { operations.look(&external, &lookup).await }).await;
        looked.unwrap_or_else(|| Err(Error::ProviderSilent("the host failed".into())))
    }

    /// Finds a payment by any name, here or at the provider, and asks how it stands.
    pub(super) async fn look(&self, external: &str, lookup: &Lookup) -> Result<Looked, Error> {
        if self.0.registry.external(external).is_none() {
            return Err(Error::UnknownExternal);
        }
        let Some(found) = self.0.store.payment(external, lookup.name()).await.map_err(store_away)? else {
            return self.look_at_the_provider(external, lookup).await;
        };
        let (payment, refund) = (found.payment, found.refund);
        let as_known = |payment: Payment| Looked { as_of: Some(payment.updated_at), payment, refund };
        if matches!(payment.state, PaymentState::Started | PaymentState::NotExecuted) {
            // Its call still runs, or the provider never saw it: there is nothing to ask.
            return Ok(as_known(payment));
        }
        match self.ask(&payment, refund.map_or(About::Payment, About::Refund)).await {
            Ok(payment) => Ok(Looked { payment, refund, as_of: None }),
            Err(silence) => {
                tracing::info!(external, reference = %payment.reference, ?silence, "answered with what is known");
                Ok(as_known(payment))
            }
        }
    }

    /// A payment that the host never saw: the provider may know it, and then it is adopted (rule 5).
    async fn look_at_the_provider(&self, external: &str, lookup: &Lookup) -> Result<Looked, Error> {
        let target = match lookup {
            Lookup::Payment(id) => Target { payment_ids: vec![id.clone()], ..Target::default() },
            Lookup::ShopTransaction(id) => Target { shop_transaction_id: Some(id.clone()), ..Target::default() },
            Lookup::Refund(_) => return Err(Error::PaymentNotFound),
        };
        let serving = self.serving(external)?;
        if !serving.plugin.interfaces().has(Interface::Inquiry) {
            return Err(Error::PaymentNotFound);
        }
        let stranger = KnownPayment { target: target.clone(), amount: None, payment_method: None, carry: None };
        let news =
            status(self.inquire(&serving, None, Request::Status(stranger)).await).map_err(|silence| match silence {
                Silence::NotFound | Silence::CannotAsk => Error::PaymentNotFound,
                Silence::NotNow(reason) | Silence::Failed { reason, .. } => Error::ProviderSilent(reason),
            })?;
        self.adopt(external, with_names(news, target)).await
    }

    /// Takes the payment in. While an operation runs that may be making it, its own end is waited for.
    pub(super) async fn adopt(&self, external: &str, news: News) -> Result<Looked, Error> {
        let give_up = tokio::time::Instant::now() + self.0.settings.share_wait;
        loop {
            let now = self.0.clock.now();
            let reporting = Reporting {
                now,
                external: external.to_owned(),
                news: vec![news.clone()],
                adopt: true,
                ask_at: self.first_asks(external, now),
            };
            let reported = self.0.store.report(reporting).await.map_err(store_away)?;
            match reported.into_iter().next() {
                Some(Reported::Known(changed) | Reported::Adopted(changed)) => {
                    self.follow_up(&changed);
                    return Ok(Looked { payment: changed.payment, refund: None, as_of: None });
                }
                Some(Reported::NotYet) if tokio::time::Instant::now() < give_up => {
                    tokio::time::sleep(LOOK_AGAIN).await;
                }
                Some(Reported::NotYet) => return Err(Error::Busy),
                Some(Reported::NotKnown) | None => return Err(Error::PaymentNotFound),
            }
        }
    }
}

impl Looked {
    fn status(&self) -> PaymentStatus {
        match self.refund.and_then(|position| self.payment.refunds.get(position)) {
            Some(refund) => status_of_refund(&self.payment, refund, self.as_of),
            None => status_of_payment(&self.payment, self.as_of),
        }
    }
}

/// The name that was asked for is one of its names, whether the provider repeats it or not.
fn with_names(mut news: News, asked: Target) -> News {
    for id in asked.payment_ids {
        if !news.target.payment_ids.contains(&id) {
            news.target.payment_ids.push(id);
        }
    }
    news.target.shop_transaction_id = news.target.shop_transaction_id.or(asked.shop_transaction_id);
    news
}
