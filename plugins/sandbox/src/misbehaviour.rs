//! Plugins are not always well: what a host must survive.

use std::hint::black_box;

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
