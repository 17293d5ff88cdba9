//! What a plugin can be asked for: one row for each operation, with the function that makes the plugin's request of a
//! body. Bodies are those of the REST interface; what the store would add stands beside its members.

use super::{payment, subscription, utility, webhook};
use crate::capabilities::Mode;
use crate::clock::Timestamp;
use crate::model::{
    Amount, Answer, Description, Interface, Kind, KnownPayment, KnownSubscription, Reference, Request, Seed,
};
use bytes::Bytes;

/// One operation.
pub(super) struct Row {
    /// Its name on the command line.
    pub(super) name: &'static str,
    /// What the plugin must export for it.
    pub(super) needs: Interface,
    /// A body that can be right.
    pub(super) example: &'static str,
    read: Read,
}

/// Makes a call of a body, or says what its caller would be answered.
type Read = fn(&Asking<'_>) -> Result<Asked, Answer>;

const PAYMENT: &str = r#"{"amount": 500, "currency": "EUR", "shopTransactionId": "order-1"}"#;
const SUBSCRIPTION: &str = r#"{"amount": 500, "currency": "EUR", "shopTransactionId": "order-1",
       "subscriptionInfo": {"interval": "MONTH", "intervalCount": 1}}"#;
const PAID: &str = r#"{"paymentId": "pay_1", "amount": 500, "currency": "EUR", "carry": {}}"#;
const SUBSCRIBED: &str = r#"{"subscriptionToken": "sub_1", "carry": {}}"#;

/// All of them.
pub(super) const OPERATIONS: &[Row] = &[
    row("pay", Interface::Payments, payment::pay, PAYMENT),
    row("link", Interface::Links, payment::link, PAYMENT),
    row(
        "refund",
        Interface::Refunds,
        payment::refund,
        r#"{"paymentId": "pay_1", "amount": 200, "currency": "EUR", "paymentAmount": 500}"#,
    ),
    row(
        "capture",
        Interface::Captures,
        payment::capture,
        r#"{"paymentId": "pay_1", "amount": 200, "currency": "EUR", "final": false, "paymentAmount": 500}"#,
    ),
    row("void", Interface::Captures, payment::void, PAID),
    row("resume", Interface::Continuations, payment::resume, r#"{"paymentId": "pay_1", "carry": {}, "data": {}}"#),
    row("status", Interface::Inquiry, payment::status, PAID),
    row("schedule", Interface::ScheduledBilling, subscription::schedule, SUBSCRIPTION),
    row("start", Interface::ManualBilling, subscription::start, SUBSCRIPTION),
    row(
        "charge",
        Interface::ManualBilling,
        subscription::charge,
        r#"{"amount": 500, "currency": "EUR", "shopTransactionId": "order-2",
       "subscriptionInfo": {"token": "sub_1"}}"#,
    ),
    row(
        "update",
        Interface::Subscriptions,
        subscription::update,
        r#"{"subscriptionToken": "sub_1", "amount": 700, "currency": "EUR"}"#,
    ),
    row("expire", Interface::Subscriptions, subscription::expire, SUBSCRIBED),
    row("subscription-status", Interface::Subscriptions, subscription::status, SUBSCRIBED),
    row(
        "utility",
        Interface::Utilities,
        utility::call,
        r#"{"method": "GET", "name": "methods", "query": {"country": "IT"}}"#,
    ),
    row(
        "receive",
        Interface::Webhooks,
        webhook::receive,
        r#"{"url": "https://pay.example.com/v3/acme/callback", "headers": {}, "body": "{}"}"#,
    ),
];

const fn row(name: &'static str, needs: Interface, read: Read, example: &'static str) -> Row {
    Row { name, needs, example, read }
}

/// What a body is read with.
pub(super) struct Asking<'a> {
    /// The body.
    pub(super) text: &'a Bytes,
    /// What the plugin says of itself.
    pub(super) description: &'a Description,
    /// The name of the provider's configuration.
    pub(super) external: &'a str,
    /// The present moment.
    pub(super) now: Timestamp,
}

/// A call that can be made.
#[derive(Debug)]
pub(super) struct Asked {
    /// What the plugin is asked.
    pub(super) request: Request,
    /// What for.
    pub(super) purpose: Purpose,
}

/// What a call is for: how it may act, and how its end is judged.
#[derive(Debug)]
pub(super) enum Purpose {
    /// An operation: money may move.
    Operation(Work),
    /// A question that is judged like an operation.
    Question(Work),
    /// A question about this payment.
    Status(KnownPayment),
    /// A question about this subscription.
    SubscriptionStatus(KnownSubscription),
    /// A webhook.
    Webhook,
}

