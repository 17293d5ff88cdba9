//! No state goes backwards, and every change was told: read off what callers saw, and off what merchants were told.

use super::Case;
use crate::shop::word_of_status;
use serde_json::Value;
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
    let mut told: HashMap<&str, Vec<(u64, String)>> = HashMap::new();
    for callback in &case.callbacks {
        if let Some(word) = word(&callback.body) {
            told.entry(&callback.about).or_default().push((callback.sequence, word));
        }
    }
    for (about, words) in &mut told {
        words.sort_unstable();
        if words.windows(2).any(|pair| !follows(&pair[0].1, &pair[1].1)) {
            faults.push(format!("of {about} was told {words:?}"));
        }
    }
    for (key, payment) in &case.payments {
        let words = told.get(format!("payment {key}").as_str());
        let last = words.and_then(|words| words.last()).map(|(_, word)| word.as_str());
        let wanted = match payment.state.as_str() {
            "accepted" => "ACCEPTED",
            "authorized" => "AUTHORIZED",
            "voided" => "VOIDED",
            "failed" => "FAILED",
            _ => continue,
        };
        if last != Some(wanted) {
            faults.push(format!("{} is {}, and {words:?} was told of it", payment.shop, payment.state));
        }
        if !payment.review.is_empty() {
            faults.push(format!("{} waits for a person: {}", payment.shop, payment.review));
        }
    }
}

/// How a callback says that its payment stands; none where it tells of something else.
fn word(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    (body["action"] == "PAYMENT").then(|| word_of_status(&body))
}

/// Whether a payment that was seen as one may then be seen as the other.
fn follows(before: &str, after: &str) -> bool {
    match before {
        _ if before == after => true,
        "PENDING" => true,
        "AUTHORIZED" => matches!(after, "ACCEPTED" | "VOIDED" | "FAILED"),
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
