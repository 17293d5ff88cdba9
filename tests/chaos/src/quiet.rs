//! Waits until nothing is left to do, and says what is where that does not come.

use crate::book::Book;
use crate::disk::Disk;
use crate::letters::Letters;
use anyhow::Result;
use simulators::Bank;
use std::time::{Duration, Instant};

/// How long that may take: schedules are short here.
const PATIENCE: Duration = Duration::from_secs(90);
const GLANCE: Duration = Duration::from_millis(200);

/// How often it is said what is waited for.
const NEWS: Duration = Duration::from_secs(10);

/// Waits. What is still open after a long time is a fault.
pub(crate) async fn quiet(
    book: &Book,
    bank: &Bank,
    letters: &Letters,
    disk: &Disk,
    progress: &(dyn Fn(String) + Sync),
) -> Result<Vec<String>> {
    bank.heal();
    let begun = Instant::now();
    let mut news = NEWS;
    loop {
        let mut open = open(bank, letters, disk)?;
        let stuck = book.open().stuck.len();
        if stuck > 0 {
            open.push(format!("{stuck} payments wait for a person"));
        }
        let waited = begun.elapsed();
        if open.is_empty() || waited > PATIENCE {
            return Ok(open);
        }
        if waited > news {
            progress(format!("not quiet after {} s: {}", waited.as_secs(), open.join("; ")));
            news += NEWS;
        }
        tokio::time::sleep(GLANCE).await;
    }
}

fn open(bank: &Bank, letters: &Letters, disk: &Disk) -> Result<Vec<String>> {
    let mut open = Vec::new();
    let ledger = bank.ledger();
    let undecided = ledger.open().undecided();
    if undecided + letters.left() > 0 {
        open.push(format!("{undecided} entries are undecided, {} webhooks are not taken", letters.left()));
    }
    for row in disk.rows("SELECT reference, phase FROM operations WHERE phase <> 'finished'")? {
        open.push(format!("an operation does not end: {row:?}"));
    }
    for row in disk.rows("SELECT id, type, attempts, state FROM callbacks WHERE state = 'waiting'")? {
        open.push(format!("a callback waits: {row:?}"));
    }
    for row in disk.rows("SELECT payment, state, attempts FROM follow_ups WHERE state = 'waiting'")? {
        open.push(format!("a follow-up waits: {row:?}"));
    }
    let undecided = "
        SELECT o.reference, o.kind, p.state FROM payments p JOIN operations o ON o.payment = p.key
        WHERE p.state IN ('unknown', 'pending', 'action_required') AND p.merged_into IS NULL
          AND o.kind IN ('pay', 'link', 'start', 'schedule', 'charge')
        UNION ALL
        SELECT reference, kind, action_state FROM operations WHERE action_state IN ('unknown', 'pending')";
    let rows = disk.rows(undecided)?;
    let books = ledger.open();
    // What never reached the bank may stay unknown: the bank cannot tell of it.
    let decided = |row: &[String]| books.made_by(&row[0]).any(|entry| !entry.awaits());
    let told = rows.into_iter().filter(|row| decided(row));
    open.extend(told.map(|row| format!("the bank could tell, and nobody asks: {row:?}")));
    Ok(open)
}
