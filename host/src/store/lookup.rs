//! Reads: what is on disk, without waiting for the writer.

use super::names::{self, Named};
use super::{Store, StoreError, operations, payments};
use crate::model::{Operation, OperationKey, Payment, PaymentKey, Refund};
use rusqlite::Connection;

/// A name by which a payment is asked for (rule 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name<'a> {
    /// Any id of the payment: told, the provider's, or the host's own.
    Payment(&'a str),
    /// The same of a refund.
    Refund(&'a str),
    /// The merchant's own id: the payment that lives, else the newest.
    ShopTransaction(&'a str),
}

/// A payment that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The payment.
    pub payment: Payment,
    /// Which of its refunds was named, by position.
    pub refund: Option<usize>,
}

impl Store {
    /// The payment that a name belongs to.
    pub fn payment(&self, external: &str, name: Name<'_>) -> Result<Option<Found>, StoreError> {
        // The ordinary question takes two statements this way; the other takes five.
        if let Name::Payment(id) = name {
            let named = |connection: &Connection| Ok(payments::load_named(connection, external, Named::Payment, id)?);
            if let Some(payment) = self.parts.readers.glance(named)? {
                return Ok(Some(Found { payment, refund: None }));
            }
        }
        self.parts.readers.read(|connection| {
            let Some(key) = key_of(connection, external, name)? else {
                return Ok(None);
            };
            let found = payments::load(connection, key)?;
            let found = found.map(|payment| Found { refund: position(&payment, name), payment });
            Ok(found.filter(|found| found.refund.is_some() || !matches!(name, Name::Refund(_))))
        })
    }

    /// The payment that the store keeps under this key.
    pub fn payment_by_key(&self, key: PaymentKey) -> Result<Option<Payment>, StoreError> {
        self.parts.readers.read(|connection| Ok(payments::load(connection, key)?))
    }

    /// An operation, with its answer once it has one.
    pub fn operation(&self, key: OperationKey) -> Result<Option<Operation>, StoreError> {
        self.parts.readers.read(|connection| Ok(operations::load(connection, key)?.map(|kept| kept.operation)))
    }

    /// The operation that the host named so, with its answer once it has one.
    pub fn operation_by_reference(&self, reference: &str) -> Result<Option<Operation>, StoreError> {
        self.parts
            .readers
            .read(|connection| Ok(operations::by_reference(connection, reference)?.map(|kept| kept.operation)))
    }

    /// Whether the store can be read and written now.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.parts.readers.read(|connection| {
            Ok(connection.prepare_cached("SELECT count(*) FROM sqlite_schema")?.query_row([], |_| Ok(()))?)
        })?;
        self.parts.writer.durable(|_| Ok(())).await
    }
}

fn key_of(connection: &Connection, external: &str, name: Name<'_>) -> rusqlite::Result<Option<PaymentKey>> {
    let (named, name) = match name {
        Name::Payment(name) => (Named::Payment, name),
        Name::Refund(name) => (Named::Refund, name),
        Name::ShopTransaction(id) => return payments::by_shop_transaction(connection, external, id),
    };
    match names::owner(connection, external, named, name)? {
        Some(key) => Ok(Some(key)),
        None => payments::by_reference(connection, external, name),
    }
}

fn position(payment: &Payment, name: Name<'_>) -> Option<usize> {
    let Name::Refund(name) = name else {
        return None;
    };
    let is_named = |refund: &Refund| {
        refund.reference.0 == name || refund.told.as_deref() == Some(name) || refund.ids.iter().any(|id| id == name)
    };
    payment.refunds.iter().position(is_named)
}
