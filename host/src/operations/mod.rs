//! The one pipeline for every operation, and what the interface may ask of it. Knows no HTTP and no JSON bodies:
//! what is answered is made by the `respond` function that the interface hands in.

mod ended;
mod error;
mod settings;
mod stub;

pub use ended::{Answered, Caller, Ended, Lookup, Respond};
pub use error::Error;
pub use settings::Settings;
pub use stub::{External, Operations, Readiness, RefundAsked, Serving, WebhookRefused};
