//! By which names payments are found: provider ids and what merchants were told, for ever (rule 5).

use super::database::{self, Connection, OptionalExtension, params};
use super::payments;
use crate::model::{Action, Origin, Payment, PaymentKey, Target};

/// What a name names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Named {
    Payment,
    Refund,
}

impl Named {
    pub(super) fn column(self) -> &'static str {
        match self {
            Self::Payment => "payment",
            Self::Refund => "refund",
        }
    }
}

/// The payment that has this name, or whose refund has it.
pub(super) fn owner(
    connection: &Connection,
    external: &str,
    named: Named,
    name: &str,
) -> database::Result<Option<PaymentKey>> {
    let mut statement =
        connection.prepare_cached("SELECT payment FROM names WHERE external = ? AND kind = ? AND name = ?")?;
    statement.query_row([external, named.column(), name], |row| row.get(0)).optional()
}

/// Gives a name to a payment unless another has it. Returns that other.
pub(super) fn add(
    connection: &Connection,
    payment: &Payment,
    named: Named,
    name: &str,
) -> database::Result<Option<PaymentKey>> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO names (external, kind, name, payment) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
    )?;
    if statement.execute(params![payment.external, named.column(), name, payment.key])? > 0 {
        return Ok(None);
    }
    Ok(owner(connection, &payment.external, named, name)?.filter(|owner| *owner != payment.key))
}

/// Gives a name to a payment, whoever had it.
pub(super) fn give(connection: &Connection, payment: &Payment, named: Named, name: &str) -> database::Result<()> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO names (external, kind, name, payment) VALUES (?, ?, ?, ?)
         ON CONFLICT (external, kind, name) DO UPDATE SET payment = excluded.payment",
    )?;
    statement.execute(params![payment.external, named.column(), name, payment.key])?;
    Ok(())
}

/// Every name of a payment and its refunds, without those that the host itself gave.
pub(super) fn of(payment: &Payment) -> impl Iterator<Item = (Named, &String)> {
    let told = payment.told.iter().filter(|told| **told != payment.reference.0);
    let own = payment.ids.iter().chain(told).map(|name| (Named::Payment, name));
    let refunds = payment.refunds.iter().flat_map(|refund| {
        let told = refund.told.iter().filter(|told| **told != refund.reference.0);
        refund.ids.iter().chain(told).map(|name| (Named::Refund, name))
    });
    own.chain(refunds)
}

/// The payment that news is about: by provider ids, then the host's name, then the merchant's. One of ours goes
/// before one that was adopted, so that the two become one (rule 5).
pub(super) fn find(
    connection: &Connection,
    external: &str,
    action: Action,
    action_id: Option<&str>,
    target: &Target,
) -> database::Result<Option<PaymentKey>> {
    let mut adopted = None;
    let mut own = |found: Option<PaymentKey>| -> database::Result<Option<PaymentKey>> {
        let Some(key) = found else {
            return Ok(None);
        };
        if payments::standing(connection, key)?.0 == Origin::Adopted {
            adopted.get_or_insert(key);
            return Ok(None);
        }
        Ok(Some(key))
    };
    for id in &target.payment_ids {
        if let Some(key) = own(owner(connection, external, Named::Payment, id)?)? {
            return Ok(Some(key));
        }
    }
    if let Some(reference) = &target.host_reference
        && let Some(key) = own(payments::by_reference(connection, external, reference)?)?
    {
        return Ok(Some(key));
    }
    if let Some(id) = action_id.filter(|_| action == Action::Refund)
        && let Some(key) = own(owner(connection, external, Named::Refund, id)?)?
    {
        return Ok(Some(key));
    }
    if let Some(key) = own(by_shop_transaction(connection, external, target)?)? {
        return Ok(Some(key));
    }
    Ok(adopted)
}

/// The payment of the news's shop transaction id, unless another name of the news contradicts it: several attempts
/// may share the merchant's id, and the end of one of them says nothing about the next.
fn by_shop_transaction(
    connection: &Connection,
    external: &str,
    target: &Target,
) -> database::Result<Option<PaymentKey>> {
    let Some(id) = &target.shop_transaction_id else {
        return Ok(None);
    };
    let Some(key) = payments::by_shop_transaction(connection, external, id)? else {
        return Ok(None);
    };
    let found = payments::load(connection, key)?.filter(|payment| {
        let no_other_id = target.payment_ids.is_empty() || payment.ids.is_empty();
        no_other_id && target.host_reference.as_ref().is_none_or(|said| *said == payment.reference.0)
    });
    Ok(found.map(|payment| payment.key))
}
