//! An operation's end as news about what it belongs to, and the ids that its caller is told. Pure.

use super::Ended;
use crate::capabilities::Name;
use crate::model::{
    Acknowledgement, Decline, Kind, News, NewsState, Operation, Outcome, Settled, Source, Subscribed, SubscriptionNews,
    SubscriptionState, Target,
};
use crate::store::{self, Subject};

/// The outcome's name for the store.
pub(super) fn settled(outcome: &Outcome) -> Settled {
    match outcome {
        Outcome::Succeeded(_) => Settled::Succeeded,
        Outcome::Authorized(_) => Settled::Authorized,
        Outcome::Pending { .. } => Settled::Pending,
        Outcome::ActionRequired(..) => Settled::ActionRequired,
        Outcome::Declined(_) => Settled::Declined,
        Outcome::NotExecuted(_) => Settled::NotExecuted,
        Outcome::Unknown { .. } => Settled::Unknown,
    }
}

/// The ids that a caller is told: the provider's where it named one, else the host's own.
#[derive(Clone, Debug)]
pub(super) struct Ids {
    payment_id: String,
    refund_id: String,
    subscription_token: String,
}

impl Ids {
    /// The end with these ids.
    pub(super) fn ended(self, kind: Kind, outcome: Outcome) -> Ended {
        let Self { payment_id, refund_id, subscription_token } = self;
        Ended { kind, outcome, payment_id, refund_id, subscription_token }
    }

    /// What the merchant is told for the first time by an operation of this kind.
    pub(super) fn told(&self, kind: Kind) -> store::Told {
        store::Told {
            payment_id: kind.action().map(|_| self.payment_id.clone()),
            refund_id: (kind == Kind::Refund).then(|| self.refund_id.clone()),
            subscription_token: kind.makes_subscription().then(|| self.subscription_token.clone()),
        }
    }
}

/// An operation's end, with the ids that its caller is told.
pub(crate) fn ended(
    operation: &Operation,
    subject: &Subject,
    outcome: Outcome,
    learned: &[Name],
    subscribed: Option<&Subscribed>,
) -> Ended {
    let ids = Told { operation, outcome: &outcome, learned, subscribed }.ids(subject);
    ids.ended(operation.kind, outcome)
}

/// The ids as they are known now, of an operation whose end nobody told.
pub(super) fn ids_of(operation: &Operation, subject: &Subject) -> Ids {
    let own = &operation.reference.0;
    let payment = subject.payment.as_ref();
    let of_this =
        payment.and_then(|payment| payment.refunds.iter().find(|refund| refund.operation == Some(operation.key)));
    let subscription = subject.subscription.as_ref();
    Ids {
        payment_id: payment.map_or(own.as_str(), |payment| payment.shown_id()).to_owned(),
        refund_id: of_this.map_or(own.as_str(), |refund| refund.shown_id()).to_owned(),
        subscription_token: subscription.map_or(own.as_str(), |known| known.shown_token()).to_owned(),
    }
}

/// An operation's end.
pub(super) struct Told<'a> {
    pub(super) operation: &'a Operation,
    pub(super) outcome: &'a Outcome,
    pub(super) learned: &'a [Name],
    pub(super) subscribed: Option<&'a Subscribed>,
}

