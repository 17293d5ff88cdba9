//! Why a statement did not do what it was asked.

use tokio_postgres::error::SqlState;

/// What a statement gives.
pub(in crate::store) type Result<T> = std::result::Result<T, Error>;

/// Why it gave nothing. Says what was wrong, and none of the values: they are not for logs.
#[derive(Debug, thiserror::Error)]
pub(in crate::store) enum Error {
    /// There is no row where one was asked for.
    #[error("there is no such row")]
    NoRow,
    /// A column does not hold what the program expects of it, or a value cannot stand in one.
    #[error("a value does not fit: {0}")]
    Value(String),
    /// SQLite refused.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// Postgres refused, or cannot be reached.
    #[error("{message}")]
    Postgres {
        /// What is to be done about it.
        trouble: Trouble,
        /// Why.
        message: String,
    },
}

/// What a failed statement means for its transaction on Postgres.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Trouble {
    /// Others were faster: the same again may succeed.
    Conflict,
    /// What was to be unique is there already: often by somebody who was faster.
    Taken,
    /// The same again would fail again.
    Refused,
    /// The connection is gone, or does not answer. Whatever it was asked last may have been done.
    Gone,
}

impl Error {
    /// Whether SQLite could not write, or not bring to the disk what it had written. The system may have dropped it by
    /// now and say yes when it is asked again, so nobody may ask again.
    pub(in crate::store) fn leaves_the_file_uncertain(&self) -> bool {
        use rusqlite::ffi::{SQLITE_IOERR_DIR_FSYNC, SQLITE_IOERR_FSYNC, SQLITE_IOERR_TRUNCATE, SQLITE_IOERR_WRITE};
        let Self::Sqlite(error) = self else { return false };
        let code = error.sqlite_error().map(|error| error.extended_code);
        matches!(code, Some(SQLITE_IOERR_WRITE | SQLITE_IOERR_FSYNC | SQLITE_IOERR_DIR_FSYNC | SQLITE_IOERR_TRUNCATE))
    }

    /// Whether the file is not as SQLite left it.
    pub(in crate::store) fn is_damage(&self) -> bool {
        use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
        let Self::Sqlite(error) = self else { return false };
        matches!(error.sqlite_error_code(), Some(DatabaseCorrupt | NotADatabase))
    }

    /// It did not answer in time, or is known to be gone.
    pub(super) fn gone(message: &str) -> Self {
        Self::Postgres { trouble: Trouble::Gone, message: message.to_owned() }
    }
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(refused) = error.as_db_error() else {
            let source = std::error::Error::source(&error);
            // What the library itself refuses it has not sent, and the connection is as good as before.
            let gone = error.is_closed() || source.is_some_and(|source| source.is::<std::io::Error>());
            let message = source.map_or_else(|| error.to_string(), |source| format!("{error}: {source}"));
            let trouble = if gone { Trouble::Gone } else { Trouble::Refused };
            return Self::Postgres { trouble, message: format!("the database: {message}") };
        };
        let message = format!("the database: {} (SQLSTATE {})", refused.message(), refused.code().code());
        Self::Postgres { trouble: meaning(refused.code()), message }
    }
}

fn meaning(code: &SqlState) -> Trouble {
    match code {
        &SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED | &SqlState::LOCK_NOT_AVAILABLE => {
            Trouble::Conflict
        }
        &SqlState::UNIQUE_VIOLATION => Trouble::Taken,
        // Classes 08 and 57P: the connection, and a server that ends it.
        code if code.code().starts_with("08") || code.code().starts_with("57P") => Trouble::Gone,
        // A host that was paused in the middle of a transaction.
        &SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT => Trouble::Gone,
        // A standby, or a server that was told only to read: another may be the primary by now.
        &SqlState::READ_ONLY_SQL_TRANSACTION => Trouble::Gone,
        _ => Trouble::Refused,
    }
}

/// For who expects that there may be no row.
pub(in crate::store) trait OptionalExtension<T> {
    /// None where there is no row.
    fn optional(self) -> Result<Option<T>>;
}

impl<T> OptionalExtension<T> for Result<T> {
    fn optional(self) -> Result<Option<T>> {
        match self {
            Ok(value) => Ok(Some(value)),
            Err(Error::NoRow) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
