//! When providers are asked about what is open: `[recovery]`, and the same keys of one provider.

use super::kinds;
use super::read::Table;
use crate::operations::Recovery;
use std::time::Duration;

/// More questions than this at once are a slip of the pen.
const MOST_QUESTIONS: u32 = 1_000;

/// The schedules that `table` says, the others as in `base`. Gaps of no length would be a storm.
pub(super) fn read(table: &Table<'_>, base: &Recovery) -> Recovery {
    let time = |key| table.read(key, |node| kinds::at_least(node, Duration::from_secs(1)));
    let gaps = |key| table.list(key, |item| item.read(|node| kinds::at_least(node, Duration::from_secs(1))));
    let pending = gaps("pending");
    if pending.as_ref().is_some_and(Vec::is_empty) {
        table.fault("pending must have at least one entry: the last one is repeated");
    }
    Recovery {
        unknown: gaps("unknown").unwrap_or_else(|| base.unknown.clone()),
        pending: pending.unwrap_or_else(|| base.pending.clone()),
        pending_for: time("pending_for").unwrap_or(base.pending_for),
        redirect_for: time("redirect_for").unwrap_or(base.redirect_for),
        concurrent_questions: table
            .read("concurrent_questions", |node| kinds::count_u32(node, 1..=MOST_QUESTIONS))
            .unwrap_or(base.concurrent_questions),
    }
}
