//! How a payment or a refund is looked up: by exactly one of three names.

use super::super::examples;
use super::id;
use serde_json::json;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::schema::Type;
use utoipa::openapi::{ObjectBuilder, OneOfBuilder, Schema};

/// The names, and what they are.
const NAMES: [(&str, &str); 3] = [
    ("paymentId", "Any id of the payment that the caller was told."),
    ("shopTransactionId", "The merchant's own id: the payment that lives, else the newest."),
    ("refundId", "Any id of a refund that the caller was told."),
];

/// The body of status.
pub(in super::super) fn status_request() -> Schema {
    let only = |(name, about)| {
        let others = NAMES.into_iter().filter(|(other, _)| *other != name);
        let named = ObjectBuilder::new().property(name, id(about)).required(name);
        others.fold(named, |object, (other, _)| object.property(other, ObjectBuilder::new().schema_type(Type::Null)))
    };
    one_of(NAMES.map(only)).description(Some("Exactly one of the three.")).examples([examples::lookup()]).into()
}

/// The query of status and check.
pub(in super::super) fn lookup_in_query() -> Schema {
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
