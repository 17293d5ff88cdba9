//! What `wit-bindgen` makes of the contract: the imports, and for each interface that a plugin may
//! export its types, a trait and a macro. One world for each interface, so that a component carries
//! exactly what its `plugin!` names. Everything that an author needs of it is re-exported elsewhere.
#![allow(missing_docs, unreachable_pub, reason = "generated; documented where it is re-exported")]
#![allow(unsafe_code, reason = "generated: values cross the component's boundary by address")]

wit_bindgen::generate!({
    path: ["../../wit", "wit"],
    world: "provost:sdk/capabilities",
    generate_all,
    generate_unused_types: true,
    additional_derives: [PartialEq, Eq],
});

/// One module for each world: `interface!(payments = "provost:sdk/payments")`.
macro_rules! interface {
    ($($name:ident = $world:literal,)*) => {$(
        pub mod $name {
            wit_bindgen::generate!({
                path: ["../../wit", "wit"],
                world: $world,
                with: { "provost:provider/types@0.1.0": crate::bindings::provost::provider::types },
                additional_derives: [PartialEq, Eq],
                pub_export_macro: true,
            });
            pub use exports::provost::provider::$name::*;
        }
    )*};
}

interface! {
    description = "provost:sdk/description",
    payments = "provost:sdk/payments",
    inquiry = "provost:sdk/inquiry",
    search = "provost:sdk/search",
    refunds = "provost:sdk/refunds",
    captures = "provost:sdk/captures",
    continuations = "provost:sdk/continuations",
    links = "provost:sdk/links",
    subscriptions = "provost:sdk/subscriptions",
    scheduled_billing = "provost:sdk/scheduled-billing",
    manual_billing = "provost:sdk/manual-billing",
    webhooks = "provost:sdk/webhooks",
    utilities = "provost:sdk/utilities",
}
