//! At most one charge per payment, exactly one where we say paid; nothing is executed that is not on disk.

use super::{Case, Operation};
use simulators::bank::{Entry, Kind, Status};
use std::collections::{HashMap, HashSet};

/// Every fault found.
pub(crate) fn check(case: &Case<'_>, faults: &mut Vec<String>) {
    nothing_is_executed_unknown_to_the_host(case, faults);
    nobody_is_charged_twice(case, faults);
    what_the_host_says_is_what_the_bank_did(case, faults);
    sums_agree(case, faults);
}

fn nothing_is_executed_unknown_to_the_host(case: &Case<'_>, faults: &mut Vec<String>) {
    let known: HashSet<_> = case.operations.iter().map(|operation| operation.reference.as_str()).collect();
    let unknown = case.books.entries().iter().filter(|entry| !known.contains(entry.reference.as_str()));
    faults.extend(unknown.map(|entry| format!("executed, and not on disk: {entry:?}")));
}

fn nobody_is_charged_twice(case: &Case<'_>, faults: &mut Vec<String>) {
    let mut charged = HashMap::new();
    let mut given_back = HashMap::new();
    let mut done = HashMap::new();
    for entry in case.books.entries().iter().filter(|entry| entry.is_alive()) {
        if entry.charges()
            && let Some(first) = charged.insert(&entry.shop, entry)
        {
            faults.push(format!("charged twice: {first:?} and {entry:?}"));
        }
        // Each refund of a payment asks for an amount of its own.
        if entry.kind == Kind::Refund
            && let Some(first) = given_back.insert((&entry.of, entry.amount), entry)
        {
            faults.push(format!("given back twice: {first:?} and {entry:?}"));
        }
        if let Some(first) = done.insert((&entry.reference, entry.kind), entry) {
            faults.push(format!("one operation was executed twice: {first:?} and {entry:?}"));
        }
    }
}

fn what_the_host_says_is_what_the_bank_did(case: &Case<'_>, faults: &mut Vec<String>) {
    for operation in &case.operations {
        let is_action = matches!(operation.kind.as_str(), "refund" | "capture" | "void");
        let payment = case.payments.get(&operation.payment);
        let said = match (is_action, payment) {
            (true, _) => operation.state.as_str(),
            (false, Some(payment)) => payment.state.as_str(),
            (false, None) => continue,
        };
        let made = case.made(operation);
        if !is_lawful(operation, made, said) {
            let shop = payment.map(|payment| payment.shop.as_str()).unwrap_or_default();
            let (kind, outcome, reference) = (&operation.kind, &operation.outcome, &operation.reference);
            faults.push(format!(
                "{shop}: {kind} {reference} ended as {outcome:?} and stands as {said}; the bank has {made:?}"
            ));
        }
    }
}

/// Whether the host may say so of what the bank did, once all is quiet.
fn is_lawful(operation: &Operation, made: Option<&Entry>, said: &str) -> bool {
    let Some(entry) = made else {
        // Nothing reached the bank: it was never executed, or nobody can know yet that it was not.
        return matches!(said, "not_executed" | "not_charged" | "unknown" | "failed" | "started")
            || operation.kind == "charge" && said.is_empty();
    };
    match (operation.kind.as_str(), entry.status) {
        ("void", status) => (said == "accepted") == (status == Status::Voided),
        (_, Status::Succeeded) => said == "accepted",
        (_, Status::Authorized) => said == "authorized",
        (_, Status::Voided) => said == "voided",
        (_, Status::Declined) => said == "failed",
        (_, Status::Pending | Status::Redirect) => matches!(said, "pending" | "action_required"),
        (_, Status::Active | Status::Canceled) => false,
    }
}

fn sums_agree(case: &Case<'_>, faults: &mut Vec<String>) {
    for operation in &case.operations {
        let Some(payment) = case.payments.get(&operation.payment).filter(|payment| payment.state == "accepted") else {
            continue;
        };
        let Some(charge) = case.made(operation).filter(|entry| entry.charges()) else { continue };
        let of_this = case.books.done_entries(&charge.id);
        let refunds = of_this.filter(|entry| entry.kind == Kind::Refund && entry.status == Status::Succeeded);
        let refunded: u64 = refunds.map(|entry| entry.amount).sum();
        if (payment.captured, payment.refunded) != (charge.captured, refunded) {
            faults.push(format!(
                "{}: the host counts {} taken and {} given back, the bank {} and {refunded}",
                payment.shop, payment.captured, payment.refunded, charge.captured
            ));
        }
    }
}
