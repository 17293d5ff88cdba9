//! Payments as people look at them: lists, one by whatever name it has, and all that was done to it. Reads alone.

use super::audit::{self, Entry};
use super::callback_list::{self, CallbackRecord};
use super::columns::Columns;
use super::database::{self, Connection, OptionalExtension, ToValue, params};
use super::names::Named;
use super::{Store, StoreError, names, payments};
use crate::clock::Timestamp;
use crate::model::{ActionState, Amount, Kind, Payment, PaymentKey, PaymentState, Phase, Reference, Settled, Version};

/// Which payments; what is left out does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PaymentFilter {
    /// Of this external.
    pub external: Option<String>,
    /// That stand so.
    pub state: Option<PaymentState>,
    /// Only those that a person must look at.
    pub review: bool,
    /// Of this id of the merchant's.
    pub shop_transaction_id: Option<String>,
    /// Claimed or learnt of then or later.
    pub since: Option<Timestamp>,
    /// Before then.
    pub until: Option<Timestamp>,
}

/// An operation of a payment, as people see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationRecord {
    /// What it does.
    pub kind: Kind,
    /// The host's name for it.
    pub reference: Reference,
    /// Who called us; none where it was made elsewhere.
    pub caller: Option<String>,
    /// The plugin that it ran on; empty where it was made elsewhere.
    pub version: Version,
    /// How much it is about.
    pub amount: Option<Amount>,
    /// How far it has come.
    pub phase: Phase,
    /// How it ended.
    pub outcome: Option<Settled>,
    /// Where a refund, a capture or a void stands.
    pub state: Option<ActionState>,
    /// When it was claimed.
    pub created_at: Timestamp,
    /// When its first write was about to leave.
    pub sent_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

/// All that is known of one payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WholePayment {
    /// The payment.
    pub payment: Payment,
    /// What was done to it, oldest first.
    pub operations: Vec<OperationRecord>,
    /// What the merchant was told, or is to be, oldest first.
    pub callbacks: Vec<CallbackRecord>,
    /// What people did to it, oldest first.
    pub audit: Vec<Entry>,
}

/// What somebody's name for a payment, or for something that was done to it, leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedByHand {
    /// The payment.
    pub payment: PaymentKey,
    /// The refund, capture or void of it that was named.
    pub action: Option<Reference>,
}

impl Store {
    /// Payments that fit, the newest first, at most `limit`, made before `before`.
    pub async fn payments(
        &self,
        filter: &PaymentFilter,
        before: Option<PaymentKey>,
        limit: usize,
    ) -> Result<Vec<Payment>, StoreError> {
        let (filter, before) = (filter.clone(), before.map_or(i64::MAX, |key| key.0));
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let list = move |connection: &Connection| {
            let mut values = Vec::new();
            let conditions = filter.conditions(&mut values);
            values.extend([&before as &dyn ToValue, &limit]);
            let sql = format!(
                "SELECT key FROM payments WHERE {conditions} merged_into IS NULL AND key < ? ORDER BY key DESC LIMIT ?"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let keys = statement.query_map(values.as_slice(), |row| row.get(0))?;
            let keys: Vec<PaymentKey> = keys.collect::<database::Result<_>>()?;
            let loaded = keys.into_iter().map(|key| payments::load(connection, key));
            Ok(loaded.filter_map(Result::transpose).collect::<database::Result<_>>()?)
        };
        self.parts.readers.read(list).await
    }

    /// What `name` leads to: a name of the host's, an id of the provider's, what a merchant was told, or the merchant's own
    /// id. Without `external` there may be several.
    pub async fn named_by_hand(&self, external: Option<&str>, name: &str) -> Result<Vec<NamedByHand>, StoreError> {
        let (external, name) = (external.map(str::to_owned), name.to_owned());
        let find = move |connection: &Connection| {
            if let Some(found) = by_reference(connection, external.as_deref(), &name)? {
                return Ok(vec![found]);
            }
            let mut found = Vec::new();
            for external in external.clone().map_or_else(|| externals(connection), |external| Ok(vec![external]))? {
                found.extend(by_name(connection, &external, &name)?);
            }
            Ok(found)
        };
        self.parts.readers.read(find).await
    }

    /// All that is known of a payment.
    pub async fn whole_payment(&self, key: PaymentKey) -> Result<Option<WholePayment>, StoreError> {
        let load = move |connection: &Connection| {
            let Some(payment) = payments::load(connection, key)? else {
                return Ok(None);
            };
            let operations = operations_of(connection, &payment)?;
            let callbacks = callback_list::of_payment(connection, payment.key)?;
            let audit = audit::of_payment(connection, payment.key)?;
            Ok(Some(WholePayment { payment, operations, callbacks, audit }))
        };
        self.parts.readers.read(load).await
    }
}

impl PaymentFilter {
    /// What a row must fulfil, with `AND` behind each; the values come in the same order.
    fn conditions<'a>(&'a self, values: &mut Vec<&'a dyn ToValue>) -> String {
        let mut sql = String::new();
        let mut and = |condition: &str, value: &'a dyn ToValue| {
            sql += condition;
            values.push(value);
        };
        if let Some(external) = &self.external {
            and("external = ? AND ", external);
        }
        if let Some(id) = &self.shop_transaction_id {
            and("shop_transaction_id = ? AND ", id);
        }
        if let Some(since) = &self.since {
            and("created_at >= ? AND ", since);
        }
        if let Some(until) = &self.until {
            and("created_at < ? AND ", until);
        }
        // Written out, so that the indexes of what people look for are found.
        if self.review {
            sql += "review IS NOT NULL AND ";
        }
        if let Some(state) = self.state {
            if state.is_open() || state == PaymentState::Authorized {
                sql += "state IN ('unknown', 'pending', 'action_required', 'authorized') AND ";
            }
            sql += &format!("state = '{}' AND ", state.name());
        }
        sql
    }
}

