//! What rule 11 allows, as tables: from, to, by whom. Written from the rule, not from the code.

use crate::model::{ActionState, CallbackType, Origin, Payment, PaymentState, Source, SubscriptionState};

/// Who may bring a change.
#[derive(Clone, Copy)]
pub(super) enum By {
    /// Whoever has news.
    Anyone,
    /// The operation itself.
    TheOperation,
    /// Who proves to be the provider.
    AProvenSender,
    /// The operation itself, the provider where it was asked, or a person who has found out.
    TheOperationOrAQuestion,
    /// The provider where it was asked; where it cannot be, whoever proves to be it; a person who means to correct.
    TheProvider,
    /// The same, and the end of a capture of ours.
    TheProviderOrACapture,
    /// The provider where it was asked, or a person who means to correct.
    AQuestion,
    /// A person who has found out (rule 10).
    APerson,
}

impl By {
    fn allows(self, source: Source) -> bool {
        let asked = matches!(source, Source::Inquiry | Source::Operator { correct: true });
        let provider = asked || source == Source::Verified { can_ask: false };
        let person = matches!(source, Source::Operator { .. });
        match self {
            Self::Anyone => true,
            Self::TheOperation => source == Source::Answer,
            Self::AProvenSender => matches!(source, Source::Verified { .. }),
            Self::TheOperationOrAQuestion => person || matches!(source, Source::Answer | Source::Inquiry),
            Self::TheProvider => provider,
            Self::TheProviderOrACapture => provider || source == Source::Answer,
            Self::AQuestion => asked,
            Self::APerson => person,
        }
    }
}

