//! What people did to payments and callbacks: who, when, what, from what to what, and why. Written in the transaction
//! that did it, and kept for ever.

use super::columns::Columns;
use super::database::{self, Connection, Row, params};
use crate::clock::Timestamp;
use crate::model::{PaymentKey, SubscriptionKey};

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A payment, refund, capture or void was decided by hand.
    Settle,
    /// A callback was sent again.
    Replay,
}

impl Action {
    /// Its name in the store and for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Settle => "settle",
            Self::Replay => "replay",
        }
    }

    /// The action that has this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Settle, Self::Replay].into_iter().find(|action| action.name() == name)
    }
}

/// One thing that a person did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// Who, as they said.
    pub who: String,
    /// What.
    pub action: Action,
    /// The external.
    pub external: String,
    /// The name of the payment, refund, capture or callback that it was done to.
    pub subject: String,
    /// Its state before.
    pub before: String,
    /// Its state after.
    pub after: String,
    /// Why.
    pub reason: String,
}

macro_rules! select {
    ($condition:literal) => {
        concat!(
            "SELECT at, who, action, external, subject, state_before, state_after, reason FROM audit WHERE ",
            $condition,
            " ORDER BY key"
        )
    };
}

pub(super) fn write(
    connection: &Connection,
    payment: Option<PaymentKey>,
    subscription: Option<SubscriptionKey>,
    entry: &Entry,
) -> database::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO audit (at, who, action, external, payment, subscription, subject, state_before, state_after,
                                reason)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            entry.at,
            entry.who,
            entry.action,
            entry.external,
            payment,
            subscription,
            entry.subject,
            entry.before,
            entry.after,
            entry.reason,
        ])?;
    Ok(())
}

/// What people did to a payment and its callbacks, oldest first.
pub(super) fn of_payment(connection: &Connection, payment: PaymentKey) -> database::Result<Vec<Entry>> {
    let mut statement = connection.prepare_cached(select!("payment = ?"))?;
    let entries = statement.query_map([payment], read)?;
    entries.collect()
}

/// What people did to a callback, oldest first.
pub(super) fn of_callback(connection: &Connection, id: &str) -> database::Result<Vec<Entry>> {
    let mut statement = connection.prepare_cached(select!("action = 'replay' AND subject = ?"))?;
    let entries = statement.query_map([id], read)?;
    entries.collect()
}

fn read(row: &Row<'_>) -> database::Result<Entry> {
    let mut columns = Columns::of(row);
    Ok(Entry {
        at: columns.next()?,
        who: columns.next()?,
        action: columns.next()?,
        external: columns.next()?,
        subject: columns.next()?,
        before: columns.next()?,
        after: columns.next()?,
        reason: columns.next()?,
    })
}
