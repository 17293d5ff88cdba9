//! What a host has on disk, read past the host. Every value is text here; NULL is the empty one.

use super::Host;
use rusqlite::types::{FromSql, ValueRef};
use rusqlite::{Connection, OpenFlags, Params};
use simulators::PATIENCE;
use std::path::Path;
use std::time::Duration;

/// SQLite tells nobody of changes: who waits for one looks this often.
const GLANCE: Duration = Duration::from_millis(5);

/// A host's file.
pub struct Database(Connection);

impl Database {
    /// Opens it to be read; the host may run or not.
    pub fn open(file: &Path) -> Self {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Self(Connection::open_with_flags(file, flags).expect("the host made the file"))
    }

    /// Every row that a query finds.
    pub fn rows(&self, sql: &str, params: impl Params) -> Vec<Vec<String>> {
        let mut statement = self.0.prepare(sql).expect("the query fits the schema");
        let columns = statement.column_count();
        let rows = statement.query_map(params, |row| {
            (0..columns).map(|column| row.get_ref(column).map(text)).collect::<rusqlite::Result<_>>()
        });
        rows.expect("the query runs").map(|row| row.expect("the row can be read")).collect()
    }

    /// The first column of every row.
    pub fn column(&self, sql: &str, params: impl Params) -> Vec<String> {
        self.rows(sql, params).into_iter().map(|mut row| row.swap_remove(0)).collect()
    }

    /// State of the payment, phase and outcome of the operation that made it, for a shop's transaction: one row for
    /// each payment that it has had, oldest first.
    pub fn standing(&self, shop_transaction_id: &str) -> Vec<Vec<String>> {
        self.rows(
            "SELECT p.state, o.phase, o.outcome FROM payments p JOIN operations o ON o.reference = p.reference
             WHERE p.shop_transaction_id = ? ORDER BY p.key",
            [shop_transaction_id],
        )
    }

    /// The states of the refunds of a shop's transaction, oldest first.
    pub fn refunds(&self, shop_transaction_id: &str) -> Vec<String> {
        self.column(
            "SELECT o.action_state FROM operations o JOIN payments p ON o.payment = p.key
             WHERE o.kind = 'refund' AND p.shop_transaction_id = ? ORDER BY o.key",
            [shop_transaction_id],
        )
    }

    /// The types of the callbacks about a shop's transaction, be it a payment or a subscription, in order.
    pub fn told(&self, shop_transaction_id: &str) -> Vec<String> {
        self.callbacks_about("type", shop_transaction_id)
    }

    /// One column of these callbacks.
    pub fn callbacks_about(&self, column: &str, shop_transaction_id: &str) -> Vec<String> {
        let query = format!(
            "SELECT c.{column} FROM callbacks c LEFT JOIN payments p ON c.payment = p.key
             LEFT JOIN subscriptions s ON c.subscription = s.key
             WHERE ?1 IN (p.shop_transaction_id, s.shop_transaction_id) ORDER BY c.key"
        );
        self.column(&query, [shop_transaction_id])
    }

    /// Waits until it is as wanted.
    pub async fn until(&self, what: &str, mut wanted: impl FnMut(&Self) -> bool) {
        let glances = async {
            let mut glances = tokio::time::interval(GLANCE);
            while !wanted(self) {
                glances.tick().await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, glances).await;
        waited.unwrap_or_else(|_| panic!("{what}: this did not come to be; callbacks are {:?}", self.callbacks()));
    }

    /// Waits until this many attempts to deliver a callback are written down, whatever came of them.
    pub async fn attempts(&self, count: usize) {
        let made = |database: &Self| database.column("SELECT key FROM callback_attempts", []).len();
        self.until(&format!("{count} attempts"), |database| made(database) >= count).await;
    }

    /// Waits until no callback waits any more.
    pub async fn all_delivered(&self) {
        let waiting = "SELECT id FROM callbacks WHERE state = 'waiting'";
        self.until("every callback is delivered", |database| database.rows(waiting, []).is_empty()).await;
    }

    fn callbacks(&self) -> Vec<Vec<String>> {
        self.rows("SELECT id, type, state, attempts, due_at, fence FROM callbacks", [])
    }
}

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

    /// What it has on disk.
    pub fn on_disk(&self) -> Database {
        Database::open(&self.database())
    }
}

fn text(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => String::new(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => String::from_utf8_lossy(bytes).into_owned(),
    }
}
