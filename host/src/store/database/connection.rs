//! A connection, its transactions and statements and their rows.

use super::postgres::{self, Session};
use super::{Error, FromValue, Params, Result, Trouble, Value, sqlite};
use std::time::Duration;

/// So many pages of a file may stand beside it: 16 MiB.
const PAGES_BESIDE: i64 = 4000;

/// A connection to the database.
pub(in crate::store) enum Connection {
    /// To a file.
    Sqlite(rusqlite::Connection),
    /// To a server.
    Postgres(Box<Session>),
}

/// A prepared statement: kept by its connection, so that the next who asks for the same text has it at once.
pub(in crate::store) struct Statement<'c>(Prepared<'c>);

enum Prepared<'c> {
    Sqlite(rusqlite::CachedStatement<'c>),
    Postgres(&'c Session, tokio_postgres::Statement, Option<Box<str>>),
}

/// What a query gives, row by row.
pub(in crate::store) enum Rows<'s> {
    /// As they are found.
    Sqlite(rusqlite::Rows<'s>),
    /// All that there are.
    Postgres(std::vec::IntoIter<tokio_postgres::Row>),
}

/// What is read of a query's rows, one by one.
pub(in crate::store) struct Mapped<'s, R> {
    rows: Rows<'s>,
    read: R,
}

/// One row.
pub(in crate::store) enum Row<'r> {
    /// Where the query stands.
    Sqlite(&'r rusqlite::Row<'r>),
    /// By itself.
    Postgres(tokio_postgres::Row),
}

/// Beside whom a transaction runs on Postgres.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Company {
    /// Beside all others.
    Any,
    /// Alone, because many who disturb each other would go on for ever.
    Alone,
}

impl Company {
    /// A lock that is taken before anything is looked at. Waiting to be alone ends soon, and so does being alone:
    /// somebody who was paused must not hold up all others.
    fn lock(self) -> &'static str {
        match self {
            Self::Any => "LOCK TABLE migrations IN ROW SHARE MODE",
            Self::Alone => {
                "SET LOCAL idle_in_transaction_session_timeout = '1s'; SET LOCAL lock_timeout = '500ms';
                 LOCK TABLE migrations IN EXCLUSIVE MODE; SET LOCAL lock_timeout = 0"
            }
        }
    }
}

/// What became of a transaction whose end was not heard of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Fate {
    /// All of it is there.
    Committed,
    /// Nothing of it is there, or ever will be.
    Undone,
    /// The database has not ended it yet.
    Open,
    /// The database does not remember, or it is not the one that was told.
    Forgotten,
}

/// Transactions.
impl Connection {
    /// Begins one that writes. Gives the name under which Postgres can be asked later what became of it.
    ///
    /// SERIALIZABLE: commands read, decide and write as if each were alone, as the one writer of SQLite lets them; who
    /// was disturbed learns of it by [`Trouble::Conflict`] and begins again, `Alone` if need be.
    pub(in crate::store) fn begin(&self, company: Company) -> Result<Option<String>> {
        match self {
            Self::Sqlite(_) => self.step("BEGIN IMMEDIATE").map(|()| None),
            Self::Postgres(session) => {
                let named = session.begin(&format!(
                    "BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE; {}; SELECT pg_current_xact_id()::text",
                    company.lock()
                ))?;
                Ok(named.map(|name| format!("{} {name}", session.life())))
            }
        }
    }

    /// Begins one that only reads, and sees one moment.
    pub(in crate::store) fn begin_reading(&self) -> Result<()> {
        match self {
            Self::Sqlite(_) => self.step("BEGIN"),
            Self::Postgres(session) => session.begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").map(|_| ()),
        }
    }

    /// Ends it, and has it on disk.
    pub(in crate::store) fn commit(&self) -> Result<()> {
        self.step("COMMIT")
    }

    /// Undoes it.
    pub(in crate::store) fn roll_back(&self) -> Result<()> {
        self.step("ROLLBACK")
    }

    /// What went wrong in a transaction, so that it cannot be committed. SQLite undoes the one statement and goes on.
    pub(in crate::store) fn trouble(&self) -> Option<Trouble> {
        match self {
            Self::Sqlite(_) => None,
            Self::Postgres(session) => session.trouble(),
        }
    }

    /// What became of a transaction that [`Connection::begin`] named, on whatever connection that was.
    /// Only the life of the server that named it can tell.
    pub(in crate::store) fn fate(&self, transaction: &str) -> Result<Fate> {
        let (life, transaction) = transaction.split_once(' ').unwrap_or_default();
        if !matches!(self, Self::Postgres(session) if session.life() == life) {
            return Ok(Fate::Forgotten);
        }
        let fate: Option<String> =
            self.query_row("SELECT pg_xact_status(?::text::xid8)", [transaction], |row| row.get(0))?;
        Ok(match fate.as_deref() {
            Some("committed") => Fate::Committed,
            Some("aborted") => Fate::Undone,
            Some(_) => Fate::Open,
            None => Fate::Forgotten,
        })
    }

