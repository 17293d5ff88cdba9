//! Which plugin version serves which external: admission, swap, the folder that is watched.

mod settings;

pub use settings::Settings;
