//! Opens the store. A file is taken for this host alone and checked to be durable, and its schema is brought up to date;
//! for a server, `server` does the like.

use super::readers::Readers;
use super::writer::Writer;
use super::{OpenError, Place, Settings, Store, asks, callbacks, database, seal};
use crate::clock::Timestamp;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// In order; a file's `user_version` says how many it has had.
const MIGRATIONS: [&str; 5] = [
    include_str!("../../migrations/sqlite/0001_spine.sql"),
    include_str!("../../migrations/sqlite/0002_interface.sql"),
    include_str!("../../migrations/sqlite/0003_recovery.sql"),
    include_str!("../../migrations/sqlite/0004_operators.sql"),
    include_str!("../../migrations/sqlite/0005_states.sql"),
];

/// 3.51.3 repaired a race that could damage a file in WAL mode.
const OLDEST_LIBRARY: i32 = 3_051_003;

/// Reads are short, so that a few connections serve many callers.
const READERS: usize = 4;

/// Statements that a connection keeps prepared: more than there are.
const STATEMENTS: usize = 128;

impl Store {
    /// Opens the store and brings its schema up to date. A file is created where there is none; leases on its callbacks
    /// end, because who held them is gone. Operations are left to [`Store::lapse_all`].
    ///
    /// # Errors
    ///
    /// Another host holds the file, it cannot be read or written, or it cannot be made durable. The server cannot be
    /// reached, or is not what a store needs.
    pub fn open(settings: &Settings, now: Timestamp) -> Result<Self, OpenError> {
        match &settings.place {
            Place::File(path) => Self::open_file(path, settings, now),
            Place::Server(address) => Self::open_server(address, settings),
        }
    }

    fn open_file(path: &Path, settings: &Settings, now: Timestamp) -> Result<Self, OpenError> {
        if rusqlite::version_number() < OLDEST_LIBRARY {
            return Err(OpenError::LibraryTooOld(rusqlite::version()));
        }
        let lock = take(path)?;
        create(path)?;
        let connection = open_to_write(path).map_err(refused(path))?;
        check_durable(&connection, path)?;
        migrate(&connection, path)?;
        let connection = database::Connection::Sqlite(connection);
        callbacks::release_leases(&connection, now).map_err(refused(path))?;
        asks::release_leases(&connection, now).map_err(refused(path))?;
        let readers =
            (0..READERS).map(|_| open_to_read(path).map(database::Connection::Sqlite)).collect::<rusqlite::Result<_>>();
        let readers = readers.map_err(refused(path))?;
        let key = settings.key.clone().map_or_else(|| seal::key_beside(path), Ok)?;
        let file = |source| OpenError::File { path: path.to_owned(), source };
        let writer = Writer::start(connection, lock).map_err(file)?;
        // Begins anew with every life, where the clock stands. Where that was set back two lives may share fences: no
        // harm, because the lock lets nobody write beside another, and what the one before held has been released.
        let fences = AtomicU64::new(now.0.saturating_mul(1000));
        let (readers, seal) = (Readers::of_file(readers), seal::Seal::new(&key).map(Arc::new));
        Ok(Self { parts: Arc::new(super::Parts { readers, writer, fences, shared: None, seal }) })
    }
}

impl Store {
    /// Opens a store that is there to be looked at, whether or not a host has it. Nothing can be written.
    ///
    /// # Errors
    ///
    /// There is none, it cannot be read, or its schema is not the one known here.
    pub fn look(settings: &Settings) -> Result<Self, OpenError> {
        let path = match &settings.place {
            Place::File(path) => path.as_path(),
            Place::Server(address) => return Self::look_at_server(address),
        };
        let connection = open_to_read(path).map_err(refused(path))?;
        let found = version(&connection, path)?;
        if found > MIGRATIONS.len() {
            return Err(OpenError::Newer { path: path.to_owned(), found, known: MIGRATIONS.len() });
        }
        if found < MIGRATIONS.len() {
            return Err(OpenError::Older { path: path.to_owned(), found, known: MIGRATIONS.len() });
        }
        let (readers, writer) = (Readers::of_file(vec![database::Connection::Sqlite(connection)]), Writer::none());
        let parts = super::Parts { readers, writer, fences: AtomicU64::new(0), shared: None, seal: None };
        Ok(Self { parts: Arc::new(parts) })
    }
}

