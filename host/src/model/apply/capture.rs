//! Captures and voids of a payment: what they do to what was reserved (rule 12).

use super::action::{self, Verdict};
use super::{Applied, TOO_MANY, add_new, flag, remember};
use crate::model::classify::disagreement;
use crate::model::{
    About, Action, ActionState, Callback, CallbackType, Capture, News, NewsState, Payment, PaymentState, Source,
};

/// Applies news about a capture or a void. Says whether it is one of ours.
pub(super) fn apply(applied: &mut Applied, news: &News) -> bool {
    let Some(position) = find(&applied.payment, news) else {
        return false;
    };
    let Some(reported) = reported(news) else {
        return true;
    };
    let capture = &mut applied.payment.captures[position];
    if !add_new(&mut capture.ids, news.action_id.iter()) {
        applied.alert = Some(TOO_MANY);
    }
    if let Some(review) = disagreement(news.amount.as_ref(), news.partial, capture.amount.as_ref()) {
        flag(applied, review);
        // An answer was classified by its amount already (rule 2).
        if news.source != Source::Answer {
            return true;
        }
    }
    let known = applied.payment.captures[position].state;
    match action::judge(known, reported, news.source) {
        Verdict::Keep => {}
        Verdict::Ask => applied.ask = true,
        Verdict::Change => change(applied, position, reported, news),
    }
    true
}

/// News of the payment itself may show what became of the one capture or void that nobody has heard of. `before` is what
/// was captured until then.
pub(super) fn settle_by_payment(applied: &mut Applied, news: &News, before: u64) {
    let payment = &mut applied.payment;
    let gained = payment.captured.unwrap_or_default().saturating_sub(before);
    let released = payment.state == PaymentState::Voided;
    let mut open = (0..payment.captures.len()).filter(|position| payment.captures[*position].state.holds());
    let (Some(position), None) = (open.next(), open.next()) else {
        return;
    };
    let capture = &mut payment.captures[position];
    let minor = capture.minor();
    let told = news.captured.as_ref().map(|captured| captured.minor);
    match capture.void {
        true if released => capture.state = ActionState::Accepted,
        // The change of the payment has counted it.
        false if gained > 0 && gained == minor => capture.state = ActionState::Accepted,
        false if gained == 0 && told == Some(before + minor) => change(applied, position, ActionState::Accepted, news),
        _ => {}
    }
}

/// Minor units of captures that are done or may be.
pub(super) fn taken(payment: &Payment) -> Option<u64> {
    let counts =
        |capture: &&Capture| !capture.void && (capture.state.holds() || capture.state == ActionState::Accepted);
    let taken: u64 = payment.captures.iter().filter(counts).map(Capture::minor).sum();
    (taken > 0).then_some(taken)
}

fn change(applied: &mut Applied, position: usize, reported: ActionState, news: &News) {
    let payment = &mut applied.payment;
    let capture = &mut payment.captures[position];
    let known = std::mem::replace(&mut capture.state, reported);
    let (void, minor) = (capture.void, capture.minor());
    let (was_done, is_done) = (known == ActionState::Accepted, reported == ActionState::Accepted);
    if void {
        if is_done && payment.state == PaymentState::Accepted {
            applied.ask = true;
            return;
        }
        if is_done {
            payment.state = PaymentState::Voided;
            payment.captured = Some(0);
        }
    } else {
        let before = payment.captured.unwrap_or_default();
        let sum = if is_done { before + minor } else { before.saturating_sub(if was_done { minor } else { 0 }) };
        let total = news.captured.as_ref().map_or(sum, |captured| captured.minor);
        let asked = payment.amount.as_ref().map_or(u64::MAX, |amount| amount.minor);
        if is_done || was_done {
            payment.captured = Some(total.min(asked));
        }
        if is_done && !matches!(payment.state, PaymentState::Failed | PaymentState::Voided) {
            payment.state = PaymentState::Accepted;
        } else if is_done {
            applied.ask = true;
        }
    }
    remember(payment, news);
    if news.source != Source::Answer && payment.told.is_none() {
        payment.told = Some(payment.shown_id().to_owned());
    }
    let told = told(payment, void, known, reported);
    applied.callbacks.extend(told.map(|kind| Callback { kind, about: About::Payment }));
}

fn told(payment: &Payment, void: bool, known: ActionState, reported: ActionState) -> Option<CallbackType> {
    match reported {
        ActionState::Accepted if void => Some(CallbackType::PaymentVoided),
        ActionState::Accepted => Some(CallbackType::PaymentAccepted),
        ActionState::Pending | ActionState::Unknown => Some(CallbackType::PaymentPending),
        ActionState::NotExecuted if known == ActionState::Started => None,
        // The payment stands as it did.
        ActionState::Failed | ActionState::NotExecuted => Some(match payment.state {
            PaymentState::Authorized => CallbackType::PaymentAuthorized,
            PaymentState::Accepted => CallbackType::PaymentAccepted,
            _ => CallbackType::PaymentPending,
        }),
        ActionState::Started => None,
    }
}

