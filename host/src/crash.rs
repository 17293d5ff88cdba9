//! Where the chaos tool may kill the host. Imports nothing of ours.
//!
//! `crash_point!("name")` marks a moment between two steps. Where the point is armed, the process ends there as a
//! SIGKILL would end it: nothing is flushed, nothing is dropped.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

static ARMED: OnceLock<(String, AtomicU32)> = OnceLock::new();

/// Where the process is to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    /// As it stands in `crash_point!`.
    pub name: String,
    /// When it is passed for this time, counted from 1.
    pub nth: u32,
}

impl Point {
    /// Reads `NAME` or `NAME:NTH`.
    pub fn parse(text: &str) -> Option<Self> {
        let (name, nth) = text.split_once(':').unwrap_or((text, "1"));
        let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        let nth = nth.parse().ok().filter(|nth| *nth > 0)?;
        is_name.then(|| Self { name: name.to_owned(), nth })
    }
}

/// Ends the process when it passes this point. Once per process.
pub fn arm(point: Point) {
    // A second arming would be a fault of the tool that starts us: the first one stands.
    let _ = ARMED.set((point.name, AtomicU32::new(point.nth)));
}

/// Passes a point. Use [`crate::crash_point!`].
pub fn pass(name: &str) {
    let Some((armed, left)) = ARMED.get() else { return };
    if armed == name && left.fetch_sub(1, Ordering::Relaxed) == 1 {
        std::process::abort();
    }
}

/// Marks a moment where the chaos tool may kill the host.
#[macro_export]
macro_rules! crash_point {
    ($name:literal) => {
        $crate::crash::pass($name)
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_a_name_and_a_count() {
        let point = |name: &str, nth| Some(Point { name: name.into(), nth });
        assert_eq!(Point::parse("webhook_read"), point("webhook_read", 1));
        assert_eq!(Point::parse("sent:2"), point("sent", 2));
        for odd in ["", ":1", "sent:", "sent:0", "sent:x", "Sent", "a b"] {
            assert_eq!(Point::parse(odd), None, "{odd:?}");
        }
    }
}
