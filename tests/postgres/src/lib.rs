//! A Postgres for the tests. A [`Cluster`] is a server of their own in a temporary folder, which nobody reaches but
//! through a socket in there; a [`Database`] is what one test gets of it, fresh and dropped at the end.
//!
//! `cargo xtask test` starts one cluster for the whole run and hands its address down in [`ADDRESS`]; whoever sets that
//! variable to another server's address has the tests use that. A test that takes the server away under a host starts a
//! cluster of its own. Nothing here knows of payments, and nothing speaks to a database but through `psql`.

mod cluster;
mod database;
mod guard;
mod process;
mod programs;

pub use cluster::{Cluster, Durability};
pub use database::Database;
pub use programs::{Programs, missing};

/// The environment's word for where the tests' cluster is: `postgres:///postgres?host=/folder/of/socket&user=postgres`.
pub const ADDRESS: &str = "TEST_POSTGRES";