fn reported(news: &News) -> Option<ActionState> {
    match &news.state {
        NewsState::Accepted => Some(ActionState::Accepted),
        NewsState::Voided if news.action == Action::Void => Some(ActionState::Accepted),
        NewsState::Pending | NewsState::ActionRequired(_) => Some(ActionState::Pending),
        // An answer that says no more than that it is reserved has not decided the capture.
        NewsState::Authorized if news.source == Source::Answer => Some(ActionState::Pending),
        NewsState::Failed(_) => Some(ActionState::Failed),
        NewsState::Unknown => Some(ActionState::Unknown),
        NewsState::NotExecuted => Some(ActionState::NotExecuted),
        NewsState::Voided | NewsState::Authorized | NewsState::NotCharged => None,
    }
}

/// The capture that the news is about: by the host's name, then by the provider's.
fn find(payment: &Payment, news: &News) -> Option<usize> {
    let kind = |capture: &&Capture| capture.void == (news.action == Action::Void);
    let by_reference = |capture: &Capture| Some(&capture.reference.0) == news.target.host_reference.as_ref();
    let by_id = |capture: &Capture| news.action_id.as_ref().is_some_and(|id| capture.ids.contains(id));
    let position =
        |is_it: &dyn Fn(&Capture) -> bool| payment.captures.iter().position(|capture| kind(&capture) && is_it(capture));
    position(&by_reference).or_else(|| position(&by_id))
}

#[cfg(test)]
mod tests {
    use crate::clock::Timestamp;
    use crate::model::{
        Action, ActionState, Amount, CallbackType, Capture, News, NewsState, OperationKey, Origin, Payment,
        PaymentState, Reference, Source, Target, apply,
    };

    const NOW: Timestamp = Timestamp(1_000);
    const VERIFIED: Source = Source::Verified { can_ask: true };

    fn euro(minor: u64) -> Amount {
        Amount { minor, currency: "EUR".into() }
    }

    fn capture(name: &str, minor: u64, last: bool) -> Capture {
        Capture {
            operation: OperationKey(7),
            void: false,
            reference: Reference(name.into()),
            ids: Vec::new(),
            amount: Some(euro(minor)),
            last,
            state: ActionState::Started,
            created_at: NOW,
        }
    }

    /// 5 euro reserved, with these captures under way.
    fn reserved(captures: Vec<Capture>) -> Payment {
        Payment {
            amount: Some(euro(500)),
            authorized: Some(500),
            state: PaymentState::Authorized,
            captures,
            ..Payment::blank("acme", Origin::Pay, Reference("r".into()), NOW)
        }
    }

    fn of(source: Source, action: Action, name: &str, state: NewsState) -> News {
        let target = Target { host_reference: Some(name.into()), ..Target::default() };
        News::new(source, target, action, state)
    }

    fn told(payment: &Payment, news: &News) -> (Payment, Vec<CallbackType>) {
        let applied = apply(payment, news, NOW);
        let callbacks = applied.callbacks.iter().map(|callback| callback.kind).collect();
        (applied.payment, callbacks)
    }

    /// Rule 12.
    #[test]
    fn captures_hold_what_they_may_take_and_only_a_definite_failure_releases_it() {
        let mut payment = reserved(vec![capture("c-1", 200, false)]);
        for (state, left) in [
            (ActionState::Started, 300),
            (ActionState::Unknown, 300),
            (ActionState::Accepted, 300),
            (ActionState::Failed, 500),
            (ActionState::NotExecuted, 500),
        ] {
            payment.captures[0].state = state;
            assert_eq!(payment.capturable(), Some(left), "{state:?}");
        }
        payment.captures[0] = Capture { last: true, state: ActionState::Accepted, ..capture("c-1", 200, true) };
        assert_eq!(payment.capturable(), Some(0), "no further one was to follow");
        payment.captures[0] = Capture { void: true, ..capture("v-1", 500, true) };
        assert_eq!(payment.capturable(), Some(0), "a void that is not decided holds all of it");
    }

