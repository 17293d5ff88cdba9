//! Every byte that leaves for a provider or a merchant. The only HTTP client.

mod grant;

pub use grant::{Grant, Origin};
