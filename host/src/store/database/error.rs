//! Why a statement did not do what it was asked.

/// What a statement gives.
pub(in crate::store) type Result<T> = std::result::Result<T, Error>;

/// Why it gave nothing.
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
