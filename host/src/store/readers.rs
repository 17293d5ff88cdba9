//! Connections that only read. They never wait for the writer, so a read is made where it is asked for.

use super::StoreError;
use super::database::Connection;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// A few of them, taken in turn.
pub(super) struct Readers {
    connections: Vec<Mutex<Connection>>,
    next: AtomicUsize,
}

impl Readers {
    pub(super) fn new(connections: Vec<Connection>) -> Self {
        Self { connections: connections.into_iter().map(Mutex::new).collect(), next: AtomicUsize::new(0) }
    }

    /// Reads; all of it sees the same moment, and nothing that is not on disk.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        query: impl Fn(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.glance(move |connection| {
            connection.prepare_cached("BEGIN")?.execute([])?;
            let result = query(connection);
            connection.prepare_cached("COMMIT")?.execute([])?;
            result
        })
        .await
    }

    /// The same, without a transaction around it: for what keeps one statement open from beginning to end.
    pub(super) async fn glance<T: Send + 'static>(
        &self,
        query: impl Fn(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        let free = (0..self.connections.len())
            .find_map(|step| self.connections[(turn + step) % self.connections.len()].try_lock().ok());
        let connection = free.unwrap_or_else(|| {
            self.connections[turn % self.connections.len()].lock().unwrap_or_else(PoisonError::into_inner)
        });
        if !connection.is_autocommit() {
            connection.prepare_cached("ROLLBACK")?.execute([])?;
        }
        query(&connection)
    }
}
