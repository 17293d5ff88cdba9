//! Which plugin version serves which external: admission, swap, the folder that is watched. A request takes a
//! [`Serving`] once and keeps it to its end. Start at [`Registry`].

mod admission;
mod folder;
mod load;
mod meters;
mod settings;
mod table;
mod watch;

pub use admission::lacks;
pub use meters::Meters;
pub use settings::{PATIENCE, Settings};
pub use table::{Absence, External, Registry, Serving};
