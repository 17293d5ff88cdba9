//! What a body may hold, in the words of JSON Schema: the parts that bodies, queries, paths and headers are made of.

mod lookup;
mod payments;
mod subscriptions;
mod words;

pub(super) use lookup::{lookup_in_query, status_request};
pub(super) use payments::{capture_request, pay_by_method_request, pay_request, refund_request, void_request};
pub(super) use subscriptions::{
    charge_by_method_request, charge_request, subscribe_by_method_request, subscribe_request, update_request,
};
pub(in crate::api) use words::{
    change_result_schema, outcome_schema, pay_result_schema, problem_code_schema, refund_result_schema,
};

use crate::model::{MAX_MINOR, is_currency};
use serde_json::{Value, json};
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::schema::{KnownFormat, SchemaFormat, SchemaType, Type};
use utoipa::openapi::{Object, ObjectBuilder, Ref};

/// An external's name.
pub(super) fn external() -> Object {
    string("The name of a provider's configuration.").pattern(Some("^[a-z0-9][a-z0-9-]{0,62}$")).build()
}

/// A payment method.
pub(super) fn payment_method() -> Object {
    string("The payment method, in the path or in the body.").pattern(Some("^[A-Za-z0-9._-]{1,64}$")).build()
}

/// A subscription's token.
pub(super) fn token() -> Object {
    id("Any token of the subscription that the caller was told, or that the provider gave it.")
}

/// A utility's name: no segment of it leads elsewhere.
pub(super) fn utility() -> Object {
    let mut name = id("The utility, as its plugin names it; may have several segments.");
    name.extensions = Some(Extensions::from_iter([("not", json!({"pattern": r"(^|/)\.\.?(/|$)"}))]));
    name
}

/// An `Idempotency-Key`.
pub(super) fn idempotency_key() -> Object {
    let about = "1 to 255 visible ASCII characters, bare or in double quotes. Kept for seven days by default.";
    let bare = "[!#-~][!-~]{0,254}";
    let quoted = r#""([!#-\[\]-~]|\\["\\]){1,255}""#;
    string(about).pattern(Some(format!("^({bare}|{quoted})$"))).build()
}

/// Somebody's id: no control characters.
pub(super) fn id(about: &str) -> Object {
    string(about).min_length(Some(1)).max_length(Some(255)).pattern(Some(r"^[^\x00-\x1f\x7f-\x9f]*$")).build()
}

/// Text, with what it is.
pub(super) fn string(about: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).description(Some(about))
}

/// Every currency that amounts are taken in.
pub(super) fn currencies() -> Object {
    let letters = || 'A'..='Z';
    let pairs = letters().flat_map(|first| letters().map(move |second| [first, second]));
    let codes = pairs.flat_map(|[first, second]| letters().map(move |third| String::from_iter([first, second, third])));
    let taken = codes.filter(|code| is_currency(code));
    string("ISO 4217, in upper case.").enum_values(Some(taken)).build()
}

/// The schema that everything satisfies.
pub(super) fn any_json() -> Object {
    ObjectBuilder::new().schema_type(SchemaType::AnyValue).description(Some("Any JSON.")).build()
}

/// A currency: one of [`currencies`].
fn currency() -> Ref {
    Ref::from_schema_name("Currency")
}

/// Minor units, at least so many.
fn amount(least: u64) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
        .description(Some(
            "Minor units of the currency: 500 EUR is 5.00 euro, 500 JPY is 500 yen. Written without fraction and \
             exponent: `5.0` and `5e2` are not taken.",
        ))
        .minimum(Some(least))
        .maximum(Some(MAX_MINOR))
        .build()
}

/// `amount` and `currency` stand together or not at all: JSON Schema has a word for it that the builder has not.
fn amount_and_currency() -> Extensions {
    let both = json!({"amount": ["currency"], "currency": ["amount"]});
    Extensions::from_iter([("dependentRequired", both)])
}

/// Where a payer is sent.
fn url(about: &str) -> Object {
    let about = format!("{about} An absolute URL, or a link into an app; nothing that runs in the page.");
    let uri = SchemaFormat::Custom("uri".to_owned());
    string(&about).format(Some(uri)).pattern(Some("^[A-Za-z][A-Za-z0-9+.-]*://")).max_length(Some(2048)).build()
}

/// What is passed on to the plugin.
fn provider_data() -> Object {
    let about = "Passed on to the plugin untouched.";
    optional(ObjectBuilder::new().schema_type(Type::Object).description(Some(about)).build())
}

/// A member that may be null, which is as if it were missing.
fn optional(mut object: Object) -> Object {
    if let SchemaType::Type(kind) = object.schema_type {
        object.schema_type = SchemaType::from_iter([kind, Type::Null]);
    }
    if let Some(words) = &mut object.enum_values {
        words.push(Value::Null);
    }
    object
}
