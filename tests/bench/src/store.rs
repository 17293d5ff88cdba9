//! What a native handler would keep its payments in: SQLite as the host sets it up (WAL, every commit
//! on disk), with one writer that commits together what waits together.

use anyhow::{Context, Result};
use rusqlite::{Connection, OptionalExtension, params};
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use tokio::sync::oneshot;

const SCHEMA: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    CREATE TABLE payments (
        id INTEGER PRIMARY KEY, reference TEXT NOT NULL UNIQUE, shop_transaction_id TEXT NOT NULL UNIQUE,
        payment_id TEXT UNIQUE, amount INTEGER NOT NULL, currency TEXT NOT NULL, status TEXT NOT NULL);
    CREATE TABLE operations (
        id INTEGER PRIMARY KEY, reference TEXT NOT NULL UNIQUE, request TEXT NOT NULL, answer TEXT);
    CREATE TABLE callbacks (id INTEGER PRIMARY KEY, reference TEXT NOT NULL, body TEXT NOT NULL);";

/// So many commands are committed together at most.
const GROUP: usize = 256;

/// A payment as it is kept.
pub(crate) struct Payment {
    pub(crate) shop_transaction_id: String,
    pub(crate) payment_id: String,
    pub(crate) amount: u64,
    pub(crate) currency: String,
    pub(crate) status: String,
}

/// What is written, each all or nothing.
pub(crate) enum Command {
    /// Before anything is done.
    Claim { reference: String, shop_transaction_id: String, amount: u64, currency: String, request: String },
    /// Once it is known what came of it.
    Finish { reference: String, payment_id: String, status: &'static str, answer: String },
}

/// The store; reads in the caller's thread, writes in one of its own.
#[derive(Clone)]
pub(crate) struct Store {
    file: PathBuf,
    writer: mpsc::Sender<Write>,
}

struct Write {
    command: Command,
    done: oneshot::Sender<rusqlite::Result<()>>,
}

/// A write that is not on disk yet.
pub(crate) struct Pending(oneshot::Receiver<rusqlite::Result<()>>);

impl Pending {
    /// Waits until it is.
    pub(crate) async fn durable(self) -> Result<()> {
        Ok(self.0.await.context("the writer has gone")??)
    }
}

impl Store {
    /// Makes an empty one.
    pub(crate) fn create(folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        let file = folder.join("native.db");
        let connection = Connection::open(&file)?;
        connection.execute_batch(SCHEMA)?;
        let (writer, writes) = mpsc::channel();
        std::thread::spawn(move || write(connection, &writes));
        Ok(Self { file, writer })
    }

    /// Hands a write to the writer; those of one caller are kept in order. It is done whether or not it is waited for.
    pub(crate) fn send(&self, command: Command) -> Result<Pending> {
        let (done, is_done) = oneshot::channel();
        self.writer.send(Write { command, done }).ok().context("the writer has gone")?;
        Ok(Pending(is_done))
    }

    /// Reads a payment by the id that its caller knows.
    pub(crate) fn payment(&self, payment_id: &str) -> Result<Option<Payment>> {
        thread_local!(static READER: RefCell<Option<Connection>> = const { RefCell::new(None) });
        READER.with_borrow_mut(|reader| {
            let reader = match reader {
                Some(reader) => reader,
                None => reader.insert(Connection::open(&self.file)?),
            };
            let mut query = reader.prepare_cached(
                "SELECT shop_transaction_id, payment_id, amount, currency, status FROM payments WHERE payment_id = ?",
            )?;
            let found = query.query_row([payment_id], |row| {
                Ok(Payment {
                    shop_transaction_id: row.get(0)?,
                    payment_id: row.get(1)?,
                    amount: row.get::<_, i64>(2)?.unsigned_abs(),
                    currency: row.get(3)?,
                    status: row.get(4)?,
                })
            });
            Ok(found.optional()?)
        })
    }
}

/// Commits what has come in while the last commit was under way, until nobody can send any more.
fn write(mut connection: Connection, writes: &mpsc::Receiver<Write>) {
    while let Ok(first) = writes.recv() {
        let rest = std::iter::from_fn(|| writes.try_recv().ok());
        let group: Vec<_> = std::iter::once(first).chain(rest.take(GROUP - 1)).collect();
        match commit(&mut connection, &group) {
            Ok(results) => {
                for (write, result) in std::iter::zip(group, results) {
                    // Who does not wait does not mind.
                    let _ = write.done.send(result);
                }
            }
            // Whoever waits learns of it by the channel's end.
            Err(error) => eprintln!("bench: a group of writes is lost: {error}"),
        }
    }
}

/// A command that fails its constraint fails alone; the group fails only as a whole.
fn commit(connection: &mut Connection, group: &[Write]) -> rusqlite::Result<Vec<rusqlite::Result<()>>> {
    let transaction = connection.transaction()?;
    let results = group.iter().map(|write| apply(&transaction, &write.command)).collect();
    transaction.commit()?;
    Ok(results)
}

fn apply(connection: &Connection, command: &Command) -> rusqlite::Result<()> {
    let execute = |sql, values: &[&dyn rusqlite::ToSql]| connection.prepare_cached(sql)?.execute(values);
    match command {
        Command::Claim { reference, shop_transaction_id, amount, currency, request } => {
            execute(
                "INSERT INTO payments (reference, shop_transaction_id, amount, currency, status)
                 VALUES (?, ?, ?, ?, 'STARTED')",
                params![reference, shop_transaction_id, amount.cast_signed(), currency],
            )?;
            execute("INSERT INTO operations (reference, request) VALUES (?, ?)", params![reference, request])?;
        }
        Command::Finish { reference, payment_id, status, answer } => {
            execute(
                "UPDATE payments SET payment_id = ?, status = ? WHERE reference = ?",
                params![payment_id, status, reference],
            )?;
            execute("UPDATE operations SET answer = ? WHERE reference = ?", params![answer, reference])?;
            execute("INSERT INTO callbacks (reference, body) VALUES (?, ?)", params![reference, answer])?;
        }
    }
    Ok(())
}
