//! Which refund a status tells of that names none. PGM's refunds have no id: a status is about the newest
//! one of the payment. So it is believed for a refund that waits, as long as no other has begun since or
//! runs beside it; for whatever else, it says nothing.
//!
//! The plugin's store holds, by payment id, the name of the refund that began last, from before it leaves
//! until it ends; a refund that ends and finds another name there has had company, and wipes it out.

use std::time::Duration;

use provost_sdk::prelude::*;

/// Longer than a pending refund is asked for.
const WAITS: Duration = Duration::from_secs(40 * 24 * 60 * 60);

/// A refund is about to leave: none before it is the newest any more.
pub(crate) fn begins(payment_id: &str) -> Result<()> {
    Ok(state::set(payment_id, operation::reference().as_bytes(), Some(WAITS))?)
}

/// The refund has its answer. Where the store cannot be reached, what stays in it is the name of one that
/// began last, or of one that is decided.
pub(crate) fn ends(payment_id: &str, waits: bool) {
    let alone = state::get(payment_id).is_ok_and(|newest| newest.as_deref() == Some(operation::reference().as_bytes()));
    if !(waits && alone)
        && let Err(error) = state::remove(payment_id)
    {
        log::warn("the newest refund is not forgotten", &[("reason", &format!("{error:?}"))]);
    }
}

/// Whether it is the newest of its payment, and waits.
pub(crate) fn is(payment_id: &str, refund: &KnownRefund) -> Result<bool> {
    Ok(state::get(payment_id)?.as_deref() == Some(refund.host_reference.as_bytes()))
}
