//! What a body may hold, in the words of JSON Schema.

use super::super::problem::Code;
use crate::model::{MAX_MINOR, is_currency};
use serde_json::{Value, json};
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::schema::{KnownFormat, SchemaFormat, SchemaType, Type};
use utoipa::openapi::{Object, ObjectBuilder, Ref, RefOr, Schema};

/// The body of pay.
pub(super) fn pay_request() -> Object {
    ObjectBuilder::new()
        .description(Some("A payment to be made. Fields that are not listed are ignored."))
        .property("amount", amount(1))
        .required("amount")
        .property("currency", currency())
        .required("currency")
        .property("shopTransactionId", id("The merchant's own id. The same body again gets the same answer."))
        .required("shopTransactionId")
        .property("successRedirectUrl", optional(url("Where the payer goes afterwards.")))
        .property("failureRedirectUrl", optional(url("Where the payer goes if it fails.")))
        .property("paymentMethod", optional(payment_method()))
        .property("providerData", optional(any_object("Passed on to the plugin untouched.")))
        .examples([pay_example()])
        .build()
}

/// A body that pay takes.
pub(super) fn pay_example() -> Value {
    json!({
        "amount": 500,
        "currency": "EUR",
        "shopTransactionId": "order-1001",
        "successRedirectUrl": "https://shop.example.com/ok",
        "failureRedirectUrl": "https://shop.example.com/ko",
        "providerData": {"cardToken": "tok_visa"},
    })
}

/// The body of refund.
pub(super) fn refund_request() -> Object {
    ObjectBuilder::new()
        .description(Some("Some of a payment to be given back. Fields that are not listed are ignored."))
        .property("paymentId", id("Any id of the payment that the caller was told."))
        .required("paymentId")
        .property("amount", amount(1))
        .required("amount")
        .property("currency", currency())
        .required("currency")
        .property("providerData", optional(any_object("Passed on to the plugin untouched.")))
        .examples([refund_example()])
        .build()
}

/// A body that refund takes.
pub(super) fn refund_example() -> Value {
    json!({"paymentId": "pay_9f2c", "amount": 200, "currency": "EUR"})
}

/// The body of capture.
pub(super) fn capture_request() -> Object {
    ObjectBuilder::new()
        .description(Some(
            "Some or all of what was reserved to be taken: all that is left, unless `amount` and `currency`, which \
             stand together, say how much. Fields that are not listed are ignored.",
        ))
        .property("paymentId", id("Any id of the payment that the caller was told."))
        .required("paymentId")
        .property("amount", amount(1))
        .property("currency", currency())
        .extensions(Some(amount_and_currency()))
        .property("final", optional(flag("Whether no further capture will follow: the rest may be released.", true)))
        .property("providerData", optional(any_object("Passed on to the plugin untouched.")))
        .examples([capture_example()])
        .build()
}

/// A body that capture takes.
pub(super) fn capture_example() -> Value {
    json!({"paymentId": "pay_9f2c", "amount": 300, "currency": "EUR", "final": false})
}

/// The body of void.
pub(super) fn void_request() -> Object {
    ObjectBuilder::new()
        .description(Some("A payment whose reservation is to be released. Fields that are not listed are ignored."))
        .property("paymentId", id("Any id of the payment that the caller was told."))
        .required("paymentId")
        .examples([void_example()])
        .build()
}

/// A body that void takes.
pub(super) fn void_example() -> Value {
    json!({"paymentId": "pay_9f2c"})
}

/// The body of status: exactly one of the three.
pub(super) fn status_request() -> Object {
    ObjectBuilder::new()
        .description(Some("Exactly one of the three. Fields that are not listed are ignored."))
        .property("paymentId", optional(id("Any id of the payment that the caller was told.")))
        .property("shopTransactionId", optional(id("The merchant's own id: the payment that lives, else the newest.")))
        .property("refundId", optional(id("Any id of a refund that the caller was told.")))
        .extensions(Some(exactly_one(&["paymentId", "shopTransactionId", "refundId"])))
        .examples([status_example()])
        .build()
}

/// A body that status takes.
pub(super) fn status_example() -> Value {
    json!({"paymentId": "pay_9f2c"})
}

/// An external's name.
pub(super) fn external() -> Object {
    string("The name of a provider's configuration.").pattern(Some("^[a-z0-9][a-z0-9-]{0,62}$")).build()
}

