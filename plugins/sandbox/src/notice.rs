//! What this provider's webhooks say: one of these in JSON, or an array of them, which is a batch.
//!
//! | about | body |
//! |---|---|
//! | a payment | `{"id","paymentId","state"}` |
//! | a refund | `{"id","paymentId","refundId","state"}` |
//! | a subscription | `{"id","subscriptionToken","state"}` |
//! | a charge that the provider made by itself | `{"id","subscriptionToken","paymentId","state","amount","currency"}` |
//! | a dispute | `{"id","paymentId","dispute":"opened\|won\|lost","reason"?}` |
//!
//! `id` is that of the event. The `state` of a payment is `pending`, `approved` (the payer has agreed, and
//! the payment is to go on), `authorized`, `accepted`, `failed` or `voided`; that of a refund one of the
//! same; that of a subscription `pending`, `active`, `past_due`, `expired` or `canceled`. All may say
//! `occurredAt`, in milliseconds since 1970, and all but the news of a subscription `amount`, in minor
//! units, with `currency`.

use provost_sdk::prelude::*;
use serde::Deserialize;

use crate::continuations;
use crate::ledger::{Carry, State};
use crate::scenario::Scenario;
use crate::terms::Stage;

/// The body of a webhook.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Body {
    Batch(Vec<Notice>),
    Single(Box<Notice>),
}

impl Body {
    pub(crate) fn into_notices(self) -> Vec<Notice> {
        match self {
            Self::Batch(notices) => notices,
            Self::Single(notice) => vec![*notice],
        }
    }
}

/// One piece of news.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Notice {
    /// Of the event.
    id: String,
    /// In milliseconds since 1970.
    pub(crate) occurred_at: Option<u64>,
    #[serde(flatten)]
    pub(crate) news: News,
    #[serde(flatten)]
    sum: Sum,
}

/// What it is about: the first of these that the body has the fields of.
#[derive(Debug, Deserialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
pub(crate) enum News {
    Dispute { payment_id: String, dispute: Stand, reason: Option<String> },
    Charge { subscription_token: String, payment_id: String, state: State },
    Refund { payment_id: String, refund_id: String, state: State },
    Payment { payment_id: String, state: State },
    Subscription { subscription_token: String, state: Stage },
}

/// How a dispute stands.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Stand {
    Opened,
    Won,
    Lost,
}

impl From<Stand> for DisputeState {
    fn from(stand: Stand) -> Self {
        match stand {
            Stand::Opened => Self::Opened,
            Stand::Won => Self::Won,
            Stand::Lost => Self::Lost,
        }
    }
}

/// What it amounts to, where it says so.
#[derive(Debug, Deserialize)]
struct Sum {
    amount: Option<u64>,
    currency: Option<String>,
}

impl Notice {
    pub(crate) fn amount(&self) -> Option<Amount> {
        Some(Amount::new(self.sum.amount?, self.sum.currency.clone()?))
    }
}

impl From<Notice> for DatedEvent {
    fn from(notice: Notice) -> Self {
        let amount = notice.amount();
        Self::new(event(notice.news, amount)).id(notice.id).occurred_at_ms(notice.occurred_at)
    }
}

fn event(news: News, amount: Option<Amount>) -> Event {
    let status = |payment_id: String, state: State| {
        let status = PaymentStatus::new(Reference::payment(payment_id), state.into());
        PaymentStatus { amount: amount.clone(), ..status }
    };
    match news {
        News::Payment { payment_id, state: State::Approved } => {
            status(payment_id, State::Approved).follow_up(continuations::follow_up()).into()
        }
        News::Payment { payment_id, state } => status(payment_id, state).into(),
        News::Refund { payment_id, refund_id, state } => status(payment_id, state).refund(refund_id).into(),
        News::Charge { subscription_token, payment_id, state } => {
            // It has had no answer of a call that could carry anything.
            let carry = Carry::new(scenario_of(state));
            Charge::new(subscription_token, status(payment_id, state).carry(json!(carry))).into()
        }
        News::Subscription { subscription_token, state } => {
            SubscriptionStatus::new(SubscriptionReference::token(subscription_token), state.into()).into()
        }
        News::Dispute { payment_id, dispute, reason } => {
            let dispute = Dispute::new(Reference::payment(payment_id), dispute.into());
            Dispute { amount, reason, ..dispute }.into()
        }
    }
}

