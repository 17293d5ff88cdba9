//! An operation's end as news about its payment. Pure.

use crate::capabilities::Name;
use crate::model::{
    Acknowledgement, Action, Decline, Kind, News, NewsState, Operation, Outcome, Payment, Settled, Source, Target,
};

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

/// What an operation's end says about its payment.
pub(super) fn news(operation: &Operation, outcome: &Outcome, learned: &[Name]) -> News {
    let (action, ids) = match operation.kind {
        Kind::Pay => (Action::Payment, payment_ids(outcome.id(), learned)),
        Kind::Refund => (Action::Refund, payment_ids(None, learned)),
    };
    let target = Target { payment_ids: ids, host_reference: Some(operation.reference.0.clone()), ..Target::default() };
    let news = News::new(Source::Answer, target, action, state(outcome));
    let news = match outcome {
        Outcome::Succeeded(said) | Outcome::Authorized(said) | Outcome::ActionRequired(said, _) => {
            acknowledged(news, said)
        }
        Outcome::Pending { acknowledgement, review } => {
            News { review: review.clone(), ..acknowledged(news, acknowledgement) }
        }
        Outcome::Declined(decline) => declined(news, decline),
        Outcome::NotExecuted(_) | Outcome::Unknown { .. } => news,
    };
    match operation.kind {
        Kind::Pay => news,
        Kind::Refund => News { action_id: outcome.id().map(str::to_owned).or_else(|| refund_id(learned)), ..news },
    }
}

/// The ids that the caller is told: the provider's where it named one, else the host's own.
pub(super) fn ids(operation: &Operation, payment: &Payment, outcome: &Outcome, learned: &[Name]) -> (String, String) {
    let own = || operation.reference.0.clone();
    let said = outcome.id().map(str::to_owned);
    match operation.kind {
        Kind::Pay => {
            let named = learned.iter().find_map(|name| match name {
                Name::Payment(id) => Some(id.clone()),
                _ => None,
            });
            (said.or(named).unwrap_or_else(own), String::new())
        }
        Kind::Refund => (payment.shown_id().to_owned(), said.or_else(|| refund_id(learned)).unwrap_or_else(own)),
    }
}

fn state(outcome: &Outcome) -> NewsState {
    match outcome {
        Outcome::Succeeded(_) => NewsState::Accepted,
        Outcome::Authorized(_) => NewsState::Authorized,
        Outcome::Pending { .. } => NewsState::Pending,
        Outcome::ActionRequired(_, destination) => NewsState::ActionRequired(destination.clone()),
        Outcome::Declined(decline) => NewsState::Failed(Some(decline.clone())),
        Outcome::NotExecuted(_) => NewsState::NotExecuted,
        Outcome::Unknown { .. } => NewsState::Unknown,
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

fn payment_ids(said: Option<&str>, learned: &[Name]) -> Vec<String> {
    let named = learned.iter().filter_map(|name| match name {
        Name::Payment(id) => Some(id.as_str()),
        _ => None,
    });
    said.into_iter().chain(named).map(str::to_owned).collect()
}

fn refund_id(learned: &[Name]) -> Option<String> {
    learned.iter().find_map(|name| match name {
        Name::Refund(id) => Some(id.clone()),
        _ => None,
    })
}