/// A payment method.
pub(super) fn payment_method() -> Object {
    string("The payment method, in the path or in the body.").pattern(Some("^[A-Za-z0-9._-]{1,64}$")).build()
}

/// Somebody's id.
pub(super) fn id(about: &str) -> Object {
    let no_control_character = r"^[^\u0000-\u001F\u007F-\u009F]+$";
    string(about).min_length(Some(1)).max_length(Some(255)).pattern(Some(no_control_character)).build()
}

/// A member that may be null, which is as if it were missing.
pub(super) fn optional(mut object: Object) -> Object {
    object.schema_type = match object.schema_type {
        SchemaType::Type(kind) => SchemaType::from_iter([kind, Type::Null]),
        other => other,
    };
    if let Some(words) = &mut object.enum_values {
        words.push(Value::Null);
    }
    object
}

/// Exactly one of these members is there: JSON Schema has a word for it that the builder has not.
fn exactly_one(names: &[&str]) -> Extensions {
    let one = |name: &&str| json!({"required": [name], "properties": {*name: {"type": "string"}}});
    [("oneOf", names.iter().map(one).collect::<Value>())].into_iter().collect()
}

/// `amount` and `currency` stand together or not at all: the same.
pub(super) fn amount_and_currency() -> Extensions {
    let both = json!({"amount": ["currency"], "currency": ["amount"]});
    [("dependentRequired", both)].into_iter().collect()
}

/// Text, with what it is.
pub(super) fn string(about: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).description(Some(about))
}

/// Minor units, at least so many.
pub(super) fn amount(least: u64) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
        .description(Some(
            "Minor units of the currency: 500 EUR is 5.00 euro, 500 JPY is 500 yen. No fraction, no exponent.",
        ))
        .minimum(Some(least))
        .maximum(Some(MAX_MINOR))
        .build()
}

/// A currency: one of [`currencies`].
pub(super) fn currency() -> Ref {
    Ref::from_schema_name("Currency")
}

/// Every currency that amounts are taken in.
pub(super) fn currencies() -> Object {
    let letters = || 'A'..='Z';
    let pairs = letters().flat_map(|first| letters().map(move |second| [first, second]));
    let codes = pairs.flat_map(|[first, second]| letters().map(move |third| String::from_iter([first, second, third])));
    let taken = codes.filter(|code| is_currency(code));
    string("ISO 4217, in upper case.").enum_values(Some(taken)).build()
}

fn flag(about: &str, otherwise: bool) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::Boolean)
        .description(Some(about))
        .default(Some(Value::Bool(otherwise)))
        .build()
}

/// Where a payer is sent.
pub(super) fn url(about: &str) -> Object {
    string(about).format(Some(SchemaFormat::Custom("uri".to_owned()))).max_length(Some(2048)).build()
}

/// An object of whatever members.
pub(super) fn any_object(about: &str) -> Object {
    ObjectBuilder::new().schema_type(Type::Object).description(Some(about)).build()
}

fn one_of(about: &str, words: impl IntoIterator<Item = &'static str>) -> RefOr<Schema> {
    RefOr::T(Schema::Object(string(about).enum_values(Some(words)).build()))
}

/// `result` of pay.
pub(in crate::api) fn pay_result_schema() -> RefOr<Schema> {
    one_of("What became of the payment.", ["OK", "KO", "PENDING", "REDIRECT_TO_URL"])
}

/// `result` of refund.
pub(in crate::api) fn refund_result_schema() -> RefOr<Schema> {
    one_of("What became of the refund.", ["OK", "KO", "PENDING"])
}

/// `result` of a change that moves no money.
pub(in crate::api) fn change_result_schema() -> RefOr<Schema> {
    one_of("What became of the change.", ["OK", "KO", "PENDING"])
}

/// `outcome` of a problem.
pub(in crate::api) fn outcome_schema() -> RefOr<Schema> {
    one_of(
        "`not_executed`: this request moved no money. `unknown`: it may have; ask for the status before anything else.",
        ["not_executed", "unknown"],
    )
}

/// `code` of a problem.
pub(in crate::api) fn problem_code_schema() -> RefOr<Schema> {
    one_of("What happened, for programs.", Code::ALL.into_iter().map(Code::name))
}
