//! The same of subscriptions.

use super::generated::any_source;
use super::lawful::{LAWFUL_SUBSCRIPTION, is_lawful};
use super::*;
use crate::model::{Subscription, SubscriptionNews, SubscriptionState, apply_to_subscription};

/// Changes of which no callback tells: nothing began, and the caller was told so.
const SILENT: &[SubscriptionState] = &[SubscriptionState::Declined, SubscriptionState::NotExecuted];

prop_compose! {
    fn any_news()(
        source in any_source(),
        state in prop::sample::select(SubscriptionState::ALL.to_vec()),
        token in prop::option::of(prop::sample::select(vec!["t-1", "t-2"])),
        occurred_at in prop::option::of((0_u64..5).prop_map(Timestamp)),
    ) -> SubscriptionNews {
        let tokens = token.map(str::to_owned).into_iter().collect();
        SubscriptionNews { tokens, occurred_at, ..SubscriptionNews::new(source, None, state) }
    }
}

proptest! {
    #![proptest_config(config(2048))]

    #[test]
    fn any_order_of_any_news_of_a_subscription_ends_lawfully_and_every_change_is_one_callback(
        adopted in any::<bool>(),
        all in prop::collection::vec(any_news(), 0..24),
    ) {
        let blank = Subscription::blank("acme", Reference("r".into()), Timestamp(0));
        let state = if adopted { SubscriptionState::Unknown } else { SubscriptionState::Started };
        let mut known = Subscription { state, ..blank };
        for news in all {
            let applied = apply_to_subscription(&known, &news, NOW);
            let (before, after) = (known.state, applied.subscription.state);
            let lawful = before == after || is_lawful(LAWFUL_SUBSCRIPTION, before, after, news.source);
            prop_assert!(lawful, "{before:?} to {after:?} by {:?}", news.source);
            let silent = before == SubscriptionState::Started && SILENT.contains(&after);
            prop_assert_eq!(applied.callback.is_some(), before != after && !silent);
            prop_assert!(!applied.ask || news.source != Source::Inquiry);
            prop_assert!(known.tokens.iter().all(|token| applied.subscription.tokens.contains(token)));
            prop_assert!(known.observed_at <= applied.subscription.observed_at);
            let again = apply_to_subscription(&applied.subscription, &news, NOW);
            prop_assert_eq!(&again.subscription, &applied.subscription, "the same news again changes nothing");
            prop_assert_eq!(again.callback, None);
            known = applied.subscription;
        }
    }
}
