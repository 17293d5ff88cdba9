//! What becomes of operations whose host stopped: *unknown* where something may have left, else *not executed* (rule 3).

use super::change::{Changed, When};
use super::{Store, StoreError, finish, operations, parked};
use crate::clock::Timestamp;
use crate::model::{Action, Kind, News, NewsState, Operation, OperationKey, Payment, Phase, Settled, Source, Target};
use rusqlite::Connection;

/// An operation that was ended because its lease had lapsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lapsed {
    /// The operation.
    pub operation: OperationKey,
    /// What it did.
    pub kind: Kind,
    /// [`Settled::Unknown`] or [`Settled::NotExecuted`].
    pub settled: Settled,
    /// Its payment, and what to do about it.
    pub changed: Changed,
}

impl Store {
    /// Ends the operations whose lease has lapsed. Those that are unknown now are due to be asked for at once.
    pub async fn lapse(&self, now: Timestamp) -> Result<Vec<Lapsed>, StoreError> {
        self.lapse_until(now, now).await
    }

    /// Ends every operation that is not finished: at start, because who ran them is gone.
    pub async fn lapse_all(&self, now: Timestamp) -> Result<Vec<Lapsed>, StoreError> {
        self.lapse_until(Timestamp(u64::MAX), now).await
    }

    async fn lapse_until(&self, until: Timestamp, now: Timestamp) -> Result<Vec<Lapsed>, StoreError> {
        if self.parts.readers.read(|connection| Ok(lapsed(connection, until)?))?.is_empty() {
            return Ok(Vec::new());
        }
        let end_all = move |connection: &Connection| {
            lapsed(connection, until)?.into_iter().map(|key| end(connection, key, now)).collect()
        };
        self.parts.writer.durable(end_all).await
    }
}

fn lapsed(connection: &Connection, until: Timestamp) -> rusqlite::Result<Vec<OperationKey>> {
    let mut statement = connection.prepare_cached(
        "SELECT key FROM operations INDEXED BY operations_open WHERE phase <> 'finished' AND lease_until <= ?
         ORDER BY lease_until, key",
    )?;
    let keys = statement.query_map([until], |row| row.get(0))?;
    keys.collect()
}

fn end(connection: &Connection, key: OperationKey, now: Timestamp) -> Result<Lapsed, StoreError> {
    let operation = operations::load(connection, key)?.ok_or(StoreError::Gone)?.operation;
    let (settled, state) = match operation.phase {
        Phase::Sent => (Settled::Unknown, NewsState::Unknown),
        Phase::Started | Phase::Finished => (Settled::NotExecuted, NewsState::NotExecuted),
    };
    let when = When { now, ask_at: Some(now) };
    let news = news_of(&operation, state);
    let mut changed = finish::settle(connection, &operation, &news, when, |payment| {
        if settled == Settled::Unknown {
            tell(payment, key);
        }
    })?;
    let settled = finish::unless_contradicted(settled, &operation, &changed.payment);
    operations::finish(connection, key, settled, None, now)?;
    parked::catch_up(connection, &mut changed, when)?;
    Ok(Lapsed { operation: key, kind: operation.kind, settled, changed })
}

fn news_of(operation: &Operation, state: NewsState) -> News {
    let action = match operation.kind {
        Kind::Pay => Action::Payment,
        Kind::Refund => Action::Refund,
    };
    let target = Target { host_reference: Some(operation.reference.0.clone()), ..Target::default() };
    News::new(Source::Answer, target, action, state)
}

/// The callback is the first that the merchant hears: the id that it carries stays valid for ever (rule 5).
fn tell(payment: &mut Payment, operation: OperationKey) {
    if payment.told.is_none() {
        payment.told = Some(payment.shown_id().to_owned());
    }
    let refund = payment.refunds.iter_mut().find(|refund| refund.operation == Some(operation));
    if let Some(refund) = refund.filter(|refund| refund.told.is_none()) {
        refund.told = Some(refund.shown_id().to_owned());
    }
}