/// As what a payment that stands so can be carried.
fn scenario_of(state: State) -> Scenario {
    match state {
        State::Pending | State::Approved => Scenario::Redirect,
        State::Authorized => Scenario::Authorize,
        State::Accepted => Scenario::Succeed,
        State::Failed | State::Voided => Scenario::PendingFailed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(body: Value) -> Vec<DatedEvent> {
        let body = Body::deserialize(body).unwrap();
        body.into_notices().into_iter().map(DatedEvent::from).collect()
    }

    fn payment(state: PaymentState) -> PaymentStatus {
        PaymentStatus::new(Reference::payment("pay_1"), state)
    }

    #[test]
    fn the_fields_tell_what_the_news_is_about() {
        let carry = json!({ "scenario": "succeed" });
        let cases: [(Value, Event); 6] = [
            (json!({ "paymentId": "pay_1", "state": "voided" }), payment(PaymentState::Voided).into()),
            (
                json!({ "paymentId": "pay_1", "state": "approved" }),
                payment(PaymentState::Pending).follow_up(continuations::follow_up()).into(),
            ),
            (
                json!({ "paymentId": "pay_1", "refundId": "re_1", "state": "failed" }),
                payment(PaymentState::Failed).refund("re_1").into(),
            ),
            (
                json!({ "subscriptionToken": "sub_1", "state": "past_due" }),
                SubscriptionStatus::new(SubscriptionReference::token("sub_1"), SubscriptionState::PastDue).into(),
            ),
            (
                json!({
                    "subscriptionToken": "sub_1",
                    "paymentId": "pay_1",
                    "state": "accepted",
                    "amount": 700,
                    "currency": "EUR",
                }),
                Charge::new("sub_1", payment(PaymentState::Accepted).amount(Amount::new(700, "EUR")).carry(carry))
                    .into(),
            ),
            (
                json!({ "paymentId": "pay_1", "dispute": "opened", "reason": "not received" }),
                Dispute::new(Reference::payment("pay_1"), DisputeState::Opened).reason("not received").into(),
            ),
        ];
        for (mut body, event) in cases {
            (body["id"], body["occurredAt"]) = (json!("evt_1"), json!(17));
            assert_eq!(events(body.clone()), [DatedEvent::new(event).id("evt_1").occurred_at_ms(17)], "{body}");
        }
    }

    #[test]
    fn an_array_is_a_batch() {
        let one = |id: &str| json!({ "id": id, "paymentId": "pay_1", "state": "accepted" });
        let batch = events(json!([one("evt_1"), one("evt_2")]));
        assert_eq!(batch.iter().map(|event| event.id.as_deref()).collect::<Vec<_>>(), [Some("evt_1"), Some("evt_2")]);
        assert_eq!(events(json!([])), []);
    }

    #[test]
    fn what_says_nothing_is_no_news() {
        let bodies = [
            json!({ "paymentId": "pay_1", "state": "accepted" }),
            json!({ "id": "evt_1", "state": "accepted" }),
            json!({ "id": "evt_1", "paymentId": "pay_1", "state": "past_due" }),
            json!({ "id": "evt_1", "subscriptionToken": "sub_1", "state": "accepted" }),
            json!([{ "id": "evt_1", "paymentId": "pay_1", "state": "accepted" }, {}]),
            json!("evt_1"),
        ];
        for body in bodies {
            assert!(Body::deserialize(&body).is_err(), "{body}");
        }
    }
}
