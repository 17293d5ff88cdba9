//! The contract's versions: WIT on one side, the domain on the other, converted by hand. Each version is a module that
//! can be deleted; an old one may lean on the newest.

pub(super) mod v0;
