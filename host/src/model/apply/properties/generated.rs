//! What properties are tried with: payments, claims and news, lawful and not.

use super::*;
use crate::model::{Action, Amount, Destination, FollowUp, MAX_MINOR, NewsState, Origin, PaymentKey, Target};
use std::fmt;

/// One step of a payment's life.
#[derive(Clone)]
pub(super) enum Step {
    Claim(Claim),
    News(Box<Told>),
}

/// One line a step: a sequence that fails is read by people.
impl fmt::Debug for Step {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Claim(claim) => write!(to, "claim {claim:?}"),
            Self::News(told) => write!(to, "{told:?}"),
        }
    }
}

/// What a caller asks for. As the store's claim does, it takes no more than is left, in the same currency (rule 12).
#[derive(Clone, Copy, Debug)]
pub(super) enum Claim {
    Refund(u64),
    Capture(u64, bool),
    Void,
}

impl Claim {
    pub(super) fn make(self, payment: &mut Payment) {
        let number = payment.refunds.len() + payment.captures.len();
        let (operation, reference) = (Some(OperationKey(number as i64)), Reference(format!("op-{number}")));
        let (state, currency) = (payment.state, payment.currency().unwrap_or("EUR").to_owned());
        let asked = |minor| Amount { minor, currency: currency.clone() };
        match self {
            Self::Refund(minor) => {
                if state == PaymentState::Accepted && payment.refundable().is_none_or(|left| minor <= left) {
                    payment.refunds.push(Refund {
                        operation,
                        reference,
                        ids: Vec::new(),
                        told: None,
                        amount: asked(minor),
                        state: ActionState::Started,
                        description: None,
                        carry: None,
                        created_at: NOW,
                    });
                }
            }
            Self::Capture(..) | Self::Void => {
                let (void, last, minor) = match self {
                    Self::Capture(minor, last) => (false, last, Some(minor)),
                    _ => (true, true, payment.amount.as_ref().map(|amount| amount.minor)),
                };
                let reserved = state == PaymentState::Authorized
                    || !void && state == PaymentState::Accepted && payment.authorized.is_some();
                let held = payment.captures.iter().any(|capture| capture.state.holds());
                let fits = payment.capturable().zip(minor).is_none_or(|(left, minor)| minor <= left);
                if reserved && (if void { !held } else { fits }) {
                    let (ids, amount) = (Vec::new(), minor.map(asked));
                    let state = ActionState::Started;
                    let capture = Capture { operation, void, reference, ids, amount, last, state, created_at: NOW };
                    payment.captures.push(capture);
                }
            }
        }
    }
}

/// News, before it is known which operation there is to be named.
#[derive(Clone)]
pub(super) struct Told {
    news: News,
    /// Which of the refunds, captures and voids it names by the host's name; none: none.
    names: Option<usize>,
}

/// What is said, and nothing else.
impl fmt::Debug for Told {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let News { source, action, state, .. } = &self.news;
        write!(to, "{source:?}: {action:?} {state:?}")?;
        if let Some(position) = self.names {
            write!(to, ", of operation {position}")?;
        }
        if let Some(id) = &self.news.action_id {
            write!(to, ", id {id}")?;
        }
        let amount = if self.news.partial { "partial" } else { "amount" };
        for (word, amount) in [(amount, &self.news.amount), ("captured", &self.news.captured)] {
            if let Some(amount) = amount {
                write!(to, ", {word} {} {}", amount.minor, amount.currency)?;
            }
        }
        if let Some(at) = self.news.occurred_at {
            write!(to, ", at {}", at.0)?;
        }
        if self.news.review.is_some() {
            write!(to, ", to be looked at")?;
        }
        for follow_up in &self.news.follow_ups {
            write!(to, ", then {follow_up:?}")?;
        }
        Ok(())
    }
}

impl Told {
    pub(super) fn about(self, payment: &Payment) -> News {
        let refunds = payment.refunds.iter().map(|refund| &refund.reference.0);
        let references: Vec<_> = refunds.chain(payment.captures.iter().map(|capture| &capture.reference.0)).collect();
        let mut news = self.news;
        if let Some(position) = self.names.filter(|_| !references.is_empty()) {
            news.target.host_reference = Some(references[position % references.len()].clone());
        }
        news
    }
}

pub(super) fn euro(minor: u64) -> Amount {
    Amount { minor, currency: "EUR".into() }
}

