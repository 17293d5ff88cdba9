//! The model's words as JSON, for the document that a call prints: names in `snake_case`, moments in RFC 3339, and no
//! member for what is not there.

use crate::capabilities::Name;
use crate::clock::Timestamp;
use crate::model::{
    Acknowledgement, Action, Amount, Carry, DatedEvent, Decline, Destination, Event, Fault, FollowUp, News, NewsState,
    Outcome, Receipt, Refused, Rejection, Subscribed, SubscriptionNews, Target, Trust,
};
use serde_json::{Map, Value, json};

/// What the host makes of the end of an operation.
pub(super) fn outcome(outcome: &Outcome) -> Value {
    let name = json!({ "name": outcome.name() });
    match outcome {
        Outcome::Succeeded(said) | Outcome::Authorized(said) => joined([name, acknowledgement(said)]),
        Outcome::Pending { acknowledgement: said, review } => {
            joined([name, acknowledgement(said), json!({ "review": review })])
        }
        Outcome::ActionRequired(said, to) => {
            joined([name, acknowledgement(said), json!({ "destination": destination(to) })])
        }
        Outcome::Declined(said) => joined([name, decline(said)]),
        Outcome::NotExecuted(why) => joined([name, refused(why)]),
        Outcome::Unknown { reason, id } => joined([name, json!({ "reason": reason, "id": id })]),
    }
}

fn acknowledgement(said: &Acknowledgement) -> Value {
    json!({
        "id": said.id,
        "amount": said.amount.as_ref().map(amount),
        "partial": said.partial.then_some(true),
        "description": said.description,
        "metadata": said.metadata.as_deref().map(parsed),
        "carry": said.carry.as_ref().map(carry),
        "expires_at": said.expires_at.map(Timestamp::rfc3339),
        "follow_ups": follow_ups(&said.follow_ups),
    })
}

fn decline(said: &Decline) -> Value {
    json!({
        "id": said.id,
        "code": said.code,
        "description": said.description,
        "metadata": said.metadata.as_deref().map(parsed),
    })
}

fn refused(why: &Refused) -> Value {
    let (name, reason) = match why {
        Refused::Invalid(faults) => return json!({ "because": "invalid", "faults": self::faults(faults) }),
        Refused::NotFound(reason) => ("not_found", reason),
        Refused::Conflict(reason) => ("conflict", reason),
        Refused::Provider { reason, retry_after } => {
            let retry_after_ms = retry_after.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
            return json!({ "because": "refused", "reason": reason, "retry_after_ms": retry_after_ms });
        }
        Refused::Unsupported(reason) => ("unsupported", reason),
        Refused::Broke(reason) => ("broke", reason),
    };
    json!({ "because": name, "reason": reason })
}

fn faults(faults: &[Fault]) -> Vec<Value> {
    faults.iter().map(|fault| json!({ "pointer": fault.pointer, "reason": fault.reason })).collect()
}

/// What a plugin told of a payment, or of something that was done to it.
pub(super) fn news(news: &News) -> Value {
    let (state, more) = match &news.state {
        NewsState::Pending => ("pending", json!({})),
        NewsState::ActionRequired(to) => ("action_required", json!({ "destination": destination(to) })),
        NewsState::Authorized => ("authorized", json!({})),
        NewsState::Accepted => ("accepted", json!({})),
        NewsState::Failed(said) => ("failed", json!({ "decline": said.as_ref().map(|said| joined([decline(said)])) })),
        NewsState::Voided => ("voided", json!({})),
        NewsState::Unknown => ("unknown", json!({})),
        NewsState::NotExecuted => ("not_executed", json!({})),
        NewsState::NotCharged => ("not_charged", json!({})),
    };
    let action = match news.action {
        Action::Payment => "payment",
        Action::Refund => "refund",
        Action::Capture => "capture",
        Action::Void => "void",
    };
    let rest = json!({
        "amount": news.amount.as_ref().map(amount),
        "partial": news.partial.then_some(true),
        "captured": news.captured.as_ref().map(amount),
        "refunded": news.refunded.as_ref().map(amount),
        "payment_method": news.payment_method,
        "description": news.description,
        "metadata": news.metadata.as_deref().map(parsed),
        "carry": news.carry.as_ref().map(carry),
        "occurred_at": news.occurred_at.map(Timestamp::rfc3339),
        "expires_at": news.expires_at.map(Timestamp::rfc3339),
        "follow_ups": follow_ups(&news.follow_ups),
    });
    let head = json!({ "action": action, "state": state, "action_id": news.action_id });
    joined([head, target(&news.target), more, rest])
}

/// What a plugin read in a webhook.
pub(super) fn receipt(receipt: &Receipt) -> Value {
    let trust = match receipt.trust {
        Trust::Verified => "verified",
        Trust::Hint => "hint",
    };
    json!({ "trust": trust, "events": receipt.events.iter().map(dated).collect::<Vec<_>>() })
}

/// Why a plugin did not take a webhook.
pub(super) fn rejection(rejection: &Rejection) -> Value {
    match rejection {
        Rejection::Forged(reason) => json!({ "rejected": "forged", "reason": reason }),
        Rejection::Later(reason) => json!({ "rejected": "later", "reason": reason }),
    }
}

