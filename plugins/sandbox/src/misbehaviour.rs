//! Plugins are not always well, and neither are providers: what a host must survive.

use std::hint::black_box;

use provost_sdk::prelude::*;

/// The setting that turns it off.
pub(crate) const SETTING: &str = "misbehave";

/// The same, for the operator.
pub(crate) const ABOUT: &str = "`false`: amounts no longer choose trap, loop, memory, refuse, unknown or slow, and the \
    first four cannot be wished for by name either, so that no request ends as a fault of the provider; else `true`";

/// Whether this provider may misbehave.
pub(crate) fn is_allowed() -> bool {
    settings::get(SETTING).as_deref() != Some("false")
}

/// Nothing was done.
pub(crate) fn refused() -> Error {
    Error::refused("refused, as wished")
}

/// It was done, and nobody hears of it.
pub(crate) fn lost() -> Error {
    Error::unknown("the answer got lost, as wished")
}

/// Ends the call the hard way.
pub(crate) fn trap() -> ! {
    panic!("the sandbox was asked to trap");
}

/// Ends when the host ends it.
pub(crate) fn spin() -> ! {
    loop {
        black_box(());
    }
}

/// Ends when there is no more memory.
pub(crate) fn hoard() -> ! {
    let mut hoard = Vec::new();
    loop {
        hoard.push(black_box(vec![1_u8; 1 << 20]));
    }
}
