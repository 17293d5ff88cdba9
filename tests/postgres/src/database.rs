//! One test's database.

use crate::ADDRESS;
use crate::cluster::Cluster;
use crate::programs::{COLUMN, Programs, ROW};
use anyhow::{Context, Result};
use std::sync::atomic::{AtomicU32, Ordering};

/// An empty database, dropped with this value, whoever is still connected.
#[derive(Debug)]
pub struct Database {
    programs: Programs,
    /// Of the server's own database, from which this one is made and dropped.
    server: String,
    name: String,
    url: String,
}

impl Database {
    /// A fresh one in the cluster of this run.
    ///
    /// # Panics
    /// Where there is none, with what to do; a test that needs a database is nothing without one.
    pub fn create() -> Self {
        let server = std::env::var(ADDRESS);
        let server = server.unwrap_or_else(|_| {
            panic!("this test needs a Postgres: run `cargo xtask test`, or set {ADDRESS} to a server's address")
        });
        Self::create_at(&server).unwrap_or_else(|error| panic!("{error:#}"))
    }

    /// A fresh one in a cluster of the test's own.
    ///
    /// # Errors
    /// Where the cluster does not run.
    pub fn create_in(cluster: &Cluster) -> Result<Self> {
        Self::create_at(&cluster.address())
    }

    fn create_at(server: &str) -> Result<Self> {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let since = std::time::SystemTime::UNIX_EPOCH.elapsed().context("the clock is before 1970")?;
        // Names of processes return; those of their databases do not.
        let name = format!("test_{}_{number}_{}", std::process::id(), since.as_nanos());
        let url = with_database(server, &name).with_context(|| format!("{server} does not name a database"))?;
        let programs = Programs::find()?;
        programs.ask(server, &format!("CREATE DATABASE {name}"))?;
        Ok(Self { programs, server: server.to_owned(), name, url })
    }

    /// Every row that a query finds, each value as text; NULL is the empty one.
    ///
    /// # Errors
    /// Where the server is away or refuses the query.
    pub fn rows(&self, sql: &str) -> Result<Vec<Vec<String>>> {
        let printed = self.programs.ask(&self.url, sql)?;
        let rows = (!printed.is_empty()).then(|| printed.split(ROW)).into_iter().flatten();
        Ok(rows.map(|row| row.split(COLUMN).map(str::to_owned).collect()).collect())
    }

    /// Where it is: `postgres:///name?host=/folder/of/socket&user=postgres`.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // It goes with its cluster at the latest, which may be gone already.
        let _ = self.programs.ask(&self.server, &format!("DROP DATABASE {} WITH (FORCE)", self.name));
    }
}

/// The same address with another database: what stands between the host's name and the `?`.
fn with_database(address: &str, name: &str) -> Option<String> {
    let (scheme, rest) = address.split_once("://")?;
    let (path, query) = rest.split_once('?').map_or((rest, None), |(path, query)| (path, Some(query)));
    let (host, _) = path.split_once('/')?;
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    Some(format!("{scheme}://{host}/{name}{query}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_changed_in_nothing_but_its_database() {
        for (address, expected) in [
            ("postgres:///postgres?host=/tmp/a&user=me", Some("postgres:///mine?host=/tmp/a&user=me")),
            ("postgres://me:word@db:5433/x", Some("postgres://me:word@db:5433/mine")),
            ("postgres://db", None),
            ("db/x", None),
        ] {
            assert_eq!(with_database(address, "mine").as_deref(), expected, "{address}");
        }
    }

    fn ask(database: &Database, sql: &str) -> Result<String> {
        database.programs.ask(&database.url, sql)
    }

    #[test]
    fn a_database_is_fresh_keeps_what_was_committed_when_its_server_is_killed_and_goes_with_its_cluster() {
        let mut cluster = Cluster::start(crate::Durability::Process).unwrap();
        let folder = cluster.address().split_once("host=").unwrap().1.split_once('&').unwrap().0.to_owned();
        let (one, other) = (Database::create_in(&cluster).unwrap(), Database::create_in(&cluster).unwrap());
        ask(&one, "CREATE TABLE t (n int); INSERT INTO t VALUES (7)").unwrap();
        ask(&other, "CREATE TABLE t (n int)").unwrap();

        cluster.kill().unwrap();
        assert!(ask(&one, "SELECT n FROM t").is_err(), "nobody is there");
        cluster.start_again().unwrap();
        assert_eq!(ask(&one, "SELECT n FROM t").unwrap(), "7");
        cluster.pause().unwrap();
        cluster.resume().unwrap();
        assert_eq!(ask(&other, "SELECT n FROM t").unwrap(), "");

        let url = one.url().to_owned();
        drop(one);
        assert!(Programs::find().unwrap().ask(&url, "SELECT 1").is_err(), "it is dropped");
        drop((other, cluster));
        assert!(!std::path::Path::new(&folder).exists(), "nothing is left of it");
    }
}
