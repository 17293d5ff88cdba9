//! Where the order must not matter: what is true at the provider is what is known here in the end, however its news
//! arrives, as long as what is asked is answered.

use super::generated::euro;
use super::*;
use crate::model::{Action, NewsState, Origin, Target};

const VERIFIED: Source = Source::Verified { can_ask: true };

/// What can happen to a payment at the provider, in this order, and how it ends.
const LIVES: &[&[NewsState]] = &[
    &[NewsState::Pending, NewsState::Accepted],
    &[NewsState::Pending, NewsState::Failed(None)],
    &[NewsState::Pending, NewsState::Authorized, NewsState::Accepted],
    &[NewsState::Pending, NewsState::Authorized, NewsState::Voided],
    &[NewsState::Authorized, NewsState::Failed(None)],
    &[NewsState::Failed(None), NewsState::Accepted],
    &[NewsState::Accepted, NewsState::Failed(None)],
];

fn claimed() -> Payment {
    Payment { amount: Some(euro(500)), ..Payment::blank("acme", Origin::Pay, Reference("r".into()), Timestamp(0)) }
}

fn news(source: Source, action: Action, state: NewsState) -> News {
    News::new(source, Target::default(), action, state)
}

fn at(moment: usize, news: News) -> News {
    News { occurred_at: Some(Timestamp(moment as u64)), ..news }
}

/// What a question is answered with.
fn asked(payment: &Payment, truth: &NewsState) -> Payment {
    apply(payment, &news(Source::Inquiry, Action::Payment, truth.clone()), NOW).payment
}

/// Each at least once, some twice, in any order.
fn shuffled<T: Clone + std::fmt::Debug>(all: Vec<T>) -> impl Strategy<Value = Vec<T>> {
    let twice = [all.clone(), all.clone()].concat();
    (Just(twice).prop_shuffle(), 0..=all.len())
        .prop_map(move |(mut mixed, more)| {
            mixed.truncate(more);
            mixed.extend(all.clone());
            mixed
        })
        .prop_shuffle()
}

fn any_life() -> impl Strategy<Value = (NewsState, Vec<News>)> {
    prop::sample::select(LIVES.to_vec()).prop_flat_map(|life| {
        let truth = life.last().cloned().expect("no life is empty");
        let told =
            life.iter().enumerate().map(|(moment, state)| at(moment, news(VERIFIED, Action::Payment, state.clone())));
        (Just(truth), shuffled(told.collect()))
    })
}

/// Refunds and captures made elsewhere: what and how much, under an id of its own.
fn any_actions(action: Action) -> impl Strategy<Value = Vec<News>> {
    let amounts = prop::collection::vec(prop::sample::select(vec![50_u64, 100, 150]), 0..4);
    amounts.prop_flat_map(move |amounts| {
        let made = amounts.into_iter().enumerate().map(|(number, minor)| News {
            action_id: Some(format!("{action:?}-{number}")),
            amount: Some(euro(minor)),
            ..news(VERIFIED, action, NewsState::Accepted)
        });
        shuffled(made.collect())
    })
}

proptest! {
    #![proptest_config(config(1024))]

    /// Rules 11 and 28.
    #[test]
    fn news_in_any_order_ends_in_what_is_true_where_questions_are_answered((truth, all) in any_life()) {
        let mut payment = claimed();
        for news in all {
            let applied = apply(&payment, &news, NOW);
            payment = if applied.ask { asked(&applied.payment, &truth) } else { applied.payment };
        }
        let reached = asked(&claimed(), &truth);
        prop_assert_eq!((payment.state, payment.captured), (reached.state, reached.captured));
    }

    /// Rule 11: the provider's own last word stands, whatever was told before.
    #[test]
    fn the_providers_own_last_word_decides_whether_it_is_paid(
        steps in prop::collection::vec(generated::any_step(), 0..16),
        truth in prop::sample::select(vec![NewsState::Accepted, NewsState::Failed(None), NewsState::Voided]),
    ) {
        let mut payment = claimed();
        for step in steps {
            match step {
                Step::Claim(claim) => claim.make(&mut payment),
                Step::News(told) => payment = apply(&payment, &told.about(&payment), NOW).payment,
            }
        }
        let paid = asked(&payment, &truth).state == PaymentState::Accepted;
        prop_assert_eq!(paid, truth == NewsState::Accepted);
    }

    /// Rule 14.
    #[test]
    fn what_is_made_elsewhere_adds_up_the_same_in_any_order(
        captures in any_actions(Action::Capture),
        refunds in any_actions(Action::Refund),
        order in any::<u64>(),
    ) {
        let reserved = Payment { state: PaymentState::Authorized, authorized: Some(500), ..claimed() };
        let total = |all: &[News]| -> u64 {
            let mut seen: Vec<_> = all.iter().map(|news| (&news.action_id, news.amount.as_ref().unwrap().minor)).collect();
            seen.sort();
            seen.dedup();
            seen.into_iter().map(|(_, minor)| minor).sum()
        };
        let (captured, refunded) = (total(&captures), total(&refunds));
        let mut payment = reserved;
        // Two streams, mixed by the bits of a number.
        let (mut captures, mut refunds) = (captures.into_iter(), refunds.into_iter());
        for bit in (0..64).map(|bit| order >> bit & 1).chain([0, 1].into_iter().cycle().take(32)) {
            let next = if bit == 0 { captures.next() } else { refunds.next() };
            if let Some(news) = next {
                payment = apply(&payment, &news, NOW).payment;
            }
        }
        prop_assert_eq!((payment.captured.unwrap_or_default(), payment.refunded), (captured, refunded));
    }
}
