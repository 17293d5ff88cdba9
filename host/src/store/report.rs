//! News that an inquiry brought (rules 5 to 11). Where it changes nothing, nothing is written.

use super::change::{self, Changed, When};
use super::database::{self, Connection};
use super::{Store, StoreError, adopt, names, parked, payments};
use crate::clock::Timestamp;
use crate::model::{Applied, AskAt, News, Payment, PaymentKey};
use std::sync::Arc;

/// What was learnt by asking.
#[derive(Clone, Debug)]
pub struct Reporting {
    /// The present.
    pub now: Timestamp,
    /// The external.
    pub external: String,
    /// What the provider said.
    pub news: Vec<News>,
    /// Take in payments that are not known (rule 5).
    pub adopt: bool,
    /// When the provider is to be asked first about what is left open.
    pub ask_at: AskAt,
}

/// What became of one piece of news.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reported {
    /// Its payment is known.
    Known(Changed),
    /// Its payment was made elsewhere, and is known from now on.
    Adopted(Changed),
    /// An operation runs that may be making its payment: it is adopted later, if it is another.
    NotYet,
    /// Nobody knows its payment, and it was not adopted.
    NotKnown,
}

impl Store {
    /// Takes news in: one result for each, in order.
    pub async fn report(&self, reporting: Reporting) -> Result<Vec<Reported>, StoreError> {
        let reporting = Arc::new(reporting);
        let looked_at = Arc::clone(&reporting);
        let look = move |connection: &Connection| without_change(connection, &looked_at);
        if let Some(nothing_new) = self.parts.readers.read(look).await? {
            return Ok(nothing_new);
        }
        self.parts.writer.durable(move |connection| take(connection, &reporting)).await
    }

    /// Takes in what the provider said when it was asked about this very payment, as it stood then. Where it has changed
    /// since, an older answer undoes nothing: the provider is asked once more.
    ///
    /// # Errors
    ///
    /// [`StoreError::Gone`]: there is no such payment.
    pub async fn report_on(
        &self,
        asked: &Payment,
        news: News,
        now: Timestamp,
        ask_at: AskAt,
    ) -> Result<Changed, StoreError> {
        let (key, sequence, when) = (asked.key, asked.sequence, When { now, ask_at });
        let news = Arc::new(news);
        let looked_at = Arc::clone(&news);
        let look = move |connection: &Connection| {
            let before = payments::load(connection, key)?.ok_or(StoreError::Gone)?;
            Ok(nothing_new(before, &looked_at, when))
        };
        if let Some(nothing_new) = self.parts.readers.read(look).await? {
            return Ok(nothing_new);
        }
        let take = move |connection: &Connection| {
            let before = payments::load(connection, key)?.ok_or(StoreError::Gone)?;
            let outdated = before.sequence != sequence && change::consider(&before, &news, when).undoes(&before);
            let mut changed = match outdated {
                true => change::write(connection, &before, Applied::question(&before, now), when)?,
                false => change::change(connection, before, &news, when)?,
            };
            parked::catch_up(connection, &mut changed, when)?;
            Ok(changed)
        };
        self.parts.writer.durable(take).await
    }
}

/// The result where the news says nothing that is not known; else none.
fn nothing_new(before: Payment, news: &News, when: When) -> Option<Changed> {
    let applied = change::consider(&before, news, when);
    let (ask, alert) = (applied.ask, applied.alert);
    (!applied.differs_from(&before)).then_some(Changed {
        payment: before,
        written: false,
        ask,
        alert,
        follow_up: false,
    })
}

/// The results where all is known already; else none.
fn without_change(connection: &Connection, reporting: &Reporting) -> Result<Option<Vec<Reported>>, StoreError> {
    let when = When { now: reporting.now, ask_at: reporting.ask_at };
    let mut results = Vec::with_capacity(reporting.news.len());
    for news in &reporting.news {
        let Some(key) = find(connection, reporting, news)? else {
            if reporting.adopt {
                return Ok(None);
            }
            results.push(Reported::NotKnown);
            continue;
        };
        let before = payments::load(connection, key)?.ok_or(StoreError::Gone)?;
        let Some(changed) = nothing_new(before, news, when) else {
            return Ok(None);
        };
        results.push(Reported::Known(changed));
    }
    Ok(Some(results))
}

fn take(connection: &Connection, reporting: &Reporting) -> Result<Vec<Reported>, StoreError> {
    let when = When { now: reporting.now, ask_at: reporting.ask_at };
    let mut results = Vec::with_capacity(reporting.news.len());
    for news in &reporting.news {
        results.push(match find(connection, reporting, news)? {
            Some(key) => {
                let mut changed = change::change_by_key(connection, key, news, when)?;
                parked::catch_up(connection, &mut changed, when)?;
                Reported::Known(changed)
            }
            None if reporting.adopt => match adopt::adopt(connection, &reporting.external, news, when)? {
                Some(mut changed) => {
                    parked::catch_up(connection, &mut changed, when)?;
                    Reported::Adopted(changed)
                }
                None if adopt::may_later(connection, &reporting.external, news)? => Reported::NotYet,
                None => Reported::NotKnown,
            },
            None => Reported::NotKnown,
        });
    }
    Ok(results)
}

fn find(connection: &Connection, reporting: &Reporting, news: &News) -> database::Result<Option<PaymentKey>> {
    names::find(connection, &reporting.external, news.action, news.action_id.as_deref(), &news.target)
}
