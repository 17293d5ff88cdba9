//! Finding what was never acknowledged, by the reference that went along.

use provost_sdk::prelude::*;

use crate::answer::Answer;
use crate::{Acme, url};

impl Search for Acme {
    fn find(query: Query) -> Result<Vec<PaymentStatus>> {
        match (query.action, query.payment) {
            (Action::Payment, _) => charges(&query.host_reference),
            (Action::Refund, Some(payment)) => refunds(&query.host_reference, &payment),
            _ => Err(Error::unsupported("Acme knows charges and refunds only")),
        }
    }
}

fn charges(reference: &str) -> Result<Vec<PaymentStatus>> {
    let found = with_reference("charges", reference)?;
    let statuses = found.into_iter().map(|charge| {
        let named = Reference::payment(charge.id()?).with_host_reference(reference);
        let status = PaymentStatus::new(named, charge.state());
        Ok(charge.describe(status))
    });
    statuses.collect()
}

fn refunds(reference: &str, payment: &Payment) -> Result<Vec<PaymentStatus>> {
    let found = with_reference("refunds", reference)?;
    let statuses = found.into_iter().map(|refund| {
        let status = PaymentStatus::of(payment, refund.state()).refund(refund.id()?);
        Ok(refund.describe(status))
    });
    statuses.collect()
}

/// The refund that an operation made, where the answer that would have named it got lost.
pub(crate) fn refund(reference: &str) -> Result<Answer> {
    with_reference("refunds", reference)?
        .pop()
        .ok_or_else(|| Error::not_found("Acme has no refund with this reference"))
}

fn with_reference(kind: &str, reference: &str) -> Result<Vec<Answer>> {
    let answer = http::get(url(&[kind])?).query("reference", reference).bearer("api_key").send()?;
    Ok(answer.success()?.json()?)
}