fn dated(dated: &DatedEvent) -> Value {
    joined([json!({ "id": dated.id, "occurred_at": dated.occurred_at.map(Timestamp::rfc3339) }), event(&dated.event)])
}

/// What happened, by a webhook or an emit.
pub(super) fn event(event: &Event) -> Value {
    match event {
        Event::Payment(told) => json!({ "payment": news(told) }),
        Event::Subscription(told) => json!({ "subscription": subscription_news(told) }),
        Event::Charge(charge) => {
            let head = json!({ "tokens": charge.tokens, "host_reference": charge.host_reference });
            json!({ "charge": joined([head, json!({ "payment": news(&charge.news) })]) })
        }
        Event::Dispute(dispute) => {
            let told = json!({
                "state": dispute.state.name(),
                "amount": dispute.amount.as_ref().map(amount),
                "reason": dispute.reason,
            });
            json!({ "dispute": joined([told, target(&dispute.target)]) })
        }
    }
}

/// What a plugin told of a subscription.
pub(super) fn subscription_news(told: &SubscriptionNews) -> Value {
    joined([json!({
        "state": told.state.name(),
        "tokens": told.tokens,
        "host_reference": told.host_reference,
        "metadata": told.metadata.as_deref().map(parsed),
        "carry": told.carry.as_ref().map(carry),
        "occurred_at": told.occurred_at.map(Timestamp::rfc3339),
    })])
}

/// A subscription that began.
pub(super) fn subscribed(said: &Subscribed) -> Value {
    joined([json!({
        "state": said.state.name(),
        "token": said.token,
        "destination": said.destination.as_ref().map(destination),
        "description": said.description,
        "metadata": said.metadata.as_deref().map(parsed),
        "carry": said.carry.as_ref().map(carry),
    })])
}

/// What the provider has named.
pub(super) fn name(name: &Name) -> Value {
    match name {
        Name::Payment(id) => json!({ "payment": id }),
        Name::Refund(id) => json!({ "refund": id }),
        Name::Subscription(token) => json!({ "subscription": token }),
    }
}

fn target(target: &Target) -> Value {
    json!({
        "payment_ids": target.payment_ids,
        "shop_transaction_id": target.shop_transaction_id,
        "host_reference": target.host_reference,
    })
}

fn destination(destination: &Destination) -> Value {
    joined([json!({ "web": destination.web, "app": destination.app })])
}

fn amount(amount: &Amount) -> Value {
    json!({ "minor": amount.minor, "currency": amount.currency })
}

fn carry(carry: &Carry) -> Value {
    json!({ "format": carry.format, "json": parsed(&carry.json) })
}

fn follow_ups(follow_ups: &[FollowUp]) -> Option<Vec<Value>> {
    let shown = |follow_up: &FollowUp| match follow_up {
        FollowUp::Capture => json!("capture"),
        FollowUp::Resume(data) => json!({ "resume": parsed(data) }),
    };
    (!follow_ups.is_empty()).then(|| follow_ups.iter().map(shown).collect())
}

/// JSON that came as text; as that text where it is none.
pub(super) fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| text.into())
}

/// One object of several, without what is not there.
fn joined<const N: usize>(objects: [Value; N]) -> Value {
    let mut all = Map::new();
    for object in objects {
        if let Value::Object(members) = object {
            all.extend(members.into_iter().filter(|(_, value)| !value.is_null()));
        }
    }
    Value::Object(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Source;

    #[test]
    fn an_outcome_shows_what_came_with_it_and_nothing_that_did_not() {
        let said = Acknowledgement {
            id: Some("p-1".into()),
            carry: Some(Carry { json: r#"{"a":1}"#.into(), format: 2 }),
            follow_ups: vec![FollowUp::Capture, FollowUp::Resume("[1]".into())],
            expires_at: Some(Timestamp(0)),
            ..Acknowledgement::default()
        };
        let expected = json!({
            "name": "succeeded",
            "id": "p-1",
            "carry": { "format": 2, "json": { "a": 1 } },
            "expires_at": "1970-01-01T00:00:00Z",
            "follow_ups": ["capture", { "resume": [1] }],
        });
        assert_eq!(outcome(&Outcome::Succeeded(said)), expected);
        let declined = Decline { code: "no".into(), ..Decline::default() };
        assert_eq!(outcome(&Outcome::Declined(declined)), json!({ "name": "declined", "code": "no" }));
        let broke = Outcome::NotExecuted(Refused::Broke("trap".into()));
        assert_eq!(outcome(&broke), json!({ "name": "not_executed", "because": "broke", "reason": "trap" }));
    }

    #[test]
    fn news_shows_its_state_and_its_names() {
        let target = Target { payment_ids: vec!["p".into()], ..Target::default() };
        let told = News::new(Source::Inquiry, target, Action::Refund, NewsState::Failed(None));
        assert_eq!(news(&told), json!({ "action": "refund", "state": "failed", "payment_ids": ["p"] }));
    }
}
