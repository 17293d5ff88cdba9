//! News as JSON, for as long as it is parked. The model knows no serde, so the shape on disk stands here.

use crate::clock::Timestamp;
use crate::model::{
    Action, Amount, Carry, Charge, Decline, Destination, Dispute, DisputeState, Disputed, Event, FollowUp, News,
    NewsState, Source, SubscriptionNews, SubscriptionState, Target,
};
use serde::{Deserialize, Serialize};

/// [`News`] as it is kept.
#[derive(Deserialize, Serialize)]
pub(super) struct KeptNews {
    source: KeptSource,
    payment_ids: Vec<String>,
    shop_transaction_id: Option<String>,
    host_reference: Option<String>,
    action: KeptAction,
    action_id: Option<String>,
    state: KeptState,
    amount: Option<KeptAmount>,
    partial: bool,
    captured: Option<KeptAmount>,
    refunded: Option<KeptAmount>,
    payment_method: Option<String>,
    description: Option<String>,
    metadata: Option<String>,
    carry: Option<KeptCarry>,
    occurred_at: Option<u64>,
    expires_at: Option<u64>,
    review: Option<String>,
    follow_ups: Vec<KeptFollowUp>,
}

/// [`SubscriptionNews`] as it is kept.
#[derive(Deserialize, Serialize)]
pub(super) struct KeptSubscription {
    source: KeptSource,
    tokens: Vec<String>,
    host_reference: Option<String>,
    state: String,
    metadata: Option<String>,
    carry: Option<KeptCarry>,
    occurred_at: Option<u64>,
}

/// [`Event`] as it is kept. What was parked before there were others is news of a payment.
#[derive(Deserialize, Serialize)]
#[serde(untagged)]
pub(super) enum KeptEvent {
    Subscription { subscription: KeptSubscription },
    Charge { charge: KeptNews, tokens: Vec<String>, of: Option<String> },
    Dispute { dispute: KeptDispute, payment_ids: Vec<String>, shop: Option<String>, reference: Option<String> },
    Payment(KeptNews),
}

impl KeptEvent {
    pub(super) fn of(event: &Event) -> Self {
        match event {
            Event::Payment(news) => Self::Payment(news.into()),
            Event::Subscription(news) => Self::Subscription { subscription: news.into() },
            Event::Charge(Charge { tokens, host_reference, news }) => {
                Self::Charge { charge: news.into(), tokens: tokens.clone(), of: host_reference.clone() }
            }
            Event::Dispute(dispute) => {
                let Dispute { target, state, amount, reason, occurred_at } = dispute.clone();
                Self::Dispute {
                    dispute: Disputed { state, amount, reason, occurred_at }.into(),
                    payment_ids: target.payment_ids,
                    shop: target.shop_transaction_id,
                    reference: target.host_reference,
                }
            }
        }
    }
}

impl From<KeptEvent> for Event {
    fn from(kept: KeptEvent) -> Self {
        match kept {
            KeptEvent::Payment(news) => Self::Payment(news.into()),
            KeptEvent::Subscription { subscription } => Self::Subscription(subscription.into()),
            KeptEvent::Charge { charge, tokens, of } => {
                Self::Charge(Charge { tokens, host_reference: of, news: charge.into() })
            }
            KeptEvent::Dispute { dispute, payment_ids, shop, reference } => {
                let Disputed { state, amount, reason, occurred_at } = dispute.into();
                let target = Target { payment_ids, shop_transaction_id: shop, host_reference: reference };
                Self::Dispute(Dispute { target, state, amount, reason, occurred_at })
            }
        }
    }
}

impl From<&SubscriptionNews> for KeptSubscription {
    fn from(news: &SubscriptionNews) -> Self {
        Self {
            source: keep_source(news.source),
            tokens: news.tokens.clone(),
            host_reference: news.host_reference.clone(),
            state: news.state.name().to_owned(),
            metadata: news.metadata.clone(),
            carry: news.carry.as_ref().map(|carry| KeptCarry { json: carry.json.clone(), format: carry.format }),
            occurred_at: news.occurred_at.map(|moment| moment.0),
        }
    }
}

