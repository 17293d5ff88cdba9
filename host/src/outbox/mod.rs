//! Callbacks to merchants: delivered at least once, in order per payment, signed, retried.

mod settings;

pub use settings::{Settings, Target};
