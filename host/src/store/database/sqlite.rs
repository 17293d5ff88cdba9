//! SQLite: how values go in and out, and what of the common SQL it does not know.

use super::{Error, Result, ToValue, Value};
use rusqlite::types::{ToSqlOutput, ValueRef};
use std::borrow::Cow;

/// A clause for those who share a database. SQLite has one writer, whom nobody can overtake, and does not know it.
const SKIP_LOCKED: &str = " FOR UPDATE SKIP LOCKED";

/// The statement as SQLite understands it.
pub(super) fn dialect(sql: &str) -> Cow<'_, str> {
    if sql.contains(SKIP_LOCKED) { sql.replace(SKIP_LOCKED, "").into() } else { sql.into() }
}

/// What stands in a column of a row.
pub(super) fn value<'r>(row: &'r rusqlite::Row<'_>, column: usize) -> Result<Value<'r>> {
    Ok(match row.get_ref(column)? {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Text(text) => {
            let text = str::from_utf8(text).map_err(|_| Error::Value("a text that is no UTF-8".to_owned()))?;
            Value::Text(text.into())
        }
        ValueRef::Blob(bytes) => Value::Blob(bytes.into()),
        ValueRef::Real(_) => return Err(Error::Value("a floating number".to_owned())),
    })
}

/// Parameters, as SQLite takes them.
pub(super) fn bound<'a>(params: &'a [&'a dyn ToValue]) -> rusqlite::ParamsFromIter<impl Iterator<Item = Bound<'a>>> {
    rusqlite::params_from_iter(params.iter().map(|param| Bound(*param)))
}

/// One of them.
pub(super) struct Bound<'a>(&'a dyn ToValue);

impl rusqlite::ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let value = self.0.to_value().map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        Ok(match value {
            Value::Null => ToSqlOutput::Owned(rusqlite::types::Value::Null),
            Value::Integer(number) => number.into(),
            Value::Text(Cow::Borrowed(text)) => text.into(),
            Value::Text(Cow::Owned(text)) => text.into(),
            Value::Blob(Cow::Borrowed(bytes)) => bytes.into(),
            Value::Blob(Cow::Owned(bytes)) => bytes.into(),
        })
    }
}
