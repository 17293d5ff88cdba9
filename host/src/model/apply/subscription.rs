//! The only way a subscription ever changes, whoever brings the news: rules 11, 28 and 29 as they are for subscriptions.

use super::{MISJUDGED, TOO_MANY, add_new, keep_newer};
use crate::clock::Timestamp;
use crate::model::{CallbackType, Source, Subscription, SubscriptionNews, SubscriptionState};

/// What news made of a subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppliedToSubscription {
    /// The subscription as it is now.
    pub subscription: Subscription,
    /// What to tell the merchant.
    pub callback: Option<CallbackType>,
    /// The news contradicts what is known, or is older than it: the provider must be asked.
    pub ask: bool,
    /// What a person should be alerted to.
    pub alert: Option<&'static str>,
}

impl AppliedToSubscription {
    /// Whether anything is to be written.
    pub fn differs_from(&self, before: &Subscription) -> bool {
        self.subscription != *before || self.callback.is_some()
    }

    /// Whether it stands otherwise than somebody has told: more than an answer may say that is older than what is known.
    pub fn undoes(&self, before: &Subscription) -> bool {
        let told = !matches!(before.state, SubscriptionState::Started | SubscriptionState::Unknown);
        told && self.subscription.state != before.state
    }

    /// Nothing but that the provider must be asked.
    pub fn question(before: &Subscription, now: Timestamp) -> Self {
        let subscription = Subscription { ask_at: Some(now), updated_at: now, ..before.clone() };
        Self { subscription, callback: None, ask: true, alert: None }
    }
}

enum Verdict {
    Keep,
    Change,
    Ask,
}

/// Applies `news`, at `now`, to a subscription that was found by its names.
pub fn apply_to_subscription(before: &Subscription, news: &SubscriptionNews, now: Timestamp) -> AppliedToSubscription {
    let mut applied = AppliedToSubscription { subscription: before.clone(), callback: None, ask: false, alert: None };
    let subscription = &mut applied.subscription;
    if !add_new(&mut subscription.tokens, news.tokens.iter()) {
        applied.alert = Some(TOO_MANY);
    }
    let stale = is_stale(before, news);
    let verdict = match judge(before.state, news.state, news.source) {
        Verdict::Change if stale => Verdict::Ask,
        verdict => verdict,
    };
    if before.state == SubscriptionState::NotExecuted && !matches!(verdict, Verdict::Keep) {
        applied.alert = Some(MISJUDGED);
    }
    match verdict {
        Verdict::Keep if before.state == news.state && !stale => remember(subscription, news),
        Verdict::Keep => {}
        Verdict::Ask => applied.ask = true,
        Verdict::Change => {
            // Nothing of what the caller was told came to exist.
            let silent = before.state == SubscriptionState::Started && news.state == SubscriptionState::NotExecuted;
            subscription.state = news.state;
            remember(subscription, news);
            if news.source != Source::Answer && subscription.told.is_none() {
                subscription.told = Some(subscription.shown_token().to_owned());
            }
            applied.callback = told(before.state, news.state).filter(|_| !silent);
        }
    }
    // An answer to a question does not ask it again.
    applied.ask &= news.source != Source::Inquiry;
    if applied.ask {
        applied.subscription.ask_at = Some(now);
    }
    if applied.subscription != *before {
        applied.subscription.updated_at = now;
    }
    applied
}

/// The merchant waits for one that was told as unknown, and hears that it is over.
fn told(known: SubscriptionState, reported: SubscriptionState) -> Option<CallbackType> {
    match (known, reported) {
        (SubscriptionState::Unknown, SubscriptionState::Declined | SubscriptionState::NotExecuted) => {
            Some(CallbackType::SubscriptionCanceled)
        }
        (_, reported) => CallbackType::of_subscription(reported),
    }
}

fn judge(known: SubscriptionState, reported: SubscriptionState, source: Source) -> Verdict {
    use SubscriptionState as S;
    match (known, reported) {
        (known, reported) if known == reported => Verdict::Keep,
        (_, S::Started) => Verdict::Keep,
        (S::Started, S::Unknown) if source == Source::Answer => Verdict::Change,
        (_, S::Unknown) => Verdict::Keep,
        // Only the operation itself says that nothing began, or the provider where it was asked about one that was lost.
        (S::Started, S::Declined | S::NotExecuted) if source != Source::Answer => Verdict::Keep,
        (S::Unknown, S::Declined | S::NotExecuted) if matches!(source, Source::Verified { .. }) => Verdict::Keep,
        (S::Started | S::Unknown, _) => Verdict::Change,
        (_, S::Declined | S::NotExecuted) => Verdict::Ask,
        (S::Pending | S::Active | S::PastDue, S::Pending) if known != S::Pending => match source {
            Source::Inquiry => Verdict::Change,
            _ => Verdict::Keep,
        },
        (S::Pending | S::Active | S::PastDue, _) => Verdict::Change,
        // What is over goes on only by the provider's own word; which of the two ends it is makes no difference to that.
        (S::Expired | S::Canceled | S::Declined | S::NotExecuted, _) => match source {
            Source::Inquiry | Source::Verified { can_ask: false } => Verdict::Change,
            _ => Verdict::Ask,
        },
    }
}