/// The host's names are unique over all externals.
fn by_reference(
    connection: &Connection,
    external: Option<&str>,
    name: &str,
) -> Result<Option<NamedByHand>, StoreError> {
    let found: Option<(Option<PaymentKey>, Kind, String)> = connection
        .prepare_cached("SELECT payment, kind, external FROM operations WHERE reference = ?")?
        .query_row([name], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    Ok(found.and_then(|(payment, kind, of)| {
        let action = matches!(kind, Kind::Refund | Kind::Capture | Kind::Void).then(|| Reference(name.to_owned()));
        let payment = payment.filter(|_| external.is_none_or(|external| external == of))?;
        Some(NamedByHand { payment, action })
    }))
}

fn by_name(connection: &Connection, external: &str, name: &str) -> Result<Option<NamedByHand>, StoreError> {
    if let Some(payment) = names::owner(connection, external, Named::Payment, name)? {
        return Ok(Some(NamedByHand { payment, action: None }));
    }
    if let Some(key) = names::owner(connection, external, Named::Refund, name)? {
        let payment = payments::load(connection, key)?.ok_or(StoreError::Gone)?;
        let is_named = |refund: &&crate::model::Refund| {
            refund.told.as_deref() == Some(name) || refund.ids.iter().any(|id| id == name)
        };
        let action = payment.refunds.iter().find(is_named).map(|refund| refund.reference.clone());
        return Ok(Some(NamedByHand { payment: key, action }));
    }
    let payment = payments::by_shop_transaction(connection, external, name)?;
    Ok(payment.map(|payment| NamedByHand { payment, action: None }))
}

/// Every external that has payments: jumps from one to the next in the indexes.
fn externals(connection: &Connection) -> database::Result<Vec<String>> {
    let mut found = Vec::new();
    for sql in [
        "SELECT min(external) FROM names WHERE external > ?",
        "SELECT min(external) FROM payments WHERE shop_transaction_id IS NOT NULL AND external > ?",
    ] {
        let (mut statement, mut last) = (connection.prepare_cached(sql)?, String::new());
        while let Some(next) = statement.query_row(params![last], |row| row.get::<Option<String>>(0))? {
            found.push(next.clone());
            last = next;
        }
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// The one that made it, those of its refunds, captures and voids, and those that a plugin asked for.
fn operations_of(connection: &Connection, payment: &Payment) -> database::Result<Vec<OperationRecord>> {
    let mut statement = connection.prepare_cached(
        "SELECT kind, reference, caller, version, amount, currency, phase, outcome, action_state, created_at, sent_at,
                finished_at
         FROM operations
         WHERE key IN (SELECT key FROM operations WHERE reference = ?
                       UNION SELECT key FROM operations WHERE payment = ? AND kind IN ('refund', 'capture', 'void')
                       UNION SELECT operation FROM follow_ups WHERE payment = ? AND operation IS NOT NULL)
         ORDER BY key",
    )?;
    let operations = statement.query_map(params![payment.reference, payment.key, payment.key], |row| {
        let mut columns = Columns::of(row);
        Ok(OperationRecord {
            kind: columns.next()?,
            reference: columns.next()?,
            caller: columns.next()?,
            version: columns.next()?,
            amount: columns.next_amount()?,
            phase: columns.next()?,
            outcome: columns.next()?,
            state: columns.next()?,
            created_at: columns.next()?,
            sent_at: columns.next()?,
            finished_at: columns.next()?,
        })
    })?;
    operations.collect()
}
