//! What is noted while an operation runs: that a write is about to leave, and names learnt on the way.

use super::columns::{Columns, Json, KeptWrite};
use super::database::{Connection, params};
use super::{SealedRequest, Store, StoreError, change, operations, subscription_change};
use crate::clock::Timestamp;
use crate::model::{
    Action, AskAt, Kind, News, NewsState, Operation, OperationKey, Source, SubscriptionNews, SubscriptionState, Target,
    Write,
};

/// A provider's id that a plugin learnt while it runs (`operation.learned`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Learned {
    /// Of the payment.
    Payment(String),
    /// Of the refund that runs.
    Refund(String),
    /// Of the subscription that is to begin.
    Subscription(String),
}

/// What is about to leave, and for whom.
#[derive(Clone, Debug)]
pub struct Sending {
    /// The operation.
    pub operation: OperationKey,
    /// The fence that it was claimed under.
    pub fence: u64,
    /// The present.
    pub now: Timestamp,
    /// What the plugin was asked to do, where its call may be made again (rule 8).
    pub request: Option<SealedRequest>,
}

impl Store {
    /// Notes that these writes are about to leave (rule 3), after those noted before. When this returns, the claim and
    /// the note are on disk.
    ///
    /// # Errors
    ///
    /// [`StoreError::Gone`]: the lease lapsed, or the claim never reached the disk. Nothing may leave.
    pub async fn sent(&self, sending: Sending, writes: &[Write]) -> Result<(), StoreError> {
        let writes: Vec<KeptWrite> = writes.iter().map(KeptWrite::from).collect();
        self.parts.writer.durable(move |connection| note_sent(connection, &sending, &writes)).await
    }

    /// Keeps a provider's id, whatever becomes of the call.
    ///
    /// # Errors
    ///
    /// [`StoreError::Gone`], as for [`Store::sent`].
    pub async fn learn(
        &self,
        operation: OperationKey,
        fence: u64,
        learned: Learned,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.parts.writer.durable(move |connection| note_learned(connection, operation, fence, &learned, now)).await
    }
}

fn note_sent(connection: &Connection, sending: &Sending, writes: &[KeptWrite]) -> Result<(), StoreError> {
    let Sending { operation, fence, now, request } = sending;
    operations::held(connection, *operation, *fence)?;
    let mut all: Vec<KeptWrite> = connection
        .prepare_cached("SELECT writes FROM operations WHERE key = ?")?
        .query_row([operation], |row| Columns::of(row).next_list())?;
    all.extend_from_slice(writes);
    connection
        .prepare_cached(
            "UPDATE operations SET phase = 'sent', writes = ?, sent_at = coalesce(sent_at, ?), attempted_at = ?, request = ?
             WHERE key = ?",
        )?
        .execute(params![Json(all), now, now, request.as_ref().map(|sealed| &sealed.0), operation])?;
    Ok(())
}

fn note_learned(
    connection: &Connection,
    key: OperationKey,
    fence: u64,
    learned: &Learned,
    now: Timestamp,
) -> Result<(), StoreError> {
    let operation =
        operations::held(connection, key, fence).or_else(|_| operations::held_again(connection, key, fence))?;
    let when = change::When { now, ask_at: AskAt::once(now) };
    let mut target = Target { host_reference: Some(operation.reference.0.clone()), ..Target::default() };
    let mut refund_id = None;
    match learned {
        Learned::Subscription(token) => return note_token(connection, &operation, token, when),
        Learned::Payment(id) => target.payment_ids.push(id.clone()),
        Learned::Refund(id) => refund_id = Some(id.clone()),
    }
    let Some(payment) = operation.payment else {
        return Ok(());
    };
    let action = if operation.kind == Kind::Refund { Action::Refund } else { Action::Payment };
    // News that says nothing of a state only adds names.
    let news = News { action_id: refund_id, ..News::new(Source::Inquiry, target, action, NewsState::Unknown) };
    change::change_by_key(connection, payment, &news, when)?;
    Ok(())
}

fn note_token(
    connection: &Connection,
    operation: &Operation,
    token: &str,
    when: change::When,
) -> Result<(), StoreError> {
    let Some(key) = operation.subscription else {
        return Ok(());
    };
    let own = Some(operation.reference.0.clone());
    let news = SubscriptionNews {
        tokens: vec![token.to_owned()],
        ..SubscriptionNews::new(Source::Inquiry, own, SubscriptionState::Unknown)
    };
    subscription_change::change(connection, key, &news, when)?;
    Ok(())
}
