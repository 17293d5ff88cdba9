//! The operator's settings for this external.

use crate::host::settings;
use crate::{Error, Result};

/// A setting, where the operator gave one.
pub fn get(name: &str) -> Option<String> {
    settings::get(name)
}

/// A setting that the description declares as required: the host loads no plugin without it.
pub fn required(name: &str) -> Result<String> {
    get(name).ok_or_else(|| Error::refused(format!("the setting `{name}` is missing")))
}