/// One line of a table.
pub(super) type Line<S> = (S, &'static [S], By);

/// Payments. What does not stand here stays as it is.
pub(super) const LAWFUL: &[Line<PaymentState>] = {
    use PaymentState as S;
    &[
        (S::Started, &[S::Unknown, S::NotExecuted], By::TheOperation),
        (S::Started, &[S::Pending, S::ActionRequired, S::Authorized, S::NotCharged], By::Anyone),
        (S::Started, &[S::Accepted, S::Failed, S::Voided], By::Anyone),
        (S::Unknown, &[S::NotExecuted], By::TheOperationOrAQuestion),
        (S::Unknown, &[S::Pending, S::ActionRequired, S::Authorized, S::NotCharged], By::Anyone),
        (S::Unknown, &[S::Accepted, S::Failed, S::Voided], By::Anyone),
        (S::Pending, &[S::ActionRequired], By::TheOperation),
        (S::Pending, &[S::NotExecuted], By::APerson),
        (S::ActionRequired, &[S::NotExecuted], By::APerson),
        // The payer has come back.
        (S::ActionRequired, &[S::Pending], By::AProvenSender),
        (S::Pending, &[S::Authorized, S::NotCharged, S::Accepted, S::Failed, S::Voided], By::Anyone),
        (S::ActionRequired, &[S::Authorized, S::NotCharged, S::Accepted, S::Failed, S::Voided], By::Anyone),
        (S::Authorized, &[S::Accepted, S::Failed, S::Voided], By::Anyone),
        // A capture, or a void, that did not happen after all.
        (S::Accepted, &[S::Authorized], By::AQuestion),
        (S::Voided, &[S::Authorized], By::TheProvider),
        (S::Accepted, &[S::Failed, S::Voided], By::AQuestion),
        // Late successes.
        (S::Failed, &[S::Authorized], By::TheProvider),
        (S::Failed, &[S::Accepted], By::TheProviderOrACapture),
        (S::Voided, &[S::Accepted], By::TheProviderOrACapture),
        (S::NotExecuted, &[S::Accepted], By::TheProviderOrACapture),
        (S::NotExecuted, &[S::Pending, S::ActionRequired, S::Authorized, S::NotCharged], By::TheProvider),
        // A subscription's first charge is made after it began.
        (S::NotCharged, &[S::Pending, S::ActionRequired, S::Authorized], By::Anyone),
        (S::NotCharged, &[S::Accepted, S::Failed, S::Voided], By::Anyone),
    ]
};

/// Refunds, captures and voids.
pub(super) const LAWFUL_ACTION: &[Line<ActionState>] = {
    use ActionState as A;
    &[
        (A::Started, &[A::Unknown, A::NotExecuted], By::TheOperation),
        (A::Started, &[A::Pending, A::Accepted, A::Failed], By::Anyone),
        (A::Unknown, &[A::NotExecuted], By::TheOperationOrAQuestion),
        (A::Unknown, &[A::Pending, A::Accepted, A::Failed], By::Anyone),
        (A::Pending, &[A::Accepted, A::Failed], By::Anyone),
        (A::Pending, &[A::NotExecuted], By::APerson),
        (A::Accepted, &[A::Failed], By::AQuestion),
        (A::Failed, &[A::Accepted], By::TheProvider),
        (A::NotExecuted, &[A::Pending, A::Accepted], By::TheProvider),
    ]
};

/// Subscriptions.
pub(super) const LAWFUL_SUBSCRIPTION: &[Line<SubscriptionState>] = {
    use SubscriptionState as S;
    &[
        (S::Started, &[S::Unknown, S::Declined, S::NotExecuted], By::TheOperation),
        (S::Started, &[S::Pending, S::Active, S::PastDue, S::Expired, S::Canceled], By::Anyone),
        (S::Unknown, &[S::Declined, S::NotExecuted], By::TheOperationOrAQuestion),
        (S::Unknown, &[S::Pending, S::Active, S::PastDue, S::Expired, S::Canceled], By::Anyone),
        (S::Pending, &[S::Active, S::PastDue, S::Expired, S::Canceled], By::Anyone),
        (S::Active, &[S::Pending], By::AQuestion),
        (S::Active, &[S::PastDue, S::Expired, S::Canceled], By::Anyone),
        (S::PastDue, &[S::Pending], By::AQuestion),
        (S::PastDue, &[S::Active, S::Expired, S::Canceled], By::Anyone),
        (S::Expired, &[S::Pending, S::Active, S::PastDue, S::Canceled], By::TheProvider),
        (S::Canceled, &[S::Pending, S::Active, S::PastDue, S::Expired], By::TheProvider),
        (S::Declined, &[S::Pending, S::Active, S::PastDue, S::Expired, S::Canceled], By::TheProvider),
        (S::NotExecuted, &[S::Pending, S::Active, S::PastDue, S::Expired, S::Canceled], By::TheProvider),
    ]
};

/// Whether a table has this change.
pub(super) fn is_lawful<S: PartialEq + Copy>(table: &[Line<S>], from: S, to: S, source: Source) -> bool {
    table.iter().any(|(known, reported, by)| *known == from && reported.contains(&to) && by.allows(source))
}

/// Changes of which no callback tells: nothing came to exist that the caller was not told of, and a page that the payer
/// must visit is the caller's to show, unless it is a link that was asked for.
const SILENT: &[(PaymentState, PaymentState)] = &[
    (PaymentState::Started, PaymentState::NotExecuted),
    (PaymentState::Started, PaymentState::NotCharged),
    (PaymentState::Pending, PaymentState::ActionRequired),
];

/// Whether this change is one of those.
pub(super) fn is_silent(before: &Payment, after: &Payment) -> bool {
    let undone = |known: Option<ActionState>, now: ActionState| {
        known == Some(ActionState::Started) && now == ActionState::NotExecuted
    };
    let refund = after
        .refunds
        .iter()
        .enumerate()
        .any(|(position, refund)| undone(before.refunds.get(position).map(|known| known.state), refund.state));
    let capture = after
        .captures
        .iter()
        .enumerate()
        .any(|(position, capture)| undone(before.captures.get(position).map(|known| known.state), capture.state));
    // One that was made elsewhere, and was already in what is known to have been captured in all.
    let adds_nothing = after.captures.len() > before.captures.len()
        && (before.state, before.captured) == (after.state, after.captured);
    let is_link = after.origin == Origin::Link && after.state == PaymentState::ActionRequired;
    SILENT.contains(&(before.state, after.state)) && !is_link || refund || capture || adds_nothing
}

/// Whether a callback says what is so.
pub(super) fn tells_of_payment(kind: CallbackType, state: PaymentState) -> bool {
    use PaymentState as S;
    match kind {
        CallbackType::PaymentAccepted => matches!(state, S::Accepted | S::NotCharged),
        CallbackType::PaymentAuthorized => state == S::Authorized,
        CallbackType::PaymentFailed => matches!(state, S::Failed | S::NotExecuted),
        CallbackType::PaymentVoided => state == S::Voided,
        CallbackType::PaymentLateSuccess => matches!(state, S::Accepted | S::Authorized),
        CallbackType::PaymentPending => matches!(state, S::Pending | S::ActionRequired | S::Unknown),
        CallbackType::LinkCreated => state == S::ActionRequired,
        _ => false,
    }
}

/// The same of a refund.
pub(super) fn tells_of_refund(kind: CallbackType, state: ActionState) -> bool {
    match kind {
        CallbackType::RefundAccepted => state == ActionState::Accepted,
        CallbackType::RefundFailed => matches!(state, ActionState::Failed | ActionState::NotExecuted),
        CallbackType::RefundPending => matches!(state, ActionState::Pending | ActionState::Unknown),
        _ => false,
    }
}
