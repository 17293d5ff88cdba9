//! Reads: what is on disk, without waiting for the writer.

use super::database::{self, Connection};
use super::names::{self, Named};
use super::{Store, StoreError, operations, payments};
use crate::model::{Operation, OperationKey, Payment, PaymentKey, Refund};
use std::time::Duration;

/// A server that is silent for so long is as good as away: callers are to hear of it within three seconds.
const SILENCE: Duration = Duration::from_secs(2);

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

impl Name<'_> {
    fn id(&self) -> &str {
        match self {
            Self::Payment(id) | Self::Refund(id) | Self::ShopTransaction(id) => id,
        }
    }

    /// The same kind of name with another id.
    fn with<'b>(&self, id: &'b str) -> Name<'b> {
        match self {
            Self::Payment(_) => Name::Payment(id),
            Self::Refund(_) => Name::Refund(id),
            Self::ShopTransaction(_) => Name::ShopTransaction(id),
        }
    }
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
    pub async fn payment(&self, external: &str, name: Name<'_>) -> Result<Option<Found>, StoreError> {
        let (external, kind, id) = (external.to_owned(), name.with(""), name.id().to_owned());
        // The ordinary question takes two statements this way; the other takes five.
        if let Name::Payment(_) = name {
            let (external, id) = (external.clone(), id.clone());
            let at_once =
                move |connection: &Connection| Ok(payments::load_named(connection, &external, Named::Payment, &id)?);
            if let Some(payment) = self.parts.readers.glance(at_once).await? {
                return Ok(Some(Found { payment, refund: None }));
            }
        }
        let find = move |connection: &Connection| find(connection, &external, kind.with(&id));
        self.parts.readers.read(find).await
    }

    /// The payment that the store keeps under this key.
    pub async fn payment_by_key(&self, key: PaymentKey) -> Result<Option<Payment>, StoreError> {
        self.parts.readers.read(move |connection| Ok(payments::load(connection, key)?)).await
    }

    /// An operation, with its answer once it has one.
    pub async fn operation(&self, key: OperationKey) -> Result<Option<Operation>, StoreError> {
        let load = move |connection: &Connection| Ok(operations::load(connection, key)?.map(|kept| kept.operation));
        self.parts.readers.read(load).await
    }

    /// The operation that the host named so, with its answer once it has one.
    pub async fn operation_by_reference(&self, reference: &str) -> Result<Option<Operation>, StoreError> {
        let reference = reference.to_owned();
        let load = move |connection: &Connection| {
            Ok(operations::by_reference(connection, &reference)?.map(|kept| kept.operation))
        };
        self.parts.readers.read(load).await
    }

    /// Whether the store can be read and written now. A server that says nothing for two seconds cannot.
    pub async fn ping(&self) -> Result<(), StoreError> {
        if !self.is_shared() {
            return self.try_both().await;
        }
        let silent = |_| StoreError::Away("the database does not answer".into());
        tokio::time::timeout(SILENCE, self.try_both()).await.map_err(silent)?
    }

    async fn try_both(&self) -> Result<(), StoreError> {
        self.parts
            .readers
            .read(|connection| Ok(connection.query_row("SELECT count(*) FROM host_key", [], |_| Ok(()))?))
            .await?;
        self.parts.writer.durable(|_| Ok(())).await
    }
}

fn find(connection: &Connection, external: &str, name: Name<'_>) -> Result<Option<Found>, StoreError> {
    let Some(key) = key_of(connection, external, name)? else {
        return Ok(None);
    };
    let found = payments::load(connection, key)?;
    let found = found.map(|payment| Found { refund: position(&payment, name), payment });
    Ok(found.filter(|found| found.refund.is_some() || !matches!(name, Name::Refund(_))))
}

fn key_of(connection: &Connection, external: &str, name: Name<'_>) -> database::Result<Option<PaymentKey>> {
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
