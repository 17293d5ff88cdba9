//! No state goes backwards, and every change was told: read off what callers saw, and off what merchants were told.

use super::Case;
use std::collections::HashMap;

/// Every fault found.
pub(crate) fn check(case: &Case<'_>, faults: &mut Vec<String>) {
    for (shop, words) in &case.pages.seen {
        for pair in words.windows(2) {
            if !follows(&pair[0], &pair[1]) {
                faults.push(format!("{shop} was seen as {words:?}"));
                break;
            }
        }
    }
    let mut told: HashMap<&str, Vec<(u64, &str)>> = HashMap::new();
    for callback in &case.callbacks {
        told.entry(&callback.about).or_default().push((callback.sequence, &callback.kind));
    }
    for (about, kinds) in &mut told {
        kinds.sort_unstable();
        let words: Vec<_> = kinds.iter().filter_map(|(_, kind)| word(kind)).collect();
        if words.windows(2).any(|pair| !follows(pair[0], pair[1])) {
            faults.push(format!("of {about} was told {kinds:?}"));
        }
    }
    for (key, payment) in &case.payments {
        let kinds = told.get(format!("payment {key}").as_str());
        let last = kinds.and_then(|kinds| kinds.iter().rev().find_map(|(_, kind)| word(kind)));
        let wanted = match payment.state.as_str() {
            "accepted" => Some("ACCEPTED"),
            "authorized" if last != Some("PENDING") => Some("AUTHORIZED"),
            "voided" => Some("VOIDED"),
            "failed" => Some("FAILED"),
            _ => None,
        };
        if wanted.is_some() && last != wanted {
            faults.push(format!("{} is {}, and {kinds:?} was told of it", payment.shop, payment.state));
        }
        if !payment.review.is_empty() {
            faults.push(format!("{} waits for a person: {}", payment.shop, payment.review));
        }
    }
}

/// What a callback says of its payment; none where it tells of something else.
fn word(kind: &str) -> Option<&'static str> {
    match kind {
        "payment.pending" => Some("PENDING"),
        "payment.authorized" => Some("AUTHORIZED"),
        "payment.accepted" | "payment.late_success" => Some("ACCEPTED"),
        "payment.failed" => Some("FAILED"),
        "payment.voided" => Some("VOIDED"),
        _ => None,
    }
}

/// Whether a payment that was seen as one may then be seen as the other.
fn follows(before: &str, after: &str) -> bool {
    match before {
        _ if before == after => true,
        "PENDING" => true,
        // Pending is said of it too while a capture or void of it is not known.
        "AUTHORIZED" => true,
        // The same business key may be tried again.
        "NOT_EXECUTED" => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::follows;

    #[test]
    fn what_is_decided_stays_so() {
        for (before, after, may) in [
            ("PENDING", "ACCEPTED", true),
            ("PENDING", "PENDING", true),
            ("AUTHORIZED", "VOIDED", true),
            ("ACCEPTED", "PENDING", false),
            ("ACCEPTED", "FAILED", false),
            ("FAILED", "ACCEPTED", false),
            ("VOIDED", "AUTHORIZED", false),
        ] {
            assert_eq!(follows(before, after), may, "{before} {after}");
        }
    }
}
