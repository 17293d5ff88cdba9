//! The host's own key: made at first start, the same for the life of the file.

use super::database::{Connection, OptionalExtension};
use super::{Store, StoreError};

impl Store {
    /// What the host signs its own webhook URLs with (rule 24).
    pub async fn host_key(&self) -> Result<[u8; 32], StoreError> {
        let read =
            |connection: &Connection| connection.query_row("SELECT key FROM host_key", [], |row| row.get(0)).optional();
        let mut fresh = [0; 32];
        getrandom::fill(&mut fresh).map_err(|error| StoreError::Away(error.to_string()))?;
        self.parts
            .writer
            .durable(move |connection| {
                if let Some(known) = read(connection)? {
                    return Ok(known);
                }
                connection.execute("INSERT INTO host_key (key) VALUES (?)", [fresh])?;
                Ok(fresh)
            })
            .await
    }
}
