//! Why a person must look at a payment or subscription: its reasons, one behind the other. Pure.

/// What stands between two reasons.
const BETWEEN: &str = "; ";

/// A review with one more reason; none where it has that one already.
pub fn with_reason(review: Option<&str>, reason: &str) -> Option<String> {
    match review.filter(|known| !known.is_empty()) {
        Some(known) if known.contains(reason) => None,
        Some(known) => Some(format!("{known}{BETWEEN}{reason}")),
        None => Some(reason.to_owned()),
    }
}

/// A review without a reason that no longer holds; none where it was the only one.
pub fn without_reason(review: Option<&str>, reason: &str) -> Option<String> {
    let left: Vec<&str> = review?.split(BETWEEN).filter(|known| *known != reason).collect();
    (!left.is_empty()).then(|| left.join(BETWEEN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_comes_once_and_goes_alone() {
        let both = with_reason(Some("odd amount"), "undecided");
        assert_eq!(both.as_deref(), Some("odd amount; undecided"));
        assert_eq!(with_reason(both.as_deref(), "undecided"), None);
        assert_eq!(without_reason(both.as_deref(), "undecided").as_deref(), Some("odd amount"));
        assert_eq!(with_reason(None, "undecided").as_deref(), Some("undecided"));
        assert_eq!(without_reason(Some("undecided"), "undecided"), None);
        assert_eq!(without_reason(None, "undecided"), None);
    }
}