/// Older news never wins over newer (rule 28); an answer and an inquiry are about now.
fn is_stale(subscription: &Subscription, news: &SubscriptionNews) -> bool {
    let reported = matches!(news.source, Source::Verified { .. });
    reported
        && matches!((news.occurred_at, subscription.observed_at), (Some(occurred), Some(observed)) if occurred < observed)
}

fn remember(subscription: &mut Subscription, news: &SubscriptionNews) {
    keep_newer(&mut subscription.metadata, &news.metadata);
    keep_newer(&mut subscription.carry, &news.carry);
    subscription.observed_at = subscription.observed_at.max(news.occurred_at);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Reference;

    const NOW: Timestamp = Timestamp(1_000);
    const VERIFIED: Source = Source::Verified { can_ask: true };

    fn known(state: SubscriptionState) -> Subscription {
        Subscription { state, ..Subscription::blank("acme", Reference("r".into()), NOW) }
    }

    fn news(source: Source, state: SubscriptionState) -> SubscriptionNews {
        SubscriptionNews::new(source, None, state)
    }

    /// Known, reported, by whom: state, callback, ask.
    #[test]
    fn news_changes_a_subscription_only_as_rule_11_allows() {
        use CallbackType as C;
        use Source::{Answer, Inquiry};
        use SubscriptionState as S;
        let cases = [
            (S::Started, S::Active, Answer, S::Active, Some(C::SubscriptionActive), false),
            (S::Started, S::Unknown, Answer, S::Unknown, Some(C::SubscriptionUnknown), false),
            (S::Started, S::NotExecuted, Answer, S::NotExecuted, None, false),
            (S::Started, S::Declined, Answer, S::Declined, None, false),
            (S::Started, S::Unknown, Inquiry, S::Started, None, false),
            (S::Unknown, S::NotExecuted, Inquiry, S::NotExecuted, Some(C::SubscriptionCanceled), false),
            (S::Unknown, S::Active, VERIFIED, S::Active, Some(C::SubscriptionActive), false),
            (S::Pending, S::Active, VERIFIED, S::Active, Some(C::SubscriptionActive), false),
            (S::Active, S::Pending, VERIFIED, S::Active, None, false),
            (S::Active, S::PastDue, VERIFIED, S::PastDue, Some(C::SubscriptionPastDue), false),
            (S::PastDue, S::Active, Inquiry, S::Active, Some(C::SubscriptionActive), false),
            (S::Active, S::Canceled, Answer, S::Canceled, Some(C::SubscriptionCanceled), false),
            (S::Active, S::Unknown, Inquiry, S::Active, None, false),
            (S::Canceled, S::Active, VERIFIED, S::Canceled, None, true),
            (S::Canceled, S::Active, Inquiry, S::Active, Some(C::SubscriptionActive), false),
            (S::Active, S::NotExecuted, Inquiry, S::Active, None, false),
        ];
        for (before, reported, source, after, told, ask) in cases {
            let applied = apply_to_subscription(&known(before), &news(source, reported), NOW);
            let found = (applied.subscription.state, applied.callback, applied.ask);
            assert_eq!(found, (after, told, ask), "{before:?} {reported:?} {source:?}");
        }
    }

    /// Rule 28.
    #[test]
    fn older_news_of_a_subscription_never_wins_over_newer() {
        let newer = SubscriptionNews { occurred_at: Some(Timestamp(20)), ..news(VERIFIED, SubscriptionState::PastDue) };
        let older = SubscriptionNews { occurred_at: Some(Timestamp(10)), ..news(VERIFIED, SubscriptionState::Active) };
        let after = apply_to_subscription(&known(SubscriptionState::Pending), &newer, NOW).subscription;
        let applied = apply_to_subscription(&after, &older, NOW);
        assert_eq!((applied.subscription.state, applied.ask), (SubscriptionState::PastDue, true));
    }
}
