//! What a body may hold, in the words of JSON Schema.

use super::super::problem::Code;
use super::examples;
use crate::model::{MAX_MINOR, is_currency};
use serde_json::json;
use std::sync::LazyLock;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::schema::{KnownFormat, SchemaFormat, SchemaType, Type};
use utoipa::openapi::{Object, ObjectBuilder, OneOfBuilder, Ref, RefOr, Schema};

/// The names that a payment or a refund is looked up by, and what they are.
const NAMES: [(&str, &str); 3] = [
    ("paymentId", "Any id of the payment that the caller was told."),
    ("shopTransactionId", "The merchant's own id: the payment that lives, else the newest."),
    ("refundId", "Any id of a refund that the caller was told."),
];

/// The body of pay.
pub(super) fn pay_request() -> Object {
    pay().property("paymentMethod", or_null(payment_method())).examples([examples::pay()]).build()
}

/// The body of pay where the path names the payment method.
pub(super) fn pay_by_method_request() -> Object {
    pay().examples([examples::pay()]).build()
}

fn pay() -> ObjectBuilder {
    ObjectBuilder::new()
        .description(Some("A payment to be made. Fields that are not listed are ignored."))
        .property("amount", amount())
        .required("amount")
        .property("currency", Ref::from_schema_name("Currency"))
        .required("currency")
        .property("shopTransactionId", id("The merchant's own id. The same body again gets the same answer."))
        .required("shopTransactionId")
        .property("successRedirectUrl", or_null(url("Where the payer goes afterwards.")))
        .property("failureRedirectUrl", or_null(url("Where the payer goes if it fails.")))
        .property("providerData", or_null(any_object("Passed on to the plugin untouched.")))
}

/// The body of refund.
pub(super) fn refund_request() -> Object {
    ObjectBuilder::new()
        .description(Some("Some of a payment to be given back. Fields that are not listed are ignored."))
        .property("paymentId", id("Any id of the payment that the caller was told."))
        .required("paymentId")
        .property("amount", amount())
        .required("amount")
        .property("currency", Ref::from_schema_name("Currency"))
        .required("currency")
        .property("providerData", or_null(any_object("Passed on to the plugin untouched.")))
        .examples([examples::refund()])
        .build()
}

/// The body of status: exactly one of the three.
pub(super) fn status_request() -> Schema {
    let only = |(name, about)| {
        let others = NAMES.into_iter().filter(|(other, _)| *other != name);
        let named = ObjectBuilder::new().property(name, id(about)).required(name);
        others.fold(named, |object, (other, _)| object.property(other, ObjectBuilder::new().schema_type(Type::Null)))
    };
    one_of(NAMES.map(only)).description(Some("Exactly one of the three.")).examples([examples::lookup()]).into()
}

/// The query of status and check: exactly one of the three.
pub(super) fn lookup_in_query() -> Schema {
    let only = |(name, about)| {
        let others =
            NAMES.into_iter().filter(|(other, _)| *other != name).map(|(other, _)| json!({"required": [other]}));
        let not = json!({"anyOf": others.collect::<Vec<_>>()});
        // The builder has no word for `not`, and a query none for null.
        let not = Extensions::from_iter([("not", not)]);
        ObjectBuilder::new().property(name, id(about)).required(name).extensions(Some(not))
    };
    one_of(NAMES.map(only)).into()
}

fn one_of(variants: impl IntoIterator<Item = ObjectBuilder>) -> OneOfBuilder {
    variants.into_iter().fold(OneOfBuilder::new(), OneOfBuilder::item)
}

/// An external's name.
pub(super) fn external() -> Object {
    string("The name of a provider's configuration.").pattern(Some("^[a-z0-9][a-z0-9-]{0,62}$")).build()
}

/// A payment method.
pub(super) fn payment_method() -> ObjectBuilder {
    string("The payment method, in the path or in the body.").pattern(Some("^[A-Za-z0-9._-]{1,64}$"))
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

/// A currency that the host knows.
pub(super) fn currency() -> Object {
    static CODES: LazyLock<Vec<String>> = LazyLock::new(|| {
        let letters = || 'A'..='Z';
        let pairs = letters().flat_map(|one| letters().map(move |two| (one, two)));
        let codes = pairs.flat_map(|(one, two)| letters().map(move |three| String::from_iter([one, two, three])));
        codes.filter(|code| is_currency(code)).collect()
    });
    string("ISO 4217, in upper case.").enum_values(Some(CODES.iter().map(String::as_str))).build()
}

fn amount() -> Object {
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
        .description(Some(
            "Minor units of the currency: 500 EUR is 5.00 euro, 500 JPY is 500 yen. Written without fraction and \
             exponent: `5.0` and `5e2` are not taken.",
        ))
        .minimum(Some(1))
        .maximum(Some(MAX_MINOR))
        .build()
}

fn url(about: &str) -> ObjectBuilder {
    let about = format!("{about} An absolute URL, or a link into an app; nothing that runs in the page.");
    let uri = SchemaFormat::Custom("uri".to_owned());
    string(&about).format(Some(uri)).pattern(Some("^[A-Za-z][A-Za-z0-9+.-]*://")).max_length(Some(2048))
}

fn any_object(about: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Object).description(Some(about))
}

/// The same, or null, which is as if it were missing.
fn or_null(object: ObjectBuilder) -> Object {
    let mut object = object.build();
    if let SchemaType::Type(known) = object.schema_type {
        object.schema_type = SchemaType::Array(vec![known, Type::Null]);
    }
    object
}

fn words(about: &str, words: impl IntoIterator<Item = &'static str>) -> RefOr<Schema> {
    RefOr::T(Schema::Object(string(about).enum_values(Some(words)).build()))
}

/// `result` of pay.
pub(in crate::api) fn pay_result_schema() -> RefOr<Schema> {
    words("What became of the payment.", ["OK", "KO", "PENDING", "REDIRECT_TO_URL"])
}

/// `result` of refund.
pub(in crate::api) fn refund_result_schema() -> RefOr<Schema> {
    words("What became of the refund.", ["OK", "KO", "PENDING"])
}

/// `outcome` of a problem.
pub(in crate::api) fn outcome_schema() -> RefOr<Schema> {
    words(
        "`not_executed`: this request moved no money. `unknown`: it may have; ask for the status before anything else.",
        ["not_executed", "unknown"],
    )
}

/// `code` of a problem.
pub(in crate::api) fn problem_code_schema() -> RefOr<Schema> {
    words("What happened, for programs.", Code::ALL.into_iter().map(Code::name))
}
