//! What plugins keep for themselves (capability `state`): small values by key, for each external its own.

use super::columns::Unsigned;
use super::database::{self, Connection, OptionalExtension, params};
use super::{Store, StoreError};
use crate::clock::Timestamp;

impl Store {
    /// The value of a key, unless it has expired.
    pub async fn state_get(&self, external: &str, key: &str, now: Timestamp) -> Result<Option<Vec<u8>>, StoreError> {
        let (external, key) = (external.to_owned(), key.to_owned());
        let get = move |connection: &Connection| {
            let mut statement = connection.prepare_cached(
                "SELECT value FROM state WHERE external = ? AND key = ? AND (expires_at IS NULL OR expires_at > ?)",
            )?;
            Ok(statement.query_row(params![external, key, now], |row| row.get(0)).optional()?)
        };
        self.parts.readers.read(get).await
    }

    /// Sets a key's value until it expires. When this returns, it is on disk.
    ///
    /// # Errors
    ///
    /// [`StoreError::Full`]: the external has `max_keys` other keys that have not expired.
    pub async fn state_set(
        &self,
        external: String,
        key: String,
        value: Vec<u8>,
        expires_at: Option<Timestamp>,
        max_keys: u64,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.parts
            .writer
            .durable(move |connection| {
                let known = connection
                    .prepare_cached("UPDATE state SET value = ?, expires_at = ? WHERE external = ? AND key = ?")?
                    .execute(params![value, expires_at, external, key])?;
                if known > 0 {
                    return Ok(());
                }
                make_room(connection, &external, max_keys, now)?;
                connection
                    .prepare_cached("INSERT INTO state (external, key, value, expires_at) VALUES (?, ?, ?, ?)")?
                    .execute(params![external, key, value, expires_at])?;
                Ok(grow(connection, &external, 1)?)
            })
            .await
    }

    /// Removes a key; that there is none is not an error.
    pub async fn state_remove(&self, external: String, key: String) -> Result<(), StoreError> {
        self.parts
            .writer
            .durable(move |connection| {
                remove(connection, &external, &key)?;
                Ok(())
            })
            .await
    }
}

/// Removes a key, and counts it.
pub(super) fn remove(connection: &Connection, external: &str, key: &str) -> database::Result<()> {
    let removed = connection
        .prepare_cached("DELETE FROM state WHERE external = ? AND key = ?")?
        .execute(params![external, key])?;
    grow(connection, external, -(removed as i64))
}

fn make_room(connection: &Connection, external: &str, max_keys: u64, now: Timestamp) -> Result<(), StoreError> {
    if size(connection, external)? < max_keys {
        return Ok(());
    }
    let expired = connection
        .prepare_cached("DELETE FROM state WHERE external = ? AND expires_at <= ?")?
        .execute(params![external, now])?;
    grow(connection, external, -(expired as i64))?;
    if size(connection, external)? < max_keys { Ok(()) } else { Err(StoreError::Full) }
}

fn size(connection: &Connection, external: &str) -> database::Result<u64> {
    let keys: Option<Unsigned> = connection
        .prepare_cached("SELECT keys FROM state_sizes WHERE external = ?")?
        .query_row([external], |row| row.get(0))
        .optional()?;
    Ok(keys.map_or(0, |keys| keys.0))
}

fn grow(connection: &Connection, external: &str, by: i64) -> database::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO state_sizes (external, keys) VALUES (?, ?)
             ON CONFLICT (external) DO UPDATE SET keys = state_sizes.keys + ?",
        )?
        .execute(params![external, by.max(0), by])?;
    Ok(())
}
