//! What must hold once all is quiet, whatever happened before. Each file is one promise; each fault says what was found.

mod answers;
mod callbacks;
mod money;
mod states;

use crate::book::Pages;
use crate::disk::{Disk, Row};
use crate::inbox::Mail;
use anyhow::{Context, Result};
use simulators::bank::{Books, Entry};
use std::collections::HashMap;

/// Everything that is known at the end.
pub(crate) struct Case<'a> {
    pub(crate) pages: &'a Pages,
    pub(crate) books: &'a Books,
    pub(crate) mail: &'a Mail,
    pub(crate) payments: HashMap<String, Payment>,
    pub(crate) operations: Vec<Operation>,
    pub(crate) callbacks: Vec<Callback>,
}

/// A payment as it is on disk.
pub(crate) struct Payment {
    pub(crate) shop: String,
    pub(crate) state: String,
    pub(crate) reference: String,
    pub(crate) told: String,
    pub(crate) captured: u64,
    pub(crate) refunded: u64,
    pub(crate) review: String,
}

/// An operation as it is on disk.
pub(crate) struct Operation {
    pub(crate) kind: String,
    pub(crate) payment: String,
    pub(crate) reference: String,
    pub(crate) outcome: String,
    pub(crate) state: String,
    pub(crate) told: String,
}

/// A callback as it is on disk.
pub(crate) struct Callback {
    pub(crate) id: String,
    /// The payment or the subscription that it tells of.
    pub(crate) about: String,
    pub(crate) sequence: u64,
    pub(crate) body: Vec<u8>,
    pub(crate) state: String,
}

/// Holds everything against everything, and says what does not hold.
pub(crate) fn judge(pages: &Pages, books: &Books, mail: &Mail, disk: &Disk) -> Result<Vec<String>> {
    let mut faults = disk.faults()?;
    let case = Case::read(pages, books, mail, disk)?;
    faults.extend(case.pages.wrongs.iter().cloned());
    faults.extend(case.books.complaints().iter().map(|complaint| format!("the bank: {complaint}")));
    money::check(&case, &mut faults);
    answers::check(&case, &mut faults);
    callbacks::check(&case, &mut faults);
    states::check(&case, &mut faults);
    Ok(faults)
}

impl<'a> Case<'a> {
    fn read(pages: &'a Pages, books: &'a Books, mail: &'a Mail, disk: &Disk) -> Result<Self> {
        let payments = disk.rows(
            "SELECT key, shop_transaction_id, state, reference, told, captured, refunded, review FROM payments
             WHERE merged_into IS NULL",
        )?;
        let operations = disk.rows(
            "SELECT kind, payment, reference, outcome, action_state, told FROM operations WHERE caller IS NOT NULL",
        )?;
        let callbacks =
            disk.rows("SELECT id, payment, subscription, sequence, {hex:body}, state FROM callbacks ORDER BY key")?;
        Ok(Self {
            pages,
            books,
            mail,
            payments: payments.into_iter().map(Payment::read).collect::<Result<_>>()?,
            operations: operations.into_iter().map(Operation::read).collect::<Result<_>>()?,
            callbacks: callbacks.into_iter().map(Callback::read).collect::<Result<_>>()?,
        })
    }

    /// What the bank did for an operation, if it did anything.
    pub(crate) fn made(&self, operation: &Operation) -> Option<&'a Entry> {
        let is_it = |entry: &&Entry| match operation.kind.as_str() {
            "pay" | "link" | "start" | "schedule" | "charge" => entry.charges(),
            _ => true,
        };
        self.books.made_by(&operation.reference).find(is_it)
    }
}

impl Payment {
    fn read(row: Row) -> Result<(String, Self)> {
        let [key, shop, state, reference, told, captured, refunded, review] = columns(row)?;
        let (captured, refunded) = (captured.parse().unwrap_or(0), refunded.parse().unwrap_or(0));
        Ok((key, Self { shop, state, reference, told, captured, refunded, review }))
    }
}

impl Operation {
    fn read(row: Row) -> Result<Self> {
        let [kind, payment, reference, outcome, state, told] = columns(row)?;
        Ok(Self { kind, payment, reference, outcome, state, told })
    }
}

impl Callback {
    fn read(row: Row) -> Result<Self> {
        let [id, payment, subscription, sequence, body, state] = columns(row)?;
        let about =
            if payment.is_empty() { format!("subscription {subscription}") } else { format!("payment {payment}") };
        let body = hex::decode(body).context("bytes are read as digits")?;
        Ok(Self { id, about, sequence: sequence.parse()?, body, state })
    }
}

fn columns<const N: usize>(row: Row) -> Result<[String; N]> {
    row.try_into().ok().context("a query reads as many columns as it names")
}