    /// Rule 14.
    #[test]
    fn what_was_captured_elsewhere_counts_and_is_told() {
        let mut payment = reserved(Vec::new());
        (payment.state, payment.captured) = (PaymentState::Accepted, Some(200));
        assert_eq!(payment.capturable(), Some(300));
        let mut shown = News::new(Source::Inquiry, Target::default(), Action::Payment, NewsState::Accepted);
        shown.captured = Some(euro(350));
        let (payment, callbacks) = told(&payment, &shown);
        assert_eq!((payment.captured, payment.capturable()), (Some(350), Some(150)));
        assert_eq!(callbacks, [CallbackType::PaymentAccepted]);
        assert_eq!(told(&payment, &shown).1, []);
    }

    #[test]
    fn captures_add_up_and_each_is_told_once() {
        let payment = reserved(vec![capture("c-1", 200, false), capture("c-2", 300, true)]);
        let first = of(Source::Answer, Action::Capture, "c-1", NewsState::Accepted);
        let (payment, callbacks) = told(&payment, &first);
        assert_eq!((payment.state, payment.captured), (PaymentState::Accepted, Some(200)));
        assert_eq!(callbacks, [CallbackType::PaymentAccepted]);
        let (payment, callbacks) = told(&payment, &of(VERIFIED, Action::Capture, "c-2", NewsState::Accepted));
        assert_eq!((payment.captured, callbacks), (Some(500), vec![CallbackType::PaymentAccepted]));
        let (again, callbacks) = told(&payment, &first);
        assert_eq!((again.captured, callbacks), (Some(500), vec![]));
    }

    #[test]
    fn a_capture_that_fails_leaves_the_payment_reserved_and_says_so() {
        let payment = reserved(vec![capture("c-1", 500, true)]);
        let unknown = of(Source::Answer, Action::Capture, "c-1", NewsState::Unknown);
        let (payment, callbacks) = told(&payment, &unknown);
        assert_eq!((payment.state, callbacks), (PaymentState::Authorized, vec![CallbackType::PaymentPending]));
        let (payment, callbacks) =
            told(&payment, &of(Source::Inquiry, Action::Capture, "c-1", NewsState::Failed(None)));
        assert_eq!((payment.state, payment.captured), (PaymentState::Authorized, None));
        assert_eq!((callbacks, payment.capturable()), (vec![CallbackType::PaymentAuthorized], Some(500)));
    }

    /// The answer of a capture is lost; the payment tells what became of it, and it is counted once.
    #[test]
    fn a_payment_that_shows_its_capture_settles_it() {
        for state in [ActionState::Started, ActionState::Unknown] {
            let payment = reserved(vec![Capture { state, ..capture("c-1", 200, true) }]);
            let shown = News::new(Source::Inquiry, Target::default(), Action::Payment, NewsState::Accepted);
            let (payment, callbacks) = told(&payment, &shown);
            assert_eq!((payment.captured, payment.captures[0].state), (Some(200), ActionState::Accepted));
            assert_eq!(callbacks, [CallbackType::PaymentAccepted]);
            let (payment, callbacks) = told(&payment, &of(Source::Answer, Action::Capture, "c-1", NewsState::Accepted));
            assert_eq!((payment.captured, callbacks), (Some(200), vec![]));
        }
    }

    #[test]
    fn a_total_that_has_grown_by_the_capture_settles_it() {
        let done = Capture { state: ActionState::Accepted, ..capture("c-0", 100, false) };
        let lost = Capture { state: ActionState::Unknown, ..capture("c-1", 200, false) };
        let payment = Payment { captured: Some(100), ..reserved(vec![done, lost]) };
        let mut shown = News::new(Source::Inquiry, Target::default(), Action::Payment, NewsState::Authorized);
        shown.captured = Some(euro(100));
        assert_eq!(told(&payment, &shown).0.captures[1].state, ActionState::Unknown);
        shown.captured = Some(euro(300));
        let (payment, callbacks) = told(&payment, &shown);
        assert_eq!((payment.captured, payment.captures[1].state), (Some(300), ActionState::Accepted));
        assert_eq!(callbacks, [CallbackType::PaymentAccepted]);
        assert!(!apply(&payment, &shown, NOW).differs_from(&payment));
    }

    #[test]
    fn a_void_releases_all_of_it() {
        let payment = reserved(vec![Capture { void: true, ..capture("v-1", 500, true) }]);
        let (voided, callbacks) = told(&payment, &of(Source::Answer, Action::Void, "v-1", NewsState::Accepted));
        assert_eq!((voided.state, voided.captured), (PaymentState::Voided, Some(0)));
        assert_eq!(callbacks, [CallbackType::PaymentVoided]);
        let shown = News::new(Source::Inquiry, Target::default(), Action::Payment, NewsState::Voided);
        assert_eq!(told(&payment, &shown).0.captures[0].state, ActionState::Accepted, "the payment shows it");
    }
}
