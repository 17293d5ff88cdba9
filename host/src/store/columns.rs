//! How the model's values stand in columns: moments and amounts as integers, states by name, lists as JSON.

use super::audit::Action as AuditAction;
use super::callbacks::CallbackState;
use super::database::{Error, FromValue, Result, Row, ToValue, Value};
use crate::clock::Timestamp;
use crate::model::{
    ActionState, Amount, Carry, Interval, Kind, OperationKey, Origin, PaymentKey, PaymentState, Phase, Reference, Seed,
    Settled, SubscriptionKey, SubscriptionState, Version, Write,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Reads a row's columns in the order in which the statement names them.
pub(super) struct Columns<'a> {
    row: &'a Row<'a>,
    next: usize,
}

impl<'a> Columns<'a> {
    pub(super) fn of(row: &'a Row<'a>) -> Self {
        Self { row, next: 0 }
    }

    pub(super) fn next<T: FromValue>(&mut self) -> Result<T> {
        self.next += 1;
        self.row.get(self.next - 1)
    }

    /// Minor units.
    pub(super) fn next_minor(&mut self) -> Result<Option<u64>> {
        Ok(self.next::<Option<Unsigned>>()?.map(|minor| minor.0))
    }

    /// Minor units, then their currency.
    pub(super) fn next_amount(&mut self) -> Result<Option<Amount>> {
        let (minor, currency) = (self.next_minor()?, self.next::<Option<String>>()?);
        Ok(minor.zip(currency).map(|(minor, currency)| Amount { minor, currency }))
    }

    /// What a plugin gave to keep, then the shape that it is in.
    pub(super) fn next_carry(&mut self) -> Result<Option<Carry>> {
        let (json, format) = (self.next::<Option<String>>()?, self.next::<Option<u32>>()?);
        Ok(json.zip(format).map(|(json, format)| Carry { json, format }))
    }

    /// A list as JSON; NULL is an empty one.
    pub(super) fn next_list<T: DeserializeOwned>(&mut self) -> Result<Vec<T>> {
        Ok(self.next::<Option<Json<Vec<T>>>>()?.map(|list| list.0).unwrap_or_default())
    }
}

/// A number that is never negative. The database's integers end at 2^63−1, and so do these.
#[derive(Clone, Copy)]
pub(super) struct Unsigned(pub(super) u64);

impl ToValue for Unsigned {
    fn to_value(&self) -> Result<Value<'_>> {
        Ok(Value::Integer(i64::try_from(self.0).unwrap_or(i64::MAX)))
    }
}

impl FromValue for Unsigned {
    fn from_value(value: Value<'_>) -> Result<Self> {
        let number = i64::from_value(value)?;
        u64::try_from(number).map(Self).map_err(|_| Error::Value(format!("{number} is negative")))
    }
}

/// Whatever serde knows, as JSON text.
pub(super) struct Json<T>(pub(super) T);

impl<T: Serialize> ToValue for Json<T> {
    fn to_value(&self) -> Result<Value<'_>> {
        let text = serde_json::to_string(&self.0);
        text.map(|text| Value::Text(text.into())).map_err(|error| Error::Value(error.to_string()))
    }
}

impl<T: DeserializeOwned> FromValue for Json<T> {
    fn from_value(value: Value<'_>) -> Result<Self> {
        serde_json::from_str(&value.text()?).map(Self).map_err(|error| Error::Value(error.to_string()))
    }
}

/// [`Write`] as it is kept.
#[derive(Clone, Deserialize, Serialize)]
pub(super) struct KeptWrite {
    method: String,
    url: String,
    digest: String,
}

impl From<KeptWrite> for Write {
    fn from(kept: KeptWrite) -> Self {
        Self { method: kept.method, url: kept.url, digest: kept.digest }
    }
}

impl From<&Write> for KeptWrite {
    fn from(write: &Write) -> Self {
        Self { method: write.method.clone(), url: write.url.clone(), digest: write.digest.clone() }
    }
}

/// Values that have a name.
macro_rules! by_name {
    ($($type:ty),*) => {$(
        impl ToValue for $type {
            fn to_value(&self) -> Result<Value<'_>> {
                Ok(Value::Text(self.name().into()))
            }
        }

        impl FromValue for $type {
            fn from_value(value: Value<'_>) -> Result<Self> {
                let name = value.text()?;
                Self::from_name(&name)
                    .ok_or_else(|| Error::Value(format!("{name:?} is not a {}", stringify!($type))))
            }
        }
    )*};
}

/// Values that wrap one that stands in columns as it is.
macro_rules! by_content {
    ($($type:ident($inner:ty)),*) => {$(
        impl ToValue for $type {
            fn to_value(&self) -> Result<Value<'_>> {
                self.0.to_value()
            }
        }

        impl FromValue for $type {
            fn from_value(value: Value<'_>) -> Result<Self> {
                <$inner>::from_value(value).map(Self)
            }
        }
    )*};
}

by_name!(
    ActionState,
    AuditAction,
    CallbackState,
    Interval,
    Kind,
    Origin,
    PaymentState,
    Phase,
    Settled,
    SubscriptionState
);
by_content!(
    OperationKey(i64),
    PaymentKey(i64),
    Reference(String),
    Seed([u8; 16]),
    SubscriptionKey(i64),
    Version(String)
);

impl ToValue for Timestamp {
    fn to_value(&self) -> Result<Value<'_>> {
        Ok(Value::Integer(i64::try_from(self.0).unwrap_or(i64::MAX)))
    }
}

impl FromValue for Timestamp {
    fn from_value(value: Value<'_>) -> Result<Self> {
        Unsigned::from_value(value).map(|millis| Self(millis.0))
    }
}
