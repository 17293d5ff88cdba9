//! The REST interface: routes, JSON, status codes. The only user of axum.

mod settings;

pub use settings::Settings;