/// Says which file it is that SQLite refuses.
fn refused<E: Into<database::Error>>(path: &Path) -> impl Fn(E) -> OpenError {
    move |source| {
        let (path, source) = (path.to_owned(), source.into());
        if source.is_damage() {
            OpenError::Damaged { path, source: source.into() }
        } else {
            OpenError::Database { path, source: source.into() }
        }
    }
}

/// Takes the file for this process: the lock ends with it, however it ends.
#[expect(clippy::disallowed_methods, reason = "the store's own file")]
fn take(path: &Path) -> Result<File, OpenError> {
    let mut name = OsString::from(path);
    name.push(".lock");
    let lock_path = PathBuf::from(name);
    let failed = |source| OpenError::File { path: lock_path.clone(), source };
    let lock = private(OpenOptions::new().write(true).create(true).truncate(false)).open(&lock_path).map_err(failed)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(OpenError::Taken(path.to_owned())),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

/// SQLite would make it readable for everybody, and gives its other files the same rights.
#[expect(clippy::disallowed_methods, reason = "the store's own file")]
fn create(path: &Path) -> Result<(), OpenError> {
    let opened = private(OpenOptions::new().write(true).create(true).truncate(false)).open(path);
    opened.map(drop).map_err(|source| OpenError::File { path: path.to_owned(), source })
}

#[cfg(unix)]
pub(super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600)
}

#[cfg(not(unix))]
pub(super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

fn open_to_write(path: &Path) -> rusqlite::Result<Connection> {
    connect(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE,
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA foreign_keys = ON;
         PRAGMA secure_delete = FAST;
         PRAGMA cache_size = -65536;
         PRAGMA wal_autocheckpoint = 0;
         PRAGMA journal_size_limit = 67108864;",
    )
}

fn open_to_read(path: &Path) -> rusqlite::Result<Connection> {
    connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY, "PRAGMA query_only = ON; PRAGMA cache_size = -16384;")
}

fn connect(path: &Path, access: OpenFlags, pragmas: &str) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // Without it, SQLite compiles statements anew whenever other values are bound: a sixth of the writer's time.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.execute_batch("PRAGMA busy_timeout = 5000; PRAGMA temp_store = MEMORY;")?;
    connection.execute_batch(pragmas)?;
    Ok(connection)
}

/// File systems without shared memory keep the old journal, silently.
fn check_durable(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    for (pragma, wanted) in [("journal_mode", "wal"), ("synchronous", "2"), ("foreign_keys", "1")] {
        let value = |row: &rusqlite::Row<'_>| row.get::<_, rusqlite::types::Value>(0);
        let found = match connection.pragma_query_value(None, pragma, value) {
            Ok(rusqlite::types::Value::Text(text)) => text,
            Ok(rusqlite::types::Value::Integer(number)) => number.to_string(),
            Ok(other) => format!("{other:?}"),
            Err(source) => return Err(refused(path)(source)),
        };
        if found != wanted {
            return Err(OpenError::NotDurable { path: path.to_owned(), pragma, found });
        }
    }
    Ok(())
}

/// How many migrations a file has had.
fn version(connection: &Connection, path: &Path) -> Result<usize, OpenError> {
    let version = connection.pragma_query_value(None, "user_version", |row| row.get::<_, u32>(0));
    Ok(version.map_err(refused(path))? as usize)
}

fn migrate(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    let done = version(connection, path)?;
    if done > MIGRATIONS.len() {
        return Err(OpenError::Newer { path: path.to_owned(), found: done, known: MIGRATIONS.len() });
    }
    for (number, migration) in MIGRATIONS.iter().enumerate().skip(done) {
        apply_migration(connection, migration, number + 1).map_err(refused(path))?;
    }
    Ok(())
}

/// Tables that are made anew are dropped and renamed under those that refer to them: foreign keys are off meanwhile, and
/// checked before anything is committed.
fn apply_migration(connection: &Connection, migration: &str, number: usize) -> rusqlite::Result<()> {
    connection.execute_batch(&format!("PRAGMA foreign_keys = OFF; BEGIN IMMEDIATE; {migration}"))?;
    let dangling = connection.prepare("PRAGMA foreign_key_check")?.exists([])?;
    if dangling {
        connection.execute_batch("ROLLBACK; PRAGMA foreign_keys = ON")?;
        let why = Some(format!("migration {number} would leave references to rows that are gone"));
        let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CONSTRAINT_FOREIGNKEY);
        return Err(rusqlite::Error::SqliteFailure(code, why));
    }
    connection.execute_batch(&format!("PRAGMA user_version = {number}; COMMIT; PRAGMA foreign_keys = ON"))
}
