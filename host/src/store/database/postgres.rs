//! A session with Postgres. Callers wait for each statement on their own thread, and never without end.

use super::{Error, Result, ToValue, Trouble, Value, dialect};
use bytes::BytesMut;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Row, SimpleQueryMessage, Statement};

/// A statement that takes longer is not waited for: the database is away, or as good as away.
pub(in crate::store) const PATIENCE: Duration = Duration::from_secs(5);

/// Names this life of this server. Another server, or the same after its crash, may give a transaction's name to
/// another; after a crash that only its first process survived, it is the statistics that begin anew.
const LIFE: &str = "SELECT concat_ws('+', extract(epoch FROM pg_postmaster_start_time()),
                                     extract(epoch FROM pg_stat_get_bgwriter_stat_reset_time()))";

/// One connection, and the thread's means to wait for it.
pub(in crate::store) struct Session {
    runtime: Runtime,
    client: Client,
    statements: RefCell<HashMap<String, Statement>>,
    /// The first thing that went wrong in the open transaction.
    trouble: Cell<Option<Trouble>>,
    patience: Cell<Duration>,
    life: String,
}

impl Session {
    /// Takes a connection over that was made on this runtime, and begins with these statements.
    pub(super) fn new(runtime: Runtime, client: Client, beginning: &str) -> Result<Self> {
        let (statements, trouble, patience) = (RefCell::default(), Cell::new(None), Cell::new(PATIENCE));
        let mut session = Self { runtime, client, statements, trouble, patience, life: String::new() };
        session.batch(beginning)?;
        session.life = session.begin(LIFE)?.unwrap_or_default();
        Ok(session)
    }

    /// Which life of which server it is in: sessions end with it.
    pub(super) fn life(&self) -> &str {
        &self.life
    }

    /// Waits for whatever takes long by its nature.
    pub(super) fn be_patient(&self, patience: Duration) {
        self.patience.set(patience);
    }

    /// What went wrong since the last [`Session::begin`].
    pub(super) fn trouble(&self) -> Option<Trouble> {
        self.trouble.get()
    }

    /// Begins a transaction. Gives the first word of what `begin` answers.
    pub(super) fn begin(&self, begin: &str) -> Result<Option<String>> {
        self.trouble.set(None);
        let said = self.wait(self.client.simple_query(begin))?;
        Ok(said.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        }))
    }

    /// Runs statements without parameters.
    pub(super) fn batch(&self, sql: &str) -> Result<()> {
        self.wait(self.client.batch_execute(sql))
    }

    /// The statement of this text, kept for the next who asks for it.
    pub(super) fn prepare(&self, sql: &str) -> Result<Statement> {
        if let Some(known) = self.statements.borrow().get(sql) {
            return Ok(known.clone());
        }
        let prepared = self.wait(self.client.prepare(&dialect::postgres(sql)))?;
        self.statements.borrow_mut().insert(sql.to_owned(), prepared.clone());
        Ok(prepared)
    }

    /// Runs it and gives the number of rows that it has changed.
    pub(super) fn execute(&self, statement: &Statement, params: &[&dyn ToValue]) -> Result<usize> {
        let values = values(params)?;
        let changed = self.wait(self.client.execute(statement, &bound(&values)))?;
        Ok(usize::try_from(changed).unwrap_or(usize::MAX))
    }

    /// Runs it and gives all of its rows, so that the connection is free for the next.
    pub(super) fn query(&self, statement: &Statement, params: &[&dyn ToValue]) -> Result<Vec<Row>> {
        let values = values(params)?;
        self.wait(self.client.query(statement, &bound(&values)))
    }

    fn wait<T>(&self, answer: impl Future<Output = std::result::Result<T, tokio_postgres::Error>>) -> Result<T> {
        if self.trouble.get() == Some(Trouble::Gone) {
            return Err(Error::gone("the database is gone"));
        }
        let patience = self.patience.get();
        let answered = self.runtime.block_on(async { tokio::time::timeout(patience, answer).await });
        let answered = match answered {
            Ok(answered) => answered.map_err(Error::from),
            Err(_) => Err(Error::gone("the database does not answer")),
        };
        if let Err(Error::Postgres { trouble, .. }) = &answered {
            // What follows the first trouble is only its echo, unless the connection goes too.
            if *trouble == Trouble::Gone || self.trouble.get().is_none() {
                self.trouble.set(Some(*trouble));
            }
        }
        answered
    }
}

/// What stands in a column of a row.
pub(super) fn value(row: &Row, column: usize) -> Result<Value<'_>> {
    row.try_get::<_, Column<'_>>(column).map(|column| column.0).map_err(|error| Error::Value(error.to_string()))
}

fn values<'a>(params: &'a [&'a dyn ToValue]) -> Result<Vec<Bound<'a>>> {
    params.iter().map(|param| param.to_value().map(Bound)).collect()
}

fn bound<'a>(values: &'a [Bound<'_>]) -> Vec<&'a (dyn ToSql + Sync)> {
    values.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

/// A parameter, as Postgres takes it.
#[derive(Debug)]
struct Bound<'a>(Value<'a>);

type Refusal = Box<dyn std::error::Error + Sync + Send>;

impl ToSql for Bound<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> std::result::Result<IsNull, Refusal> {
        match &self.0 {
            Value::Null => Ok(IsNull::Yes),
            Value::Integer(number) => match *kind {
                Type::BOOL => (*number != 0).to_sql(kind, out),
                Type::INT2 => i16::try_from(*number)?.to_sql(kind, out),
                Type::INT4 => i32::try_from(*number)?.to_sql(kind, out),
                _ => number.to_sql(kind, out),
            },
            // Postgres has no text with a NUL in it. What a provider sends must not be what fails a payment.
            Value::Text(text) if text.contains('\0') => text.replace('\0', "\u{fffd}").to_sql(kind, out),
            Value::Text(text) => text.as_ref().to_sql(kind, out),
            Value::Blob(bytes) => bytes.as_ref().to_sql(kind, out),
        }
    }

    fn accepts(kind: &Type) -> bool {
        matches!(*kind, Type::BOOL | Type::INT2 | Type::INT4 | Type::INT8 | Type::TEXT | Type::BYTEA)
    }

    to_sql_checked!();
}

/// A column, as Postgres gives it.
struct Column<'a>(Value<'a>);

impl<'a> FromSql<'a> for Column<'a> {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> std::result::Result<Self, Refusal> {
        Ok(Self(match *kind {
            Type::BOOL => Value::Integer(bool::from_sql(kind, raw)?.into()),
            Type::INT2 => Value::Integer(i16::from_sql(kind, raw)?.into()),
            Type::INT4 => Value::Integer(i32::from_sql(kind, raw)?.into()),
            Type::INT8 => Value::Integer(i64::from_sql(kind, raw)?),
            Type::BYTEA => Value::Blob(raw.into()),
            _ => Value::Text(<&str>::from_sql(kind, raw)?.into()),
        }))
    }

    fn from_sql_null(_: &Type) -> std::result::Result<Self, Refusal> {
        Ok(Self(Value::Null))
    }

    fn accepts(kind: &Type) -> bool {
        Bound::accepts(kind) || matches!(*kind, Type::VARCHAR | Type::NAME)
    }
}
