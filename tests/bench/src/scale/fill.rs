//! Fills a store with copies of a payment that a host made, so that every row is one that a host could have written.

use super::world::BUSY;
use anyhow::{Context, Result};
use rusqlite::Connection;
use std::fs::File;

/// Rows in one transaction.
const STEP: u64 = 100_000;

/// How copies differ from what they are copies of.
pub(super) enum Copies {
    /// Paid, told, and done with.
    Finished,
    /// Paid, and their callbacks wait since a second ago.
    Waiting,
    /// A request had left when the host died.
    CutOff,
}

/// Copies the newest payment of the busy external so often, with its operation, names and callback.
pub(super) fn fill(store: &Connection, count: u64, copies: &Copies) -> Result<()> {
    store.execute_batch("PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF; PRAGMA cache_size = -524288;")?;
    let template = "SELECT min(key) FROM payments WHERE external = ? AND state = 'accepted'";
    let template: i64 = store.query_row(template, [BUSY], |row| row.get(0)).context("there is a payment to copy")?;
    let mut made = 0;
    while made < count {
        let step = STEP.min(count - made);
        store.execute_batch("BEGIN")?;
        copy(store, template, step, copies)?;
        store.execute_batch("COMMIT")?;
        made += step;
        if count > STEP {
            eprintln!("bench: {made} of {count} operations written");
        }
    }
    store.execute_batch("PRAGMA optimize; PRAGMA wal_checkpoint(TRUNCATE);")?;
    // A host leaves nothing that the next one must bring to the disk.
    let path = store.path().context("the store is a file")?;
    Ok(File::open(path)?.sync_all()?)
}

fn copy(store: &Connection, template: i64, count: u64, copies: &Copies) -> Result<()> {
    let first: i64 = store.query_row("SELECT max(key) FROM payments", [], |row| row.get(0))?;
    let number = format!("({first} + i)");
    let named = |column: &str| format!("{column} || '-' || {number}");
    let is_cut = matches!(copies, Copies::CutOff);
    let mut payment = vec![
        ("key", number.clone()),
        ("reference", named("reference")),
        ("shop_transaction_id", named("shop_transaction_id")),
        ("business_key", named("business_key")),
        ("told", named("told")),
        ("ids", format!("replace(ids, '\"]', '-' || {number} || '\"]')")),
    ];
    let mut operation = vec![("key", "NULL".into()), ("payment", number.clone()), ("reference", named("reference"))];
    if is_cut {
        payment.extend([("state", "'started'".to_owned()), ("ids", "'[]'".into()), ("told", "NULL".into())]);
        let nothing = ["outcome", "finished_at", "answer_status", "answer_headers", "answer_body"];
        operation.extend(nothing.map(|column| (column, "NULL".to_owned())));
        operation.push(("phase", "'sent'".to_owned()));
    }
    insert(store, "payments", &format!("key = {template}"), &payment, count)?;
    insert(store, "operations", &format!("payment = {template}"), &operation, count)?;
    if is_cut {
        return Ok(());
    }
    let name = [("name", named("name")), ("payment", number.clone())];
    insert(store, "names", &format!("payment = {template}"), &name, count)?;
    let mut callback = vec![("key", "NULL".to_owned()), ("payment", number.clone()), ("id", named("id"))];
    if matches!(copies, Copies::Waiting) {
        callback.extend([("state", "'waiting'".to_owned()), ("due_at", "created_at".into())]);
        callback.extend([("finished_at", "NULL".to_owned()), ("attempts", "0".into())]);
    }
    insert(store, "callbacks", &format!("payment = {template}"), &callback, count)
}

/// Copies the rows of a table so often, with some columns changed; `i` counts the copies from 1.
fn insert(store: &Connection, table: &str, of: &str, changes: &[(&str, String)], count: u64) -> Result<()> {
    let mut columns = store.prepare("SELECT name FROM pragma_table_info(?)")?;
    let columns: Vec<String> = columns.query_map([table], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    // The last change of a column is the one that holds.
    let value = |column: &String| {
        let changed = changes.iter().rev().find(|(name, _)| name == column);
        changed.map_or_else(|| column.clone(), |(_, value)| value.clone())
    };
    let values: Vec<_> = columns.iter().map(value).collect();
    store.execute(
        &format!(
            "WITH RECURSIVE counted (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM counted WHERE i < ?)
             INSERT INTO {table} ({}) SELECT {} FROM counted, (SELECT * FROM {table} WHERE {of})",
            columns.join(", "),
            values.join(", "),
        ),
        [count.cast_signed()],
    )?;
    Ok(())
}
