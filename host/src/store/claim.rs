//! Claiming: the step that decides whether a request is new, a repeat, or forbidden, and writes payment and operation
//! (rules 12, 15 to 18, 20). Only the claim itself says whether a key is free.

use super::operations::{self, Kept};
use super::payments::{self, Origin};
use super::{Store, StoreError};
use crate::clock::Timestamp;
use crate::model::{
    Amount, Kind, Operation, Payment, PaymentKey, PaymentState, Phase, Reference, Refund, RefundState, Seed, Version,
};
use rusqlite::Connection;
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
    /// The operation's name; a new payment has the same.
    pub reference: Reference,
    /// What its keys toward the provider are made from.
    pub seed: Seed,
    /// The plugin that it will run on.
    pub version: Version,
    /// How much it is about.
    pub amount: Amount,
    /// When its lease lapses (rule 3).
    pub lease_until: Timestamp,
    /// What it does.
    pub what: What,
}

/// What an operation does.
#[derive(Clone, Debug)]
pub enum What {
    /// Makes a payment.
    Pay {
        /// The merchant's id.
        shop_transaction_id: String,
        /// The payment method.
        payment_method: Option<String>,
        /// Whether the shop transaction id is kept from other payments (rule 15).
        business_key: bool,
    },
    /// Gives some of one back.
    Refund {
        /// The payment.
        payment: PaymentKey,
        /// How long an equal refund without a key is refused (rule 16).
        repeat_window: Duration,
    },
}

impl What {
    /// What kind of operation it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Pay { .. } => Kind::Pay,
            Self::Refund { .. } => Kind::Refund,
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
        /// Its payment.
        payment: Payment,
    },
    /// The same was asked before, and is finished. Without an answer: its host died, and it is not known.
    Replay {
        /// The operation that was finished then.
        operation: Operation,
        /// Its payment as it is now.
        payment: Payment,
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
    /// Only an accepted payment can be refunded.
    StateForbids {
        /// The payment.
        payment: Payment,
    },
    /// The payment has another currency.
    CurrencyDiffers {
        /// That one.
        currency: String,
    },
    /// An equal refund was made a moment ago.
    RefundRepeated {
        /// That one.
        refund: Refund,
    },
    /// More than what is left.
    TooLarge {
        /// Minor units that are left.
        left: u64,
    },
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

fn decide(connection: &Connection, claim: &Claim, fence: u64) -> Result<Claimed, StoreError> {
    if let Some(before) = with_idempotency_key(connection, claim)? {
        return if before.fingerprint == claim.fingerprint {
            repeat(connection, before)
        } else {
            Ok(Claimed::KeyReused)
        };
    }
    match &claim.what {
        What::Pay { shop_transaction_id, payment_method, business_key } => {
            if *business_key
                && let Some(holder) = payments::holder_of(connection, &claim.external, shop_transaction_id)?
            {
                return against_holder(connection, claim, holder);
            }
            let mut payment = payments::blank(&claim.external, claim.reference.clone(), claim.now);
            payment.shop_transaction_id = Some(shop_transaction_id.clone());
            payment.payment_method.clone_from(payment_method);
            payment.amount = Some(claim.amount.clone());
            payments::insert(connection, &mut payment, Origin::Pay { business_key: *business_key })?;
            let operation = operations::insert(connection, claim, payment.key, fence)?;
            Ok(Claimed::New { operation, payment })
        }
        What::Refund { payment, repeat_window } => {
            let payment = payments::load(connection, *payment)?.ok_or(StoreError::Gone)?;
            if let Some(refused) = refuse_refund(claim, &payment, *repeat_window) {
                return Ok(refused);
            }
            let operation = operations::insert(connection, claim, payment.key, fence)?;
            let payment = payments::load(connection, payment.key)?.ok_or(StoreError::Gone)?;
            Ok(Claimed::New { operation, payment })
        }
    }
}

/// The operation that has the claim's idempotency key. A key that has outlived its time, and whose operation is
/// decided, is let go (rule 20).
fn with_idempotency_key(connection: &Connection, claim: &Claim) -> Result<Option<Operation>, StoreError> {
    let Some(Kept { operation, .. }) = operations::by_idempotency_key(connection, claim)? else {
        return Ok(None);
    };
    let outlived = operation.created_at.plus(claim.keys_live) <= claim.now;
    if outlived && is_decided(connection, &operation)? {
        operations::free_idempotency_key(connection, operation.key)?;
        return Ok(None);
    }
    Ok(Some(operation))
}

fn is_decided(connection: &Connection, operation: &Operation) -> Result<bool, StoreError> {
    let payment = payments::load(connection, operation.payment)?.ok_or(StoreError::Gone)?;
    let decided = match operation.kind {
        Kind::Pay => payment.state.is_terminal(),
        Kind::Refund => {
            let of_this = |refund: &&Refund| refund.operation == Some(operation.key);
            payment.refunds.iter().find(of_this).is_none_or(|refund| !refund.state.holds())
        }
    };
    Ok(decided && operation.phase == Phase::Finished)
}

fn repeat(connection: &Connection, operation: Operation) -> Result<Claimed, StoreError> {
    if operation.phase != Phase::Finished {
        return Ok(Claimed::Running { reference: operation.reference });
    }
    let payment = payments::load(connection, operation.payment)?.ok_or(StoreError::Gone)?;
    Ok(Claimed::Replay { operation, payment })
}

/// Rule 15: the same body again gets the same answer; another body, or another idempotency key, does not.
fn against_holder(connection: &Connection, claim: &Claim, holder: PaymentKey) -> Result<Claimed, StoreError> {
    let payment = payments::load(connection, holder)?.ok_or(StoreError::Gone)?;
    let before = operations::by_reference(connection, &payment.reference.0)?.ok_or(StoreError::Gone)?;
    let other_key = claim.idempotency_key.as_ref().zip(before.idempotency_key.as_ref()).is_some_and(|(a, b)| a != b);
    if before.operation.fingerprint != claim.fingerprint || other_key {
        return Ok(Claimed::BusinessKeyUsed { payment });
    }
    operations::take_idempotency_key(connection, before.operation.key, claim)?;
    repeat(connection, before.operation)
}

/// Rules 7, 12 and 16, under the lock.
fn refuse_refund(claim: &Claim, payment: &Payment, window: Duration) -> Option<Claimed> {
    if payment.state != PaymentState::Accepted {
        return Some(Claimed::StateForbids { payment: payment.clone() });
    }
    if let Some(amount) = payment.amount.as_ref().filter(|amount| amount.currency != claim.amount.currency) {
        return Some(Claimed::CurrencyDiffers { currency: amount.currency.clone() });
    }
    let counts = |refund: &&Refund| {
        refund.amount == claim.amount
            && refund.created_at.plus(window) > claim.now
            && !matches!(refund.state, RefundState::Failed | RefundState::NotExecuted)
    };
    if claim.idempotency_key.is_none()
        && let Some(refund) = payment.refunds.iter().rev().find(counts)
    {
        return Some(Claimed::RefundRepeated { refund: refund.clone() });
    }
    payment.refundable().filter(|left| claim.amount.minor > *left).map(|left| Claimed::TooLarge { left })
}
