//! Claiming: the step that decides whether a request is new, a repeat, or forbidden, and writes payment, subscription
//! and operation (rules 12, 15 to 18, 20). Only the claim itself says whether a key is free. Here is what goes in and
//! comes out; `decide` decides.

use super::decide::decide;
use super::follow_ups::FollowUpKey;
use super::{Store, StoreError, Subject};
use crate::clock::Timestamp;
use crate::model::{
    Amount, Changes, Kind, Operation, Payment, PaymentKey, Plan, Reference, Refund, Seed, Subscription,
    SubscriptionKey, Version,
};
use std::time::Duration;

/// What is to be claimed.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The present.
    pub now: Timestamp,
    /// The external.
    pub external: String,
    /// The caller's name; empty where none is used.
    pub caller: String,
    /// The `Idempotency-Key`, unquoted.
    pub idempotency_key: Option<String>,
    /// How long idempotency keys live (rule 20).
    pub keys_live: Duration,
    /// sha256 in hex of the request (rule 17).
    pub fingerprint: String,
    /// The operation's name; a payment or subscription that it makes has the same.
    pub reference: Reference,
    /// What its keys toward the provider are made from.
    pub seed: Seed,
    /// The plugin that it will run on.
    pub version: Version,
    /// How much it is about. None for what moves no money, and for a capture of all that is left.
    pub amount: Option<Amount>,
    /// When its lease lapses (rule 3).
    pub lease_until: Timestamp,
    /// What it does.
    pub what: What,
}

/// A payment to be made.
#[derive(Clone, Debug)]
pub struct NewPayment {
    /// The merchant's id.
    pub shop_transaction_id: String,
    /// The payment method.
    pub payment_method: Option<String>,
    /// Whether the shop transaction id is kept from other payments (rule 15).
    pub business_key: bool,
}

/// A subscription to which something is to be done.
#[derive(Clone, Debug)]
pub enum Whose {
    /// One that is known here.
    Known(SubscriptionKey),
    /// One that was made elsewhere: the provider knows it by this token, and it is taken in by the claim.
    Elsewhere(String),
}

/// What an operation does.
#[derive(Clone, Debug)]
pub enum What {
    /// Makes a payment.
    Pay(NewPayment),
    /// Makes a link, with a payment behind it.
    Link(NewPayment),
    /// Begins a subscription, with a payment that it starts with: [`Kind::Schedule`] or [`Kind::Start`].
    Subscribe(Kind, NewPayment, Plan),
    /// Charges a subscription.
    Charge(Whose, NewPayment),
    /// Gives some of a payment back.
    Refund {
        /// The payment.
        payment: PaymentKey,
        /// How long an equal refund without a key is refused (rule 16).
        repeat_window: Duration,
    },
    /// Takes what was reserved, or some of it.
    Capture {
        /// The payment.
        payment: PaymentKey,
        /// No further capture will follow.
        last: bool,
        /// How long an equal capture without a key is refused (rule 16).
        repeat_window: Duration,
        /// The plugin's wish that it carries out.
        follow_up: Option<FollowUpKey>,
    },
    /// Releases what was reserved.
    Void(PaymentKey),
    /// Goes on with a payment.
    Resume(PaymentKey, FollowUpKey),
    /// Changes a subscription.
    Update(Whose, Changes),
    /// Ends a subscription.
    Expire(Whose),
    /// Whatever else a plugin offers: it belongs to nothing.
    Utility,
}

impl What {
    /// What kind of operation it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Pay(_) => Kind::Pay,
            Self::Link(_) => Kind::Link,
            Self::Subscribe(kind, ..) => *kind,
            Self::Charge(..) => Kind::Charge,
            Self::Refund { .. } => Kind::Refund,
            Self::Capture { .. } => Kind::Capture,
            Self::Void(_) => Kind::Void,
            Self::Resume(..) => Kind::Resume,
            Self::Update(..) => Kind::Update,
            Self::Expire(_) => Kind::Expire,
            Self::Utility => Kind::Utility,
        }
    }
}

/// What became of a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claimed {
    /// It is the caller's. Not on disk yet: what [`Store::sent`] and [`Store::finish`] say later counts.
    New {
        /// The operation, started.
        operation: Operation,
        /// What it belongs to.
        subject: Subject,
    },
    /// The same was asked before, and is finished. Without an answer: its host died, and it is not known.
    Replay {
        /// The operation that was finished then.
        operation: Operation,
        /// What it belongs to, as it is now.
        subject: Subject,
    },
    /// The same was asked before, and still runs.
    Running {
        /// The operation that runs.
        reference: Reference,
    },
    /// The idempotency key belongs to another request.
    KeyReused,
    /// The shop transaction id belongs to another request.
    BusinessKeyUsed {
        /// The payment that has it.
        payment: Payment,
    },
    /// The payment's state does not allow it.
    StateForbids {
        /// The payment.
        payment: Payment,
    },
    /// The subscription's state does not allow it.
    SubscriptionForbids {
        /// The subscription.
        subscription: Subscription,
    },
    /// The payment has another currency.
    CurrencyDiffers {
        /// That one.
        currency: String,
    },
    /// What was reserved is not known, so that "all of it" says nothing.
    AmountNeeded,
    /// An equal refund was made a moment ago.
    RefundRepeated {
        /// That one.
        refund: Refund,
    },
    /// An equal capture was made a moment ago.
    CaptureRepeated {
        /// Its payment.
        payment: Payment,
    },
    /// More than what is left.
    TooLarge {
        /// Minor units that are left.
        left: u64,
    },
    /// The plugin's wish was carried out, or is no longer to be.
    FollowedUp,
}

impl Store {
    /// Claims an operation. Answers a new claim as soon as it is accepted, before it is on disk; everything else, once
    /// what it saw is on disk.
    pub async fn claim(&self, claim: Claim) -> Result<Claimed, StoreError> {
        let fence = self.next_fence();
        let is_new = |claimed: &Claimed| matches!(claimed, Claimed::New { .. });
        self.parts.writer.accepted_if(is_new, move |connection| decide(connection, &claim, fence)).await
    }
}
