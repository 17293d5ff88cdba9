//! The only SQL.

mod settings;

pub use settings::Settings;
