//! `callbacks` and `settings`.

use super::Call;
use super::call::beyond;
use crate::model::{Event, Failure};

impl Call {
    /// News for the merchant, kept until the call has succeeded. Too much of it ends the call.
    pub fn emit(&mut self, event: Event) -> Result<(), Failure> {
        if self.report.emitted.len() as u64 >= u64::from(self.limits().callbacks) {
            return Err(beyond("callbacks"));
        }
        self.report.emitted.push(event);
        Ok(())
    }

    /// The operator's setting of this name.
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.scope.provider.settings.get(name).map(String::as_str)
    }
}
