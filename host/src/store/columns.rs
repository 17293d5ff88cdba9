//! How the model's values stand in columns: moments and amounts as integers, states by name, lists as JSON.

use super::audit::Action as AuditAction;
use super::callbacks::CallbackState;
use crate::clock::Timestamp;
use crate::model::{
    ActionState, Amount, Carry, Interval, Kind, OperationKey, Origin, PaymentKey, PaymentState, Phase, Reference, Seed,
    Settled, SubscriptionKey, SubscriptionState, Version, Write,
};
use rusqlite::Row;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
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

    pub(super) fn next<T: FromSql>(&mut self) -> rusqlite::Result<T> {
        self.next += 1;
        self.row.get(self.next - 1)
    }

    /// Minor units.
    pub(super) fn next_minor(&mut self) -> rusqlite::Result<Option<u64>> {
        Ok(self.next::<Option<Unsigned>>()?.map(|minor| minor.0))
    }

    /// Minor units, then their currency.
    pub(super) fn next_amount(&mut self) -> rusqlite::Result<Option<Amount>> {
        let (minor, currency) = (self.next_minor()?, self.next::<Option<String>>()?);
        Ok(minor.zip(currency).map(|(minor, currency)| Amount { minor, currency }))
    }

    /// What a plugin gave to keep, then the shape that it is in.
    pub(super) fn next_carry(&mut self) -> rusqlite::Result<Option<Carry>> {
        let (json, format) = (self.next::<Option<String>>()?, self.next::<Option<u32>>()?);
        Ok(json.zip(format).map(|(json, format)| Carry { json, format }))
    }

    /// A list as JSON; NULL is an empty one.
    pub(super) fn next_list<T: DeserializeOwned>(&mut self) -> rusqlite::Result<Vec<T>> {
        Ok(self.next::<Option<Json<Vec<T>>>>()?.map(|list| list.0).unwrap_or_default())
    }
}

/// A number that is never negative. SQLite's integers end at 2^63−1, and so do these.
#[derive(Clone, Copy)]
pub(super) struct Unsigned(pub(super) u64);

impl ToSql for Unsigned {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(i64::try_from(self.0).unwrap_or(i64::MAX).into())
    }
}

impl FromSql for Unsigned {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let number = value.as_i64()?;
        u64::try_from(number).map(Self).map_err(|_| FromSqlError::OutOfRange(number))
    }
}

/// Whatever serde knows, as JSON text.
pub(super) struct Json<T>(pub(super) T);

impl<T: Serialize> ToSql for Json<T> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let text = serde_json::to_string(&self.0);
        text.map(ToSqlOutput::from).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
    }
}

impl<T: DeserializeOwned> FromSql for Json<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        serde_json::from_str(value.as_str()?).map(Self).map_err(|error| FromSqlError::Other(error.into()))
    }
}

/// [`Write`] as it is kept.
#[derive(Deserialize, Serialize)]
pub(super) struct KeptWrite {
    method: String,
    url: String,
    digest: String,
}

impl From<&Write> for KeptWrite {
    fn from(write: &Write) -> Self {
        Self { method: write.method.clone(), url: write.url.clone(), digest: write.digest.clone() }
    }
}

/// Values that have a name.
macro_rules! by_name {
    ($($type:ty),*) => {$(
        impl ToSql for $type {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(self.name().into())
            }
        }

        impl FromSql for $type {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                let name = value.as_str()?;
                Self::from_name(name).ok_or_else(|| {
                    FromSqlError::Other(format!("{name:?} is not a {}", stringify!($type)).into())
                })
            }
        }
    )*};
}

/// Values that wrap one that SQLite knows.
macro_rules! by_content {
    ($($type:ident($inner:ty)),*) => {$(
        impl ToSql for $type {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                self.0.to_sql()
            }
        }

        impl FromSql for $type {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                <$inner>::column_result(value).map(Self)
            }
        }
    )*};
}

by_name!(ActionState, AuditAction, CallbackState, Interval, Kind, Origin, PaymentState, Phase, Settled, SubscriptionState);
by_content!(
    OperationKey(i64),
    PaymentKey(i64),
    Reference(String),
    Seed([u8; 16]),
    SubscriptionKey(i64),
    Version(String)
);

impl ToSql for Timestamp {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(i64::try_from(self.0).unwrap_or(i64::MAX).into())
    }
}

impl FromSql for Timestamp {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Unsigned::column_result(value).map(|millis| Self(millis.0))
    }
}
