//! A connection, its statements and their rows.

use super::{Error, FromValue, Params, Result, ToValue, Value};
use rusqlite::types::{ToSqlOutput, ValueRef};

/// A connection to the database.
pub(in crate::store) struct Connection(rusqlite::Connection);

/// A prepared statement: kept by its connection, so that the next who asks for the same text has it at once.
pub(in crate::store) struct Statement<'c>(rusqlite::CachedStatement<'c>);

/// What a query gives, row by row.
pub(in crate::store) struct Rows<'s>(rusqlite::Rows<'s>);

/// What is read of a query's rows, one by one.
pub(in crate::store) struct Mapped<'s, R> {
    rows: Rows<'s>,
    read: R,
}

/// One row.
pub(in crate::store) struct Row<'r>(&'r rusqlite::Row<'r>);

impl From<rusqlite::Connection> for Connection {
    fn from(connection: rusqlite::Connection) -> Self {
        Self(connection)
    }
}

impl Connection {
    /// The statement of this text.
    pub(in crate::store) fn prepare_cached(&self, sql: &str) -> Result<Statement<'_>> {
        Ok(Statement(self.0.prepare_cached(sql)?))
    }

    /// Runs a statement that is hardly ever needed. Gives the number of rows that it has changed.
    pub(in crate::store) fn execute(&self, sql: &str, params: impl Params) -> Result<usize> {
        self.prepare_cached(sql)?.execute(params)
    }

    /// The same of one that gives a row.
    pub(in crate::store) fn query_row<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> Result<T>,
    ) -> Result<T> {
        self.prepare_cached(sql)?.query_row(params, read)
    }

    /// Runs statements without parameters, one after the other.
    #[cfg(test)]
    pub(in crate::store) fn execute_batch(&self, sql: &str) -> Result<()> {
        Ok(self.0.execute_batch(sql)?)
    }

    /// Whether no transaction is open.
    pub(in crate::store) fn is_autocommit(&self) -> bool {
        self.0.is_autocommit()
    }
}

impl Statement<'_> {
    /// Runs it. Gives the number of rows that it has changed.
    pub(in crate::store) fn execute(&mut self, params: impl Params) -> Result<usize> {
        params.lend(|params| Ok(self.0.execute(rusqlite::params_from_iter(params.iter().map(Bound)))?))
    }

    /// Runs an INSERT of one row into a table that has a `key`, and gives that.
    pub(in crate::store) fn insert(&mut self, params: impl Params) -> Result<i64> {
        params.lend(|params| Ok(self.0.insert(rusqlite::params_from_iter(params.iter().map(Bound)))?))
    }

    /// Runs it and gives its rows.
    pub(in crate::store) fn query(&mut self, params: impl Params) -> Result<Rows<'_>> {
        params.lend(|params| Ok(Rows(self.0.query(rusqlite::params_from_iter(params.iter().map(Bound)))?)))
    }

    /// Runs it and reads its first row.
    ///
    /// # Errors
    ///
    /// [`Error::NoRow`]: it gives none.
    pub(in crate::store) fn query_row<T>(
        &mut self,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> Result<T>,
    ) -> Result<T> {
        let mut rows = self.query(params)?;
        let row = rows.next()?.ok_or(Error::NoRow)?;
        read(&row)
    }

    /// Runs it and reads its rows, one by one.
    pub(in crate::store) fn query_map<T, R: FnMut(&Row<'_>) -> Result<T>>(
        &mut self,
        params: impl Params,
        read: R,
    ) -> Result<Mapped<'_, R>> {
        Ok(Mapped { rows: self.query(params)?, read })
    }

    /// Whether it gives a row.
    #[cfg(test)]
    pub(in crate::store) fn exists(&mut self, params: impl Params) -> Result<bool> {
        Ok(self.query(params)?.next()?.is_some())
    }
}

impl Rows<'_> {
    /// The next one.
    pub(in crate::store) fn next(&mut self) -> Result<Option<Row<'_>>> {
        Ok(self.0.next()?.map(Row))
    }
}

impl<T, R: FnMut(&Row<'_>) -> Result<T>> Iterator for Mapped<'_, R> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.rows.next() {
            Ok(row) => row.map(|row| (self.read)(&row)),
            Err(error) => Some(Err(error)),
        }
    }
}

impl Row<'_> {
    /// The column at this position; the first is 0.
    pub(in crate::store) fn get<T: FromValue>(&self, column: usize) -> Result<T> {
        let value = match self.0.get_ref(column)? {
            ValueRef::Null => Value::Null,
            ValueRef::Integer(number) => Value::Integer(number),
            ValueRef::Text(text) => {
                let text = str::from_utf8(text).map_err(|_| Error::Value("a text that is no UTF-8".to_owned()))?;
                Value::Text(text.into())
            }
            ValueRef::Blob(bytes) => Value::Blob(bytes.into()),
            ValueRef::Real(_) => return Err(Error::Value("a floating number".to_owned())),
        };
        T::from_value(value)
    }
}

/// A parameter, as SQLite takes it.
struct Bound<'a>(&'a &'a dyn ToValue);

impl rusqlite::ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let value = self.0.to_value().map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        Ok(match value {
            Value::Null => ToSqlOutput::Owned(rusqlite::types::Value::Null),
            Value::Integer(number) => number.into(),
            Value::Text(std::borrow::Cow::Borrowed(text)) => text.into(),
            Value::Text(std::borrow::Cow::Owned(text)) => text.into(),
            Value::Blob(std::borrow::Cow::Borrowed(bytes)) => bytes.into(),
            Value::Blob(std::borrow::Cow::Owned(bytes)) => bytes.into(),
        })
    }
}
