//! JSON that the host hands over: what the caller sent, and what the plugin gave to keep.

use serde::de::DeserializeOwned;

use super::{
    CaptureRequest, Changes, Error, KnownRefund, PayRequest, Payment, Query, RefundRequest, Result, Subscription,
    UtilityRequest,
};

/// Why JSON could not be read, without the values in it: they may be card data.
pub(crate) fn why(error: &serde_json::Error) -> String {
    let text = error.to_string();
    if text.starts_with("missing field") {
        return text;
    }
    let kind = match error.classify() {
        serde_json::error::Category::Data => "a value of another kind",
        serde_json::error::Category::Eof => "it ends too early",
        serde_json::error::Category::Syntax => "not JSON",
        serde_json::error::Category::Io => "not readable",
    };
    format!("{kind}, line {} column {}", error.line(), error.column())
}

/// `providerData`, absent ones read as an empty object.
fn provider_data<T: DeserializeOwned>(data: Option<&str>) -> Result<T> {
    serde_json::from_str(data.unwrap_or("{}")).map_err(|error| Error::invalid("/providerData", why(&error)))
}

/// What this plugin, or an older version of it, wrote.
fn carry<T: DeserializeOwned>(carry: Option<&str>) -> Result<Option<T>> {
    carry
        .map(serde_json::from_str)
        .transpose()
        .map_err(|error| Error::refused(format!("carry is not readable: {}", why(&error))))
}

macro_rules! reads_provider_data {
    ($($request:ty),*) => {$(
        impl $request {
            /// The caller's `providerData` as a type of the plugin's own; where the caller sent
            /// none, an empty object is read. What does not fit is the caller's fault: *invalid*.
            pub fn data<T: DeserializeOwned>(&self) -> Result<T> {
                provider_data(self.provider_data.as_deref())
            }
        }
    )*};
}

macro_rules! reads_carry {
    ($($known:ty),*) => {$(
        impl $known {
            /// What the plugin gave the host to keep, as a type of its own.
            pub fn carried<T: DeserializeOwned>(&self) -> Result<Option<T>> {
                carry(self.carry.as_deref())
            }
        }
    )*};
}

reads_provider_data!(PayRequest, RefundRequest, CaptureRequest, Changes, Query);
reads_carry!(Payment, Subscription, KnownRefund);

impl UtilityRequest {
    /// The body as a type of the plugin's own; where there was none, an empty object is read.
    pub fn data<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_str(self.body.as_deref().unwrap_or("{}")).map_err(|error| Error::invalid("", why(&error)))
    }
}
