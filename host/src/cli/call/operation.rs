//! What a plugin can be asked for: one row for each operation, with the function that makes the plugin's request of a
//! body. Bodies are those of the REST interface; what the store would add stands beside its members.

use super::known;
use crate::api::offline::{Body, of_operation};
use crate::clock::Timestamp;
use crate::model::{Amount, Answer, Description, Interface, Kind, KnownPayment, PayRequest, RefundRequest, Request};
use crate::operations::{Error, unfit};
use bytes::Bytes;

/// One operation.
pub(super) struct Row {
    /// Its name on the command line.
    pub(super) name: &'static str,
    /// What the plugin must export for it.
    pub(super) needs: Interface,
    /// A body that can be right.
    pub(super) example: &'static str,
    read: fn(&Asking<'_>) -> Result<Asked, Answer>,
}

const PAYMENT: &str = r#"{"amount": 500, "currency": "EUR", "shopTransactionId": "order-1"}"#;

/// All of them.
pub(super) const OPERATIONS: &[Row] = &[
    Row { name: "pay", needs: Interface::Payments, example: PAYMENT, read: pay },
    Row { name: "link", needs: Interface::Links, example: PAYMENT, read: link },
    Row {
        name: "refund",
        needs: Interface::Refunds,
        example: r#"{"paymentId": "pay_1", "amount": 200, "currency": "EUR", "paymentAmount": 500}"#,
        read: refund,
    },
    Row {
        name: "status",
        needs: Interface::Inquiry,
        example: r#"{"paymentId": "pay_1", "amount": 500, "currency": "EUR", "carry": {}}"#,
        read: status,
    },
    Row {
        name: "receive",
        needs: Interface::Webhooks,
        example: r#"{"url": "https://pay.example.com/v3/acme/callback", "headers": {}, "body": "{}"}"#,
        read: super::webhook::receive,
    },
];

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
    /// A question about this payment.
    Status(KnownPayment),
    /// A webhook.
    Webhook,
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
    /// What is done to nothing that there was.
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

fn pay(asking: &Asking<'_>) -> Result<Asked, Answer> {
    let pay = payment(asking)?;
    let purpose = Purpose::Operation(Work::of(Kind::Pay, Some(pay.amount.clone())));
    Ok(Asked { request: Request::Pay(pay), purpose })
}

fn link(asking: &Asking<'_>) -> Result<Asked, Answer> {
    let pay = payment(asking)?;
    let purpose = Purpose::Operation(Work::of(Kind::Link, Some(pay.amount.clone())));
    Ok(Asked { request: Request::Link(pay), purpose })
}

/// A payment that the plugin's description does not rule out.
fn payment(asking: &Asking<'_>) -> Result<PayRequest, Answer> {
    let pay = Body::parse(asking.text.clone())?.pay()?;
    let faults = unfit(asking.description, &pay);
    if faults.is_empty() { Ok(pay) } else { Err(of_operation(Err(Error::Invalid(faults)))) }
}

fn refund(asking: &Asking<'_>) -> Result<Asked, Answer> {
    let asked = Body::parse(asking.text.clone())?.refund()?;
    let payment = known::refunded(asking, &asked)?;
    let work = Work::of(Kind::Refund, Some(asked.amount.clone()));
    let purpose = Purpose::Operation(Work { payment_id: Some(asked.payment_id), ..work });
    let request = RefundRequest { payment, amount: asked.amount, provider_data: asked.provider_data };
    Ok(Asked { request: Request::Refund(request), purpose })
}

fn status(asking: &Asking<'_>) -> Result<Asked, Answer> {
    let lookup = Body::parse(asking.text.clone())?.lookup()?;
    let payment = known::asked_about(asking, lookup)?;
    Ok(Asked { request: Request::Status(payment.clone()), purpose: Purpose::Status(payment) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(row: &Row, text: &str, description: &Description) -> Result<Asked, (u16, String)> {
        let text = Bytes::from(text.to_owned());
        let asking = Asking { text: &text, description, external: "acme", now: Timestamp(7) };
        row.read(&asking).map_err(|answer| (answer.status, String::from_utf8(answer.body).unwrap()))
    }

    #[test]
    fn every_example_is_right() {
        for row in OPERATIONS {
            read(row, row.example, &Description::default()).unwrap();
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
