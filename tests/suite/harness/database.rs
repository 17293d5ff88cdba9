//! What a host has on disk.

use super::Host;
use rusqlite::types::FromSql;
use rusqlite::{Connection, OpenFlags};

impl Host {
    /// The first column of every row that a query finds.
    pub fn stored<T: FromSql>(&self, query: &str) -> Vec<T> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let database = Connection::open_with_flags(self.database(), flags).expect("the host keeps a database");
        let mut statement = database.prepare(query).expect("a test asks for what there is");
        let rows = statement.query_map([], |row| row.get(0)).expect("the database can be read");
        rows.collect::<rusqlite::Result<_>>().expect("a test asks for the right type")
    }

    /// How many rows a table has.
    pub fn rows(&self, table: &str) -> i64 {
        self.stored(&format!("SELECT count(*) FROM {table}"))[0]
    }
}
