//! In which order callbacks go out: one after the other in each lane, and no lane waits for another (rule 32).

use super::database::{self, Connection, OptionalExtension, params};
use crate::clock::Timestamp;
use crate::model::{PaymentKey, SubscriptionKey};

/// What callbacks are delivered in order of: a payment or a subscription. What was replayed has been overtaken already,
/// and is a line of its own beside: it holds up nothing new, and nothing new holds it up.
#[derive(Clone, Copy)]
pub(super) struct Lane {
    pub(super) of: Of,
    pub(super) replayed: bool,
}

#[derive(Clone, Copy)]
pub(super) enum Of {
    Payment(PaymentKey),
    Subscription(SubscriptionKey),
}

/// A statement about a lane, whose first two values are [`Lane::key`] and `replayed`.
macro_rules! in_lane {
    ($lane:expr, $before:literal, $after:literal) => {
        match $lane.of {
            Of::Payment(_) => concat!($before, " payment = ? AND replayed = ? AND state = 'waiting' ", $after),
            Of::Subscription(_) => {
                concat!($before, " subscription = ? AND replayed = ? AND state = 'waiting' ", $after)
            }
        }
    };
}

impl Lane {
    pub(super) fn new(
        payment: Option<PaymentKey>,
        subscription: Option<SubscriptionKey>,
        replayed: bool,
    ) -> Option<Self> {
        let of = payment.map(Of::Payment).or(subscription.map(Of::Subscription))?;
        Some(Self { of, replayed })
    }

    fn key(self) -> i64 {
        match self.of {
            Of::Payment(key) => key.0,
            Of::Subscription(key) => key.0,
        }
    }

    pub(super) fn is_waited_in(self, connection: &Connection) -> database::Result<bool> {
        connection
            .prepare_cached(in_lane!(self, "SELECT EXISTS (SELECT 1 FROM callbacks WHERE", ")"))?
            .query_row(params![self.key(), self.replayed], |row| row.get(0))
    }

    /// The oldest that waits is due now.
    pub(super) fn advance(self, connection: &Connection, now: Timestamp) -> database::Result<()> {
        let oldest: Option<i64> = connection
            .prepare_cached(in_lane!(self, "SELECT min(key) FROM callbacks WHERE", ""))?
            .query_row(params![self.key(), self.replayed], |row| row.get(0))?;
        connection.prepare_cached("UPDATE callbacks SET due_at = ? WHERE key = ?")?.execute(params![now, oldest])?;
        Ok(())
    }

    /// The oldest that waits is the one that is due, unless another is being delivered: then it follows that one.
    pub(super) fn put_in_order(self, connection: &Connection, now: Timestamp) -> database::Result<()> {
        let due: Option<(i64, bool)> = connection
            .prepare_cached(in_lane!(
                self,
                "SELECT key, fence IS NOT NULL FROM callbacks WHERE due_at IS NOT NULL AND",
                ""
            ))?
            .query_row(params![self.key(), self.replayed], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let oldest: Option<i64> = connection
            .prepare_cached(in_lane!(self, "SELECT min(key) FROM callbacks WHERE", ""))?
            .query_row(params![self.key(), self.replayed], |row| row.get(0))?;
        match due {
            Some((_, true)) => Ok(()),
            Some((key, false)) if Some(key) == oldest => Ok(()),
            _ => {
                if let Some((key, _)) = due {
                    connection.prepare_cached("UPDATE callbacks SET due_at = NULL WHERE key = ?")?.execute([key])?;
                }
                self.advance(connection, now)
            }
        }
    }
}