    /// Brings what SQLite has put beside its file into it, once that is much. SQLite would do so by itself, and keep to
    /// itself that the disk failed.
    pub(in crate::store) fn checkpoint(&self) -> Result<()> {
        let Self::Sqlite(connection) = self else { return Ok(()) };
        let (written, taken_in): (i64, i64) = connection
            .prepare_cached("PRAGMA wal_checkpoint(NOOP)")?
            .query_row([], |row| Ok((row.get(1)?, row.get(2)?)))?;
        if written - taken_in < PAGES_BESIDE {
            return Ok(());
        }
        Ok(connection.prepare_cached("PRAGMA wal_checkpoint(PASSIVE)")?.query_row([], |_| Ok(()))?)
    }

    /// Whether no transaction is open.
    pub(in crate::store) fn is_autocommit(&self) -> bool {
        match self {
            Self::Sqlite(connection) => connection.is_autocommit(),
            Self::Postgres(_) => false,
        }
    }

    /// Waits for a statement that takes long by its nature.
    pub(in crate::store) fn be_patient(&self, patience: Duration) {
        if let Self::Postgres(session) = self {
            session.be_patient(patience);
        }
    }

    /// Runs a statement that neither takes nor gives anything.
    pub(in crate::store) fn step(&self, sql: &str) -> Result<()> {
        match self {
            Self::Sqlite(connection) => Ok(connection.prepare_cached(sql)?.execute([]).map(|_| ())?),
            Self::Postgres(session) => session.batch(sql),
        }
    }
}

/// Statements.
impl Connection {
    /// The statement of this text.
    pub(in crate::store) fn prepare_cached(&self, sql: &str) -> Result<Statement<'_>> {
        Ok(Statement(match self {
            Self::Sqlite(connection) => Prepared::Sqlite(connection.prepare_cached(&sqlite::dialect(sql))?),
            Self::Postgres(session) => {
                // Only an INSERT may be asked for the key that it gave.
                let text = sql.starts_with("INSERT").then(|| sql.into());
                Prepared::Postgres(session, session.prepare(sql)?, text)
            }
        }))
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
    pub(in crate::store) fn execute_batch(&self, sql: &str) -> Result<()> {
        match self {
            Self::Sqlite(connection) => Ok(connection.execute_batch(sql)?),
            Self::Postgres(session) => session.batch(sql),
        }
    }
}

impl Statement<'_> {
    /// Runs it. Gives the number of rows that it has changed.
    pub(in crate::store) fn execute(&mut self, params: impl Params) -> Result<usize> {
        params.lend(|params| match &mut self.0 {
            Prepared::Sqlite(statement) => Ok(statement.execute(sqlite::bound(params))?),
            Prepared::Postgres(session, statement, _) => session.execute(statement, params),
        })
    }

    /// Runs an INSERT of one row into a table that has a `key`, and gives that.
    pub(in crate::store) fn insert(&mut self, params: impl Params) -> Result<i64> {
        params.lend(|params| match &mut self.0 {
            Prepared::Sqlite(statement) => Ok(statement.insert(sqlite::bound(params))?),
            Prepared::Postgres(session, _, text) => {
                let telling = session.prepare(&format!("{} RETURNING key", text.as_deref().unwrap_or_default()))?;
                let mut rows = Rows::Postgres(session.query(&telling, params)?.into_iter());
                rows.next()?.ok_or(Error::NoRow)?.get(0)
            }
        })
    }

    /// Runs it and gives its rows.
    pub(in crate::store) fn query(&mut self, params: impl Params) -> Result<Rows<'_>> {
        params.lend(|params| match &mut self.0 {
            Prepared::Sqlite(statement) => Ok(Rows::Sqlite(statement.query(sqlite::bound(params))?)),
            Prepared::Postgres(session, statement, _) => {
                Ok(Rows::Postgres(session.query(statement, params)?.into_iter()))
            }
        })
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
        Ok(match self {
            Self::Sqlite(rows) => rows.next()?.map(Row::Sqlite),
            Self::Postgres(rows) => rows.next().map(Row::Postgres),
        })
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
        let value: Value<'_> = match self {
            Self::Sqlite(row) => sqlite::value(row, column)?,
            Self::Postgres(row) => postgres::value(row, column)?,
        };
        T::from_value(value)
    }
}