impl Told<'_> {
    /// What it says about its payment; none where it belongs to none.
    pub(super) fn news(&self) -> Option<News> {
        let kind = self.operation.kind;
        let target = Target {
            payment_ids: self.payment_ids(),
            host_reference: Some(self.operation.reference.0.clone()),
            ..Target::default()
        };
        let news = News::new(Source::Answer, target, kind.action()?, self.state());
        let news = match self.outcome {
            Outcome::Succeeded(said) | Outcome::Authorized(said) | Outcome::ActionRequired(said, _) => {
                acknowledged(news, said)
            }
            Outcome::Pending { acknowledgement, review } => {
                News { review: review.clone(), ..acknowledged(news, acknowledgement) }
            }
            Outcome::Declined(decline) => declined(news, decline),
            Outcome::NotExecuted(_) | Outcome::Unknown { .. } => news,
        };
        Some(match kind {
            Kind::Refund => {
                News { action_id: self.outcome.id().map(str::to_owned).or_else(|| self.refund_id()), ..news }
            }
            _ => news,
        })
    }

    /// What it says about its subscription; none where it says nothing of one.
    pub(super) fn subscription_news(&self) -> Option<SubscriptionNews> {
        let own = Some(self.operation.reference.0.clone());
        let news = |state| SubscriptionNews::new(Source::Answer, own, state);
        match (self.operation.kind, self.subscribed, self.outcome) {
            (Kind::Schedule | Kind::Start, Some(said), _) => Some(SubscriptionNews {
                tokens: self.tokens(),
                metadata: said.metadata.clone(),
                carry: said.carry.clone(),
                ..news(said.state)
            }),
            (Kind::Schedule | Kind::Start, None, outcome) => Some(SubscriptionNews {
                tokens: self.tokens(),
                ..news(match outcome {
                    Outcome::Declined(_) => SubscriptionState::Declined,
                    Outcome::NotExecuted(_) => SubscriptionState::NotExecuted,
                    _ => SubscriptionState::Unknown,
                })
            }),
            (Kind::Expire, _, Outcome::Succeeded(_)) => Some(news(SubscriptionState::Canceled)),
            _ => None,
        }
    }

    /// The ids that the caller is told.
    pub(super) fn ids(&self, subject: &Subject) -> Ids {
        let known = ids_of(self.operation, subject);
        let kind = self.operation.kind;
        let named = || self.payment_ids().into_iter().next();
        Ids {
            payment_id: if kind.makes_payment() { named().unwrap_or(known.payment_id) } else { known.payment_id },
            refund_id: match kind {
                Kind::Refund => self.outcome.id().map(str::to_owned).or_else(|| self.refund_id()),
                _ => None,
            }
            .unwrap_or(known.refund_id),
            subscription_token: match kind.makes_subscription() {
                true => self.tokens().into_iter().next().unwrap_or(known.subscription_token),
                false => known.subscription_token,
            },
        }
    }

    fn state(&self) -> NewsState {
        let charged = self.subscribed.is_none_or(|said| said.first_payment.is_some());
        match self.outcome {
            // Where a continuation stopped, its payment stands where it stood; to be asked for.
            Outcome::NotExecuted(_) if self.operation.kind == Kind::Resume => NewsState::Unknown,
            Outcome::Succeeded(_) | Outcome::Pending { review: None, .. } | Outcome::ActionRequired(..) if !charged => {
                NewsState::NotCharged
            }
            Outcome::Succeeded(_) => NewsState::Accepted,
            Outcome::Authorized(_) => NewsState::Authorized,
            Outcome::Pending { .. } => NewsState::Pending,
            Outcome::ActionRequired(_, destination) => NewsState::ActionRequired(destination.clone()),
            Outcome::Declined(decline) => NewsState::Failed(Some(decline.clone())),
            Outcome::NotExecuted(_) => NewsState::NotExecuted,
            Outcome::Unknown { .. } => NewsState::Unknown,
        }
    }

    /// Ids of the payment itself: what a refund, a capture or a void names is its own.
    fn payment_ids(&self) -> Vec<String> {
        let said = self.outcome.id().filter(|_| self.operation.kind.makes_payment());
        let named = self.learned.iter().filter_map(|name| match name {
            Name::Payment(id) => Some(id.as_str()),
            _ => None,
        });
        said.into_iter().chain(named).map(str::to_owned).collect()
    }

    fn refund_id(&self) -> Option<String> {
        self.learned.iter().find_map(|name| match name {
            Name::Refund(id) => Some(id.clone()),
            _ => None,
        })
    }

    fn tokens(&self) -> Vec<String> {
        let said = self.subscribed.and_then(|said| said.token.clone());
        let named = self.learned.iter().filter_map(|name| match name {
            Name::Subscription(token) => Some(token.clone()),
            _ => None,
        });
        said.into_iter().chain(named).collect()
    }
}

fn acknowledged(news: News, said: &Acknowledgement) -> News {
    News {
        amount: said.amount.clone(),
        partial: said.partial,
        description: said.description.clone(),
        metadata: said.metadata.clone(),
        carry: said.carry.clone(),
        expires_at: said.expires_at,
        follow_ups: said.follow_ups.clone(),
        ..news
    }
}

fn declined(news: News, decline: &Decline) -> News {
    News { description: decline.description.clone(), metadata: decline.metadata.clone(), ..news }
}