pub(super) fn any_source() -> impl Strategy<Value = Source> {
    prop::sample::select(vec![
        Source::Answer,
        Source::Inquiry,
        Source::Verified { can_ask: true },
        Source::Verified { can_ask: false },
        Source::Operator { correct: false },
        Source::Operator { correct: true },
    ])
}

/// How a payment begins: as it is claimed, or as it is adopted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Begun {
    origin: Origin,
    asked: Option<u64>,
    by_news: bool,
}

impl Begun {
    pub(super) fn payment(self) -> Payment {
        let adopted = self.origin == Origin::Adopted;
        Payment {
            key: PaymentKey(1),
            amount: self.asked.filter(|_| !adopted).map(euro),
            state: if adopted && self.by_news { PaymentState::Unknown } else { PaymentState::Started },
            ..Payment::blank("acme", self.origin, Reference("r".into()), Timestamp(0))
        }
    }
}

pub(super) fn any_beginning() -> impl Strategy<Value = Begun> {
    let origins = vec![Origin::Pay, Origin::Link, Origin::Start, Origin::Adopted];
    let asked = prop::option::weighted(0.8, prop::sample::select(vec![500, MAX_MINOR]));
    (prop::sample::select(origins), asked, any::<bool>()).prop_map(|(origin, asked, by_news)| Begun {
        origin,
        asked,
        by_news,
    })
}

pub(super) fn any_step() -> impl Strategy<Value = Step> {
    let minor = || prop::sample::select(vec![1, 100, 200, 300, 500]);
    prop_oneof![
        1 => minor().prop_map(|minor| Step::Claim(Claim::Refund(minor))),
        1 => (minor(), any::<bool>()).prop_map(|(minor, last)| Step::Claim(Claim::Capture(minor, last))),
        1 => Just(Step::Claim(Claim::Void)),
        6 => any_news().prop_map(|told| Step::News(Box::new(told))),
    ]
}

fn any_amount() -> impl Strategy<Value = Option<Amount>> {
    let minor = prop_oneof![
        8 => prop::sample::select(vec![100, 200, 300, 500]),
        1 => prop::sample::select(vec![0, 501, MAX_MINOR, u64::MAX]),
    ];
    let currency = prop_oneof![9 => Just("EUR"), 1 => Just("USD")];
    let amount = (minor, currency).prop_map(|(minor, currency)| Amount { minor, currency: currency.into() });
    prop::option::of(amount)
}

fn any_state() -> impl Strategy<Value = NewsState> {
    let destination = Destination { web: Some("https://pay.example".into()), app: None };
    prop_oneof![
        3 => prop::sample::select(vec![NewsState::Accepted, NewsState::Authorized, NewsState::Failed(None)]),
        2 => prop::sample::select(vec![NewsState::Pending, NewsState::Voided, NewsState::Unknown]),
        1 => prop::sample::select(vec![
            NewsState::ActionRequired(destination),
            NewsState::NotExecuted,
            NewsState::NotCharged,
        ]),
    ]
}

prop_compose! {
    fn any_news()(
        source in any_source(),
        action in prop::sample::select(vec![Action::Payment, Action::Payment, Action::Refund, Action::Capture, Action::Void]),
        state in any_state(),
        id in prop::option::of(prop::sample::select(vec!["a", "b", "c"])),
        payment_id in prop::option::of(prop::sample::select(vec!["p-1", "p-2"])),
        names in prop::option::of(0_usize..8),
        (amount, partial) in (any_amount(), any::<bool>()),
        (captured, refunded) in (any_amount(), any_amount()),
        occurred_at in prop::option::of((0_u64..5).prop_map(Timestamp)),
        review in prop::option::weighted(0.05, Just("a person must look".to_owned())),
        follow_ups in prop::collection::vec(Just(FollowUp::Capture), 0..2),
    ) -> Told {
        let payment_ids = payment_id.map(str::to_owned).into_iter().collect();
        let target = Target { payment_ids, ..Target::default() };
        let action_id = id.filter(|_| action != Action::Payment).map(str::to_owned);
        let news = News::new(source, target, action, state);
        let news = News { action_id, amount, partial, captured, refunded, occurred_at, review, follow_ups, ..news };
        Told { news, names: names.filter(|_| action != Action::Payment) }
    }
}
