//! Callbacks sent again because a person asks for it (rule 33): the same row, the same id, the same bytes, and the
//! schedule from its beginning. Each leaves a row of `audit`, in the same transaction.

use super::callback_list::CallbackFilter;
use super::callbacks::{CallbackKey, CallbackState};
use super::database::{self, Connection, OptionalExtension, Row, ToValue};
use super::lane::Lane;
use super::{Store, StoreError, audit};
use crate::clock::Timestamp;
use crate::model::{PaymentKey, SubscriptionKey};

/// Callbacks replayed in one command at most: the traffic waits no longer for it.
pub const REPLAYED_AT_ONCE: usize = 200;

/// Which callbacks. One that waits goes out anyhow, and is never meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// The one that has this id.
    One(String),
    /// Every one that fits, in the order in which they were made: dead letters, where the filter names no state.
    All {
        /// What they have in common.
        filter: CallbackFilter,
        /// Behind this one: where the command before ended.
        after: Option<CallbackKey>,
    },
}

/// A wish to replay.
#[derive(Clone, Debug)]
pub struct Replaying {
    /// The present.
    pub now: Timestamp,
    /// Which.
    pub which: Which,
    /// Who wishes it.
    pub who: String,
    /// Why.
    pub reason: String,
}

/// What became of a wish to replay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replayed {
    /// These are due now, or follow others of their payment that were replayed too.
    Done {
        /// Their ids.
        ids: Vec<String>,
        /// There may be more behind this one.
        more_after: Option<CallbackKey>,
    },
    /// No callback has this id.
    NotKnown,
    /// It waits to be delivered anyhow.
    Waits,
}

struct Letter {
    key: CallbackKey,
    id: String,
    external: String,
    payment: Option<PaymentKey>,
    subscription: Option<SubscriptionKey>,
    state: CallbackState,
}

impl Store {
    /// Replays callbacks: at most [`REPLAYED_AT_ONCE`], with the place to go on from where there may be more. When
    /// this returns, they are on disk as due.
    pub async fn replay(&self, replaying: Replaying) -> Result<Replayed, StoreError> {
        // Found by a reader: a filter may have to pass over many, and nobody is to wait for that.
        let which = replaying.which.clone();
        let found = self.parts.readers.read(move |connection: &Connection| find(connection, &which)).await?;
        let last = found.last().filter(|_| found.len() == REPLAYED_AT_ONCE).copied();
        if let Which::One(id) = &replaying.which
            && found.is_empty()
        {
            let known = self.callback(id).await?.is_some();
            return Ok(if known { Replayed::Waits } else { Replayed::NotKnown });
        }
        self.parts
            .writer
            .durable(move |connection| {
                let mut ids = Vec::with_capacity(found.len());
                for key in &found {
                    ids.extend(replay(connection, *key, &replaying)?);
                }
                Ok(Replayed::Done { ids, more_after: last })
            })
            .await
    }
}

fn find(connection: &Connection, which: &Which) -> Result<Vec<CallbackKey>, StoreError> {
    let (filter, after) = match which {
        Which::One(id) => {
            let mut statement =
                connection.prepare_cached("SELECT key FROM callbacks WHERE id = ? AND state <> 'waiting'")?;
            let key = statement.query_row([id], |row| row.get(0).map(CallbackKey)).optional()?;
            return Ok(key.into_iter().collect());
        }
        Which::All { filter, after } => (filter, after.map_or(0, |key| key.0)),
    };
    let filter = CallbackFilter { state: filter.state.or(Some(CallbackState::Dead)), ..filter.clone() };
    let mut values: Vec<&dyn ToValue> = Vec::new();
    let conditions = filter.conditions(&mut values);
    let limit = REPLAYED_AT_ONCE as i64;
    values.extend([&after as &dyn ToValue, &limit]);
    let sql =
        format!("SELECT key FROM callbacks WHERE {conditions} state <> 'waiting' AND key > ? ORDER BY key LIMIT ?");
    let mut statement = connection.prepare_cached(&sql)?;
    let keys = statement.query_map(values.as_slice(), |row| row.get(0).map(CallbackKey))?;
    Ok(keys.collect::<database::Result<_>>()?)
}

/// Replays one, and says which; none where somebody else did so a moment ago.
fn replay(connection: &Connection, key: CallbackKey, replaying: &Replaying) -> Result<Option<String>, StoreError> {
    let letter = connection
        .prepare_cached("SELECT key, id, external, payment, subscription, state FROM callbacks WHERE key = ?")?
        .query_row([key.0], read)
        .optional()?;
    let Some(letter) = letter.filter(|letter| letter.state != CallbackState::Waiting) else {
        return Ok(None);
    };
    connection
        .prepare_cached(
            "UPDATE callbacks SET state = 'waiting', replayed = 1, schedule_from = attempts,
                                  finished_at = NULL
             WHERE key = ?",
        )?
        .execute([letter.key.0])?;
    if let Some(lane) = Lane::new(letter.payment, letter.subscription, true) {
        lane.put_in_order(connection, replaying.now)?;
    }
    let entry = audit::Entry {
        at: replaying.now,
        who: replaying.who.clone(),
        action: audit::Action::Replay,
        external: letter.external.clone(),
        subject: letter.id.clone(),
        before: letter.state.name().to_owned(),
        after: CallbackState::Waiting.name().to_owned(),
        reason: replaying.reason.clone(),
    };
    audit::write(connection, letter.payment, letter.subscription, &entry)?;
    Ok(Some(letter.id))
}

fn read(row: &Row<'_>) -> database::Result<Letter> {
    Ok(Letter {
        key: CallbackKey(row.get(0)?),
        id: row.get(1)?,
        external: row.get(2)?,
        payment: row.get(3)?,
        subscription: row.get(4)?,
        state: row.get(5)?,
    })
}
