//! What a host has on disk, read past the host. Every value is text here; NULL is the empty one.

use super::{Host, Kept};
use rusqlite::types::{FromSql, ValueRef};
use rusqlite::{Connection, OpenFlags};
use simulators::PATIENCE;
use std::path::Path;
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

/// Databases tell nobody of changes: who waits for one looks this often.
const GLANCE: Duration = Duration::from_millis(5);

/// What hosts keep.
pub enum Database {
    /// In a file.
    File(Connection),
    /// In a server.
    Server(Session),
}

/// A session with a server. It runs on threads of its own, so that tests can ask in passing.
pub struct Session {
    runtime: Option<Runtime>,
    client: Client,
}

impl Database {
    /// Opens it to be read; the host may run or not. `file` is where it is, if it is in a file.
    pub fn open(kept: &Kept, file: &Path) -> Self {
        match kept {
            Kept::File => {
                let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
                Self::File(Connection::open_with_flags(file, flags).expect("the host made the file"))
            }
            Kept::Server(database) => Self::Server(Session::open(database.url())),
        }
    }

    /// Every row that a query finds. `?` and `?1` stand for the texts in `params`.
    pub fn rows<const N: usize>(&self, sql: &str, params: [&str; N]) -> Vec<Vec<String>> {
        let connection = match self {
            Self::File(connection) => connection,
            Self::Server(session) => return session.rows(&written_out(sql, &params)),
        };
        let mut statement = connection.prepare(sql).expect("the query fits the schema");
        let columns = statement.column_count();
        let rows = statement.query_map(rusqlite::params_from_iter(params), |row| {
            (0..columns).map(|column| row.get_ref(column).map(text)).collect::<rusqlite::Result<_>>()
        });
        rows.expect("the query runs").map(|row| row.expect("the row can be read")).collect()
    }

    /// The first column of every row.
    pub fn column<const N: usize>(&self, sql: &str, params: [&str; N]) -> Vec<String> {
        self.rows(sql, params).into_iter().map(|mut row| row.swap_remove(0)).collect()
    }

    /// A column of bytes of every row that a query finds.
    pub fn bytes(&self, sql: &str) -> Vec<Option<Vec<u8>>> {
        let Self::File(connection) = self else {
            let encoded = self.column(&format!("SELECT encode(bytes, 'base64') FROM ({sql}) AS found (bytes)"), []);
            let bytes = |text: &String| {
                use base64::Engine as _;
                base64::engine::general_purpose::STANDARD.decode(text.replace('\n', "")).expect("base64")
            };
            return encoded.iter().map(|text| (!text.is_empty()).then(|| bytes(text))).collect();
        };
        let mut statement = connection.prepare(sql).expect("the query fits the schema");
        let rows = statement.query_map([], |row| row.get(0)).expect("the query runs");
        rows.map(|row| row.expect("the row can be read")).collect()
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
        let column = self.on_disk().column(query, []);
        column.iter().map(|text| typed(text)).collect()
    }

    /// How many rows a table has.
    pub fn rows(&self, table: &str) -> i64 {
        self.stored(&format!("SELECT count(*) FROM {table}"))[0]
    }

    /// What it has on disk.
    pub fn on_disk(&self) -> Database {
        Database::open(self.kept(), &self.database())
    }
}

/// What a test expects a text to stand for.
fn typed<T: FromSql>(text: &str) -> T {
    let number = text.parse().ok().map(ValueRef::Integer);
    let values = number.into_iter().chain([ValueRef::Text(text.as_bytes()), ValueRef::Blob(text.as_bytes())]);
    let mut fitting = values.filter_map(|value| T::column_result(value).ok());
    fitting.next().expect("a test asks for the right type")
}

impl Session {
    fn open(url: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a thread for the session");
        let (address, handle) = (url.to_owned(), runtime.handle().clone());
        let connected = aside(move || {
            handle.block_on(async {
                let (client, connection) = tokio_postgres::connect(&address, NoTls).await.expect("the server is there");
                tokio::spawn(connection);
                client
            })
        });
        Self { runtime: Some(runtime), client: connected }
    }

    fn rows(&self, sql: &str) -> Vec<Vec<String>> {
        let runtime = self.runtime.as_ref().expect("it is there until it is dropped");
        let said = aside(|| runtime.block_on(self.client.simple_query(sql)));
        let rows =
            said.unwrap_or_else(|error| panic!("{sql}: {error:?}")).into_iter().filter_map(|message| match message {
                SimpleQueryMessage::Row(row) => {
                    Some((0..row.len()).map(|column| plain(row.get(column).unwrap_or_default())).collect())
                }
                _ => None,
            });
        rows.collect()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Waits on another thread: this one may drive a test's tasks.
fn aside<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| scope.spawn(work).join()).unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Bytes as the text that they are.
fn plain(text: &str) -> String {
    let bytes = text.strip_prefix("\\x").and_then(|digits| hex::decode(digits).ok());
    bytes.map_or_else(|| text.to_owned(), |bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// A query with its texts in it.
fn written_out(sql: &str, params: &[&str]) -> String {
    let quoted = |number: usize| format!("'{}'", params[number].replace('\'', "''"));
    let mut written = sql.to_owned();
    for number in 0..params.len() {
        written = written.replace(&format!("?{}", number + 1), &quoted(number));
    }
    for number in 0..written.matches('?').count().min(params.len()) {
        written = written.replacen('?', &quoted(number), 1);
    }
    written
}

fn text(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => String::new(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => String::from_utf8_lossy(bytes).into_owned(),
    }
}
