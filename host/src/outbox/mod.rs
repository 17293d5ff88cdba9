//! Callbacks to merchants: delivered at least once, in order per payment, signed, retried (rules 29 to 32). The store
//! enqueues them, in the transaction of the change that they tell of; here they are leased, sent outside any
//! transaction, and settled. Start at [`Outbox::run`].

mod deliver;
mod schedule;
mod settings;
mod sign;
#[cfg(test)]
mod tests;

pub use deliver::Outbox;
pub use settings::{Settings, Target};
