//! A payment or a subscription as the host would know it. There is no store here, so that the body says it: beside the
//! members of the REST interface stand `carry`, `paymentMethod`, `shopTransactionId`, and what was paid.

use super::operation::Asking;
use crate::api::offline::of_operation;
use crate::model::{Amount, Answer, Carry, Fault, KnownPayment, KnownSubscription, MAX_MINOR, Target, is_currency};
use crate::operations::{Error, Lookup};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Beside {
    carry: Option<Box<RawValue>>,
    payment_method: Option<String>,
    shop_transaction_id: Option<String>,
    /// Of the payment, in minor units: for a status.
    amount: Option<u64>,
    /// Of the payment: for a status.
    currency: Option<String>,
    /// Of the payment, in minor units of the refund's currency: for a refund.
    payment_amount: Option<u64>,
}

/// The payment that a refund or a capture is done to, in whose currency it was paid.
pub(super) fn done_to(asking: &Asking<'_>, payment_id: &str, currency: &String) -> Result<KnownPayment, Answer> {
    let beside = read(asking)?;
    let amount = paid("/paymentAmount", beside.payment_amount, Some(currency))?;
    let target = Target {
        payment_ids: vec![payment_id.to_owned()],
        shop_transaction_id: beside.shop_transaction_id.clone(),
        host_reference: None,
    };
    Ok(known(asking, beside, target, amount))
}

/// The payment that a question is about.
pub(super) fn asked_about(asking: &Asking<'_>, lookup: Lookup) -> Result<KnownPayment, Answer> {
    let beside = read(asking)?;
    let amount = paid("/amount", beside.amount, beside.currency.as_ref())?;
    let target = match lookup {
        Lookup::Payment(id) => Target { payment_ids: vec![id], ..Target::default() },
        Lookup::ShopTransaction(id) => Target { shop_transaction_id: Some(id), ..Target::default() },
        Lookup::Refund(_) => return Err(wrong("/refundId", "cannot be asked about without a store: name the payment")),
    };
    Ok(known(asking, beside, target, amount))
}

/// The subscription of a token.
pub(super) fn subscription(asking: &Asking<'_>, token: &str) -> Result<KnownSubscription, Answer> {
    let carry = read(asking)?.carry.map(|json| carry(asking, &json));
    Ok(KnownSubscription { tokens: vec![token.to_owned()], host_reference: None, carry })
}

/// Pairs of an object whose values are strings, or lists of them for names that stand several times.
pub(super) fn pairs(member: &str, object: &Map<String, Value>) -> Result<Vec<(String, String)>, Answer> {
    let mut pairs = Vec::new();
    for (name, value) in object {
        let values = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        for value in values {
            let text = value.as_str();
            let text =
                text.ok_or_else(|| wrong(&format!("/{member}/{name}"), "must be a string, or a list of them"))?;
            pairs.push((name.clone(), text.to_owned()));
        }
    }
    Ok(pairs)
}

/// What a caller is answered of whom one member is wrong.
pub(super) fn wrong(pointer: &str, reason: impl Into<String>) -> Answer {
    of_operation(Err(Error::Invalid(vec![Fault::new(pointer, reason)])))
}

fn read(asking: &Asking<'_>) -> Result<Beside, Answer> {
    serde_json::from_slice(asking.text).map_err(|error| wrong("", error.to_string()))
}

fn known(asking: &Asking<'_>, beside: Beside, target: Target, amount: Option<Amount>) -> KnownPayment {
    let carry = beside.carry.map(|json| carry(asking, &json));
    KnownPayment { target, amount, payment_method: beside.payment_method, carry }
}

fn carry(asking: &Asking<'_>, json: &RawValue) -> Carry {
    Carry { json: json.get().to_owned(), format: asking.description.carry_format }
}

fn paid(pointer: &str, minor: Option<u64>, currency: Option<&String>) -> Result<Option<Amount>, Answer> {
    let Some(minor) = minor else { return Ok(None) };
    if !(1..=MAX_MINOR).contains(&minor) {
        return Err(wrong(pointer, format!("must be an integer from 1 to {MAX_MINOR}, in minor units")));
    }
    match currency.filter(|currency| is_currency(currency)) {
        Some(currency) => Ok(Some(Amount { minor, currency: currency.clone() })),
        None => Err(wrong("/currency", "must be an ISO 4217 code in upper case, beside an amount")),
    }
}
