//! What news does to something that was done to a payment: the table of rule 11 for refunds, captures and voids.

use crate::model::{ActionState, Source};

/// What to do about a state that is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing new.
    Keep,
    /// A lawful change.
    Change,
    /// A contradiction: only the provider's answer may decide.
    Ask,
}

/// What is known, what is reported, who reports it.
pub(super) fn judge(known: ActionState, reported: ActionState, source: Source) -> Verdict {
    use ActionState as A;
    match (known, reported) {
        (known, reported) if known == reported => Verdict::Keep,
        (A::Started, A::Unknown) if source == Source::Answer => Verdict::Change,
        (_, A::Unknown | A::Started) => Verdict::Keep,
        // While its call runs, nobody else can know that nothing happened.
        (A::Started, A::NotExecuted) if source == Source::Answer => Verdict::Change,
        (A::Unknown, A::NotExecuted) if source.knows() => Verdict::Change,
        (A::Pending, A::NotExecuted) if source.is_operator() => Verdict::Change,
        (A::Started | A::Unknown, A::NotExecuted) => Verdict::Keep,
        (A::NotExecuted, A::Failed) => Verdict::Keep,
        (_, A::NotExecuted) => Verdict::Ask,
        (A::Started | A::Unknown | A::Pending, _) => Verdict::Change,
        (A::Accepted | A::Failed, A::Pending) => Verdict::Keep,
        (A::NotExecuted, A::Pending) | (A::Failed | A::NotExecuted, A::Accepted) => match source.corrects() {
            true => Verdict::Change,
            false => Verdict::Ask,
        },
        (A::Accepted, A::Failed) => match source.takes_back() {
            true => Verdict::Change,
            false => Verdict::Ask,
        },
        (A::Accepted | A::Failed, _) => Verdict::Keep,
    }
}
