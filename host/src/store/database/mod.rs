//! The database under the store: connections, statements, rows and values, the same over SQLite and Postgres. Knows no
//! table. SQL is written once, in what both understand.
//!
//! | file | what |
//! |---|---|
//! | `connection` | [`Connection`] and its transactions, [`Statement`](connection::Statement), [`Row`] |
//! | `sqlite`, `postgres` | what differs between the two |
//! | `dialect` | the store's SQL as Postgres writes it |
//! | `address` | [`Address`]: where a Postgres is, and the way there |
//! | `listen` | [`listen`](listen::listen): what hosts that share a Postgres call out to each other, and its clock |
//! | `value` | [`Value`], and how Rust's types become one ([`ToValue`]) and come back ([`FromValue`]) |
//! | `error` | [`Error`], and [`OptionalExtension`] for who expects that there may be no row |

mod address;
mod connection;
mod dialect;
mod error;
mod listen;
mod postgres;
mod sqlite;
mod value;

pub use address::Address;
pub(super) use connection::{Company, Connection, Fate, Row};
pub(super) use error::{Error, OptionalExtension, Result, Trouble};
pub(super) use listen::{Shared, TIME, listen};
pub(super) use postgres::PATIENCE;
pub(super) use value::{FromValue, Params, ToValue, Value, params};
