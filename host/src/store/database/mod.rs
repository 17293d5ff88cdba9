//! The database under the store: connections, statements, rows and values, the same over every kind of database. Knows
//! no table. SQL is written once, in what all of them understand.
//!
//! | file | what |
//! |---|---|
//! | `connection` | [`Connection`], [`Statement`], [`Rows`], [`Row`] |
//! | `value` | [`Value`], and how Rust's types become one ([`ToValue`]) and come back ([`FromValue`]) |
//! | `error` | [`Error`], and [`OptionalExtension`] for who expects that there may be no row |

mod connection;
mod error;
mod value;

pub(super) use connection::{Connection, Row};
pub(super) use error::{Error, OptionalExtension, Result};
pub(super) use value::{FromValue, Params, ToValue, Value, params};
