//! What is pending or unknown is a promise: it is asked for until it is decided, or a person must look (rules 6 to 10).
//!
//! `schedule` in the model says when; `due` takes what is due, external by external; `round` asks about one payment,
//! `subscriptions` about one subscription; `plan` says what follows from a round.

mod due;
mod lanes;
mod plan;
mod round;
mod settings;
mod subscriptions;

pub(super) use lanes::Lanes;
pub use settings::Recovery;
