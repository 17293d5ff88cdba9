//! Every answered payment exists in the answered state or a lawful successor.

use super::{Case, Payment};
use crate::book::{Answer, Step};
use std::collections::HashMap;

/// Every fault found.
pub(crate) fn check(case: &Case<'_>, faults: &mut Vec<String>) {
    // The host's own name stays valid too, where the payment got another before its caller was answered.
    let payments: HashMap<_, _> = case
        .payments
        .values()
        .flat_map(|payment| [(payment.reference.as_str(), payment), (payment.told.as_str(), payment)])
        .collect();
    let refunds: HashMap<_, _> = case
        .operations
        .iter()
        .filter(|operation| operation.kind == "refund")
        .flat_map(|refund| [(refund.told.as_str(), refund), (refund.reference.as_str(), refund)])
        .collect();
    for answer in &case.pages.answers {
        let stands = match answer.step {
            Step::Refund => refunds.get(answer.id.as_str()).map(|refund| refund.state.as_str()),
            _ if answer.id.is_empty() => Some("not_charged"),
            _ => payments.get(answer.id.as_str()).filter(|payment| is_of(payment, answer)).map(|it| it.state.as_str()),
        };
        let holds = stands.is_some_and(|state| is_lawful(answer, state));
        if !holds {
            faults.push(format!("{answer:?} was answered, and stands as {stands:?}"));
        }
    }
}

fn is_of(payment: &Payment, answer: &Answer) -> bool {
    payment.shop == answer.shop
}

/// Whether what was answered may have become this.
fn is_lawful(answer: &Answer, state: &str) -> bool {
    match (answer.step, answer.result.as_str()) {
        // A capture or a void says OK of itself; its payment was taken or let go.
        (Step::Act, "OK") if answer.amount == 0 => state == "voided",
        (Step::Act, _) => matches!(state, "accepted" | "authorized" | "voided"),
        (Step::Link, "OK" | "KO") => state != "started",
        (Step::Pay | Step::Refund, "OK") => state == "accepted",
        (Step::Pay | Step::Refund, "KO") => matches!(state, "failed" | "not_charged"),
        (Step::Pay | Step::Refund, "PENDING" | "REDIRECT_TO_URL") => state != "not_executed" && state != "started",
        _ => false,
    }
}
