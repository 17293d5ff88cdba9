//! Reads: on connections to the file that never wait for its writer, so that a read is made where it is asked for; or by
//! whichever connection to the server is free.

use super::StoreError;
use super::database::Connection;
use super::pool::Pool;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Who reads.
pub(super) enum Readers {
    /// A file.
    File(InTurn),
    /// A server.
    Server(Arc<Pool>),
}

/// A few connections, taken in turn.
pub(super) struct InTurn {
    connections: Vec<Mutex<Connection>>,
    next: AtomicUsize,
}

impl Readers {
    pub(super) fn of_file(connections: Vec<Connection>) -> Self {
        let connections = connections.into_iter().map(Mutex::new).collect();
        Self::File(InTurn { connections, next: AtomicUsize::new(0) })
    }

    /// Reads; all of it sees the same moment, and nothing that is not on disk.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        query: impl Fn(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        match self {
            Self::File(readers) => readers.glance(|connection| {
                connection.begin_reading()?;
                let result = query(connection);
                connection.commit()?;
                result
            }),
            Self::Server(pool) => pool.read(query).await,
        }
    }

    /// The same for what keeps one statement open from beginning to end: on a file, that needs no transaction around it.
    pub(super) async fn glance<T: Send + 'static>(
        &self,
        query: impl Fn(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        match self {
            Self::File(readers) => readers.glance(query),
            Self::Server(pool) => pool.read(query).await,
        }
    }
}

impl InTurn {
    fn glance<T>(&self, query: impl Fn(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        let free = (0..self.connections.len())
            .find_map(|step| self.connections[(turn + step) % self.connections.len()].try_lock().ok());
        let connection = free.unwrap_or_else(|| {
            self.connections[turn % self.connections.len()].lock().unwrap_or_else(PoisonError::into_inner)
        });
        if !connection.is_autocommit() {
            connection.roll_back()?;
        }
        query(&connection)
    }
}
