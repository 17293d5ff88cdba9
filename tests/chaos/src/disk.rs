//! What the hosts have on disk, read past them. Every value is text here; NULL is the empty one.

use anyhow::{Context, Result};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use std::path::PathBuf;

/// A row, column by column.
pub(crate) type Row = Vec<String>;

/// The store of the run.
#[derive(Debug)]
pub(crate) enum Disk {
    /// The file.
    Sqlite(PathBuf),
    /// A database of the run's own, in a cluster of its own.
    Postgres(test_postgres::Database),
}

impl Disk {
    /// What a host's configuration calls it.
    pub(crate) fn url(&self) -> String {
        match self {
            Self::Sqlite(file) => format!("sqlite:{}", file.display()),
            Self::Postgres(database) => database.url().to_owned(),
        }
    }

    /// Every row that a query finds. A `{hex:column}` becomes what writes bytes as hexadecimal digits here.
    pub(crate) fn rows(&self, sql: &str) -> Result<Vec<Row>> {
        match self {
            Self::Sqlite(file) => sqlite(file, &hexed(sql, |column| format!("lower(hex({column}))"))),
            Self::Postgres(database) => database.rows(&hexed(sql, |column| format!("encode({column}, 'hex')"))),
        }
        .with_context(|| sql.to_owned())
    }

    /// What the database itself finds wrong.
    pub(crate) fn faults(&self) -> Result<Vec<String>> {
        let mut faults = Vec::new();
        if let Self::Sqlite(_) = self {
            let said = self.rows("PRAGMA integrity_check")?;
            faults.extend(said.into_iter().map(|row| row.concat()).filter(|said| said != "ok"));
            let dangling = self.rows("PRAGMA foreign_key_check")?;
            faults.extend(dangling.into_iter().map(|row| format!("a reference to nothing: {row:?}")));
        }
        Ok(faults)
    }
}

fn hexed(sql: &str, write: impl Fn(&str) -> String) -> String {
    let mut parts = sql.split("{hex:");
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (column, rest) = part.split_once('}').expect("a query closes what it opens");
        whole.push_str(&write(column));
        whole.push_str(rest);
    }
    whole
}

fn sqlite(file: &PathBuf, sql: &str) -> Result<Vec<Row>> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    let mut statement = connection.prepare(sql)?;
    let columns = statement.column_count();
    let rows = statement.query_map([], |row| (0..columns).map(|column| row.get_ref(column).map(text)).collect())?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn text(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => String::new(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => String::from_utf8_lossy(bytes).into_owned(),
    }
}