impl From<KeptSubscription> for SubscriptionNews {
    fn from(kept: KeptSubscription) -> Self {
        let state = SubscriptionState::from_name(&kept.state).unwrap_or(SubscriptionState::Unknown);
        Self {
            tokens: kept.tokens,
            metadata: kept.metadata,
            carry: kept.carry.map(|carry| Carry { json: carry.json, format: carry.format }),
            occurred_at: kept.occurred_at.map(Timestamp),
            ..Self::new(source_of(kept.source), kept.host_reference, state)
        }
    }
}

/// How a dispute stands, as it is kept: parked, and with its payment.
#[derive(Deserialize, Serialize)]
pub(super) struct KeptDispute {
    state: String,
    amount: Option<KeptAmount>,
    reason: Option<String>,
    occurred_at: Option<u64>,
}

impl From<Disputed> for KeptDispute {
    fn from(dispute: Disputed) -> Self {
        Self {
            state: dispute.state.name().to_owned(),
            amount: dispute.amount.map(|Amount { minor, currency }| KeptAmount { minor, currency }),
            reason: dispute.reason,
            occurred_at: dispute.occurred_at.map(|moment| moment.0),
        }
    }
}

impl From<KeptDispute> for Disputed {
    fn from(kept: KeptDispute) -> Self {
        Self {
            state: DisputeState::from_name(&kept.state).unwrap_or(DisputeState::Opened),
            amount: kept.amount.map(|KeptAmount { minor, currency }| Amount { minor, currency }),
            reason: kept.reason,
            occurred_at: kept.occurred_at.map(Timestamp),
        }
    }
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum KeptSource {
    Answer,
    Inquiry,
    Verified { can_ask: bool },
    Operator { correct: bool },
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum KeptAction {
    Payment,
    Refund,
    Capture,
    Void,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum KeptState {
    Pending,
    ActionRequired { web: Option<String>, app: Option<String> },
    Authorized,
    Accepted,
    Failed(Option<KeptDecline>),
    Voided,
    Unknown,
    NotExecuted,
    NotCharged,
}

#[derive(Deserialize, Serialize)]
struct KeptDecline {
    id: Option<String>,
    code: String,
    description: Option<String>,
    metadata: Option<String>,
}

#[derive(Deserialize, Serialize)]
struct KeptAmount {
    minor: u64,
    currency: String,
}

#[derive(Deserialize, Serialize)]
struct KeptCarry {
    json: String,
    format: u32,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum KeptFollowUp {
    Capture,
    Resume(String),
}

impl From<&News> for KeptNews {
    fn from(news: &News) -> Self {
        let amount = |amount: &Option<Amount>| {
            amount.as_ref().map(|amount| KeptAmount { minor: amount.minor, currency: amount.currency.clone() })
        };
        Self {
            source: keep_source(news.source),
            payment_ids: news.target.payment_ids.clone(),
            shop_transaction_id: news.target.shop_transaction_id.clone(),
            host_reference: news.target.host_reference.clone(),
            action: match news.action {
                Action::Payment => KeptAction::Payment,
                Action::Refund => KeptAction::Refund,
                Action::Capture => KeptAction::Capture,
                Action::Void => KeptAction::Void,
            },
            action_id: news.action_id.clone(),
            state: keep_state(&news.state),
            amount: amount(&news.amount),
            partial: news.partial,
            captured: amount(&news.captured),
            refunded: amount(&news.refunded),
            payment_method: news.payment_method.clone(),
            description: news.description.clone(),
            metadata: news.metadata.clone(),
            carry: news.carry.as_ref().map(|carry| KeptCarry { json: carry.json.clone(), format: carry.format }),
            occurred_at: news.occurred_at.map(|moment| moment.0),
            expires_at: news.expires_at.map(|moment| moment.0),
            review: news.review.clone(),
            follow_ups: news.follow_ups.iter().map(keep_follow_up).collect(),
        }
    }
}

fn keep_source(source: Source) -> KeptSource {
    match source {
        Source::Answer => KeptSource::Answer,
        Source::Inquiry => KeptSource::Inquiry,
        Source::Verified { can_ask } => KeptSource::Verified { can_ask },
        Source::Operator { correct } => KeptSource::Operator { correct },
    }
}

fn source_of(kept: KeptSource) -> Source {
    match kept {
        KeptSource::Answer => Source::Answer,
        KeptSource::Inquiry => Source::Inquiry,
        KeptSource::Verified { can_ask } => Source::Verified { can_ask },
        KeptSource::Operator { correct } => Source::Operator { correct },
    }
}

fn keep_state(state: &NewsState) -> KeptState {
    match state {
        NewsState::Pending => KeptState::Pending,
        NewsState::ActionRequired(Destination { web, app }) => {
            KeptState::ActionRequired { web: web.clone(), app: app.clone() }
        }
        NewsState::Authorized => KeptState::Authorized,
        NewsState::Accepted => KeptState::Accepted,
        NewsState::Failed(decline) => KeptState::Failed(decline.as_ref().map(|decline| KeptDecline {
            id: decline.id.clone(),
            code: decline.code.clone(),
            description: decline.description.clone(),
            metadata: decline.metadata.clone(),
        })),
        NewsState::Voided => KeptState::Voided,
        NewsState::Unknown => KeptState::Unknown,
        NewsState::NotExecuted => KeptState::NotExecuted,
        NewsState::NotCharged => KeptState::NotCharged,
    }
}

fn keep_follow_up(follow_up: &FollowUp) -> KeptFollowUp {
    match follow_up {
        FollowUp::Capture => KeptFollowUp::Capture,
        FollowUp::Resume(json) => KeptFollowUp::Resume(json.clone()),
    }
}

impl From<KeptNews> for News {
    fn from(kept: KeptNews) -> Self {
        let amount = |amount: KeptAmount| Amount { minor: amount.minor, currency: amount.currency };
        Self {
            source: source_of(kept.source),
            target: Target {
                payment_ids: kept.payment_ids,
                shop_transaction_id: kept.shop_transaction_id,
                host_reference: kept.host_reference,
            },
            action: match kept.action {
                KeptAction::Payment => Action::Payment,
                KeptAction::Refund => Action::Refund,
                KeptAction::Capture => Action::Capture,
                KeptAction::Void => Action::Void,
            },
            action_id: kept.action_id,
            state: state_of(kept.state),
            amount: kept.amount.map(amount),
            partial: kept.partial,
            captured: kept.captured.map(amount),
            refunded: kept.refunded.map(amount),
            payment_method: kept.payment_method,
            description: kept.description,
            metadata: kept.metadata,
            carry: kept.carry.map(|carry| Carry { json: carry.json, format: carry.format }),
            occurred_at: kept.occurred_at.map(Timestamp),
            expires_at: kept.expires_at.map(Timestamp),
            review: kept.review,
            follow_ups: kept.follow_ups.into_iter().map(follow_up_of).collect(),
        }
    }
}

fn state_of(kept: KeptState) -> NewsState {
    match kept {
        KeptState::Pending => NewsState::Pending,
        KeptState::ActionRequired { web, app } => NewsState::ActionRequired(Destination { web, app }),
        KeptState::Authorized => NewsState::Authorized,
        KeptState::Accepted => NewsState::Accepted,
        KeptState::Failed(decline) => NewsState::Failed(decline.map(|decline| Decline {
            id: decline.id,
            code: decline.code,
            description: decline.description,
            metadata: decline.metadata,
        })),
        KeptState::Voided => NewsState::Voided,
        KeptState::Unknown => NewsState::Unknown,
        KeptState::NotExecuted => NewsState::NotExecuted,
        KeptState::NotCharged => NewsState::NotCharged,
    }
}

fn follow_up_of(kept: KeptFollowUp) -> FollowUp {
    match kept {
        KeptFollowUp::Capture => FollowUp::Capture,
        KeptFollowUp::Resume(json) => FollowUp::Resume(json),
    }
}