impl Purpose {
    /// What stands behind the call.
    pub(super) fn mode(&self, reference: &Reference) -> Mode {
        let reference = reference.clone();
        match self {
            Self::Operation(_) => {
                Mode::Operation { reference, seed: Seed::random(), attempt: 1, webhook_url: None, again: None }
            }
            _ => Mode::Reading { reference: None },
        }
    }
}

/// What an operation is about.
#[derive(Debug)]
pub(super) struct Work {
    /// What it does.
    pub(super) kind: Kind,
    /// How much it is about.
    pub(super) amount: Option<Amount>,
    /// The payment that it is done to; none where it makes one.
    pub(super) payment_id: Option<String>,
    /// The subscription that it is done to; none where it makes one.
    pub(super) subscription_token: Option<String>,
}

impl Work {
    /// What is done to nothing that there was before.
    pub(super) fn of(kind: Kind, amount: Option<Amount>) -> Self {
        Self { kind, amount, payment_id: None, subscription_token: None }
    }
}

impl Row {
    /// The row of this name.
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        OPERATIONS.iter().find(|row| row.name == name)
    }

    /// The call that a body asks for, or what its caller would be answered.
    pub(super) fn read(&self, asking: &Asking<'_>) -> Result<Asked, Answer> {
        (self.read)(asking)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Interval;
    use bytes::Bytes;

    fn read(row: &Row, text: &str, description: &Description) -> Result<Asked, (u16, String)> {
        let text = Bytes::from(text.to_owned());
        let asking = Asking { text: &text, description, external: "acme", now: Timestamp(7) };
        row.read(&asking).map_err(|answer| (answer.status, String::from_utf8(answer.body).unwrap()))
    }

    #[test]
    fn every_example_is_right() {
        for row in OPERATIONS {
            let description = Description { intervals: vec![Interval::Month], ..Description::default() };
            read(row, row.example, &description).unwrap_or_else(|(_, wrong)| panic!("{}: {wrong}", row.name));
            assert!(Row::named(row.name).is_some_and(|found| found.name == row.name));
        }
    }

    #[test]
    fn a_body_that_is_not_right_is_answered_as_its_caller_would_be() {
        let narrow = Description { currencies: vec!["USD".into()], ..Description::default() };
        let pay = Row::named("pay").unwrap();
        for (text, status, word) in
            [("{", 400, "not_json"), ("{}", 422, "/shopTransactionId"), (pay.example, 422, "takes USD")]
        {
            let (answered, body) = read(pay, text, &narrow).unwrap_err();
            assert!(answered == status && body.contains(word), "{body}");
        }
    }

    #[test]
    fn what_the_store_would_know_of_a_payment_stands_beside_the_members() {
        let Request::Refund(refund) =
            read(Row::named("refund").unwrap(), Row::named("refund").unwrap().example, &Description::default())
                .unwrap()
                .request
        else {
            panic!("no refund")
        };
        assert_eq!(refund.payment.amount, Some(Amount { minor: 500, currency: "EUR".into() }));
        assert_eq!(refund.payment.target.payment_ids, ["pay_1"]);
        let text = r#"{"paymentId": "p", "carry": {"n": 1.50}, "paymentMethod": "card"}"#;
        let description = Description { carry_format: 3, ..Description::default() };
        let Request::Status(known) = read(Row::named("status").unwrap(), text, &description).unwrap().request else {
            panic!("no status")
        };
        let carry = known.carry.unwrap();
        assert_eq!((carry.json.as_str(), carry.format), (r#"{"n": 1.50}"#, 3));
        assert_eq!((known.payment_method.as_deref(), known.amount), (Some("card"), None));
    }

    #[test]
    fn what_is_wrong_beside_the_members_is_named_too() {
        let status = Row::named("status").unwrap();
        for (text, word) in [
            (r#"{"paymentId": "p", "amount": 5}"#, "/currency"),
            (r#"{"paymentId": "p", "amount": 0, "currency": "EUR"}"#, "/amount"),
            (r#"{"paymentId": "p", "paymentMethod": 1}"#, "string"),
            (r#"{"refundId": "r"}"#, "/refundId"),
        ] {
            let (answered, body) = read(status, text, &Description::default()).unwrap_err();
            assert!(answered == 422 && body.contains(word), "{body}");
        }
    }
}
