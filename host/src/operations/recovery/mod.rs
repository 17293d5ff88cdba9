//! What is pending or unknown is a promise: it is asked for until it is decided, or a person must look (rules 6 to 10).
//!
//! `schedule` in the model says when; `due` takes what is due, external by external; `round` asks about one payment,
//! `subscriptions` about one subscription; `repeat` makes a call again of which nobody knows anything; `plan` says what
//! follows from a round; `under_way` what is left of them when the host leaves.

mod due;
mod lanes;
mod plan;
mod repeat;
mod round;
mod settings;
mod subscriptions;
mod under_way;

pub(super) use lanes::Lanes;
pub(super) use repeat::LONGEST as LONGEST_REPEAT;
pub use settings::Recovery;
pub(super) use under_way::UnderWay;
