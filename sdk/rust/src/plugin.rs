//! The one macro: which interfaces of the contract a type offers.

/// Makes the crate a plugin: embeds exactly the named interfaces of a type in the component.
///
/// [`Plugin`](crate::Plugin) always belongs to it and is not named; `payments` is the least that a
/// plugin offers and comes first. The others, in any order: `inquiry`, `search`, `refunds`,
/// `captures`, `continuations`, `links`, `subscriptions`, `scheduled_billing`, `manual_billing`,
/// `webhooks`, `utilities`. What is not named is answered with 501 by the host.
///
/// ```
/// # use provost_sdk::prelude::*;
/// # struct Acme;
/// # impl Plugin for Acme { fn describe() -> Description { Description::new("acme", "1.0.0") } }
/// # impl Payments for Acme { fn pay(_: PayRequest) -> Result<PaymentOutcome> { Err(Error::unsupported("")) } }
/// # impl Inquiry for Acme { fn status(_: Payment) -> Result<PaymentStatus> { Err(Error::unsupported("")) } }
/// provost_sdk::plugin!(Acme: payments, inquiry);
/// ```
///
/// An interface that the type does not implement does not compile, natively as in the component:
///
/// ```compile_fail
/// # use provost_sdk::prelude::*;
/// # struct Acme;
/// # impl Plugin for Acme { fn describe() -> Description { Description::new("acme", "1.0.0") } }
/// # impl Payments for Acme { fn pay(_: PayRequest) -> Result<PaymentOutcome> { Err(Error::unsupported("")) } }
/// provost_sdk::plugin!(Acme: payments, inquiry);
/// ```
#[macro_export]
macro_rules! plugin {
    ($plugin:ident: payments $(, $interface:ident)* $(,)?) => {
        const _: () = {
            $crate::__interface!(description $plugin);
            $crate::__interface!(payments $plugin);
            $($crate::__interface!($interface $plugin);)*
        };
    };
    ($($anything:tt)*) => {
        compile_error!("write `plugin!(Type: payments, …)`: a type, and the interfaces that it implements, `payments` first");
    };
}

/// Exports one interface: the traits are checked everywhere, the exports exist only in a component.
#[doc(hidden)]
#[macro_export]
macro_rules! __interface {
    (description $plugin:ident) => { $crate::__export!(description Plugin $plugin); };
    (payments $plugin:ident) => { $crate::__export!(payments Payments $plugin); };
    (inquiry $plugin:ident) => { $crate::__export!(inquiry Inquiry $plugin); };
    (search $plugin:ident) => { $crate::__export!(search Search $plugin); };
    (refunds $plugin:ident) => { $crate::__export!(refunds Refunds $plugin); };
    (captures $plugin:ident) => { $crate::__export!(captures Captures $plugin); };
    (continuations $plugin:ident) => { $crate::__export!(continuations Continuations $plugin); };
    (links $plugin:ident) => { $crate::__export!(links Links $plugin); };
    (subscriptions $plugin:ident) => { $crate::__export!(subscriptions Subscriptions $plugin); };
    (scheduled_billing $plugin:ident) => { $crate::__export!(scheduled_billing ScheduledBilling $plugin); };
    (manual_billing $plugin:ident) => { $crate::__export!(manual_billing ManualBilling $plugin); };
    (webhooks $plugin:ident) => { $crate::__export!(webhooks Webhooks $plugin); };
    (utilities $plugin:ident) => { $crate::__export!(utilities Utilities $plugin); };
    ($other:ident $plugin:ident) => {
        compile_error!(concat!("`", stringify!($other), "` is no interface that a plugin can offer"));
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __export {
    ($interface:ident $trait:ident $plugin:ident) => {
        const _: () = {
            const fn implements<T: $crate::$trait>() {}
            implements::<$plugin>();
            #[cfg(target_arch = "wasm32")]
            type Exported = $crate::__private::Adapter<$plugin>;
            #[cfg(target_arch = "wasm32")]
    $crate::__private::$interface::export!(Exported with_types_in $crate::__private::$interface);
        };
    };
}
