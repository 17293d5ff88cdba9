//! Who writes. To a file, one thread: it takes a command, then every other that waits, and commits them together: the
//! wait for the disk is shared. Each command has a savepoint of its own, so that one that fails does not fail the
//! others. To a server, whichever connection is free: there each command is a transaction.

use super::StoreError;
use super::database::{Company, Connection};
use super::pool::Pool;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use tokio::sync::{oneshot, watch};

/// A command, ready to run in the open transaction.
type Job = Box<dyn FnOnce(&Connection) -> Ran + Send>;

/// What a command leaves.
struct Ran {
    /// Whom to answer once the disk has it.
    waiter: Option<Waiter>,
    /// Why nothing more may be written, where the disk failed under it.
    broken: Option<StoreError>,
}

/// Answers who waits, by what became of the commit.
type Waiter = Box<dyn FnOnce(Result<(), StoreError>)>;

/// Commands in one commit at most, so that a steady stream of them does not put the commit off.
const LARGEST_BATCH: usize = 256;

/// The way to who writes.
pub(super) enum Writer {
    /// To a file.
    File(Alone),
    /// To a server.
    Server(Arc<Pool>),
}

/// The way to the thread that writes.
pub(super) struct Alone {
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
    broken: watch::Receiver<bool>,
}

impl Writer {
    /// One that takes no command: the store is only looked at.
    pub(super) fn none() -> Self {
        Self::File(Alone { jobs: None, thread: None, broken: watch::channel(false).1 })
    }

    /// Starts the thread, which owns the connection, and `held` until the connection is closed.
    #[expect(clippy::disallowed_methods, reason = "SQLite blocks, and one writer owns its connection")]
    pub(super) fn start<H: Send + 'static>(connection: Connection, held: H) -> std::io::Result<Self> {
        let (jobs, queue) = channel();
        let (break_down, broken) = watch::channel(false);
        let thread = std::thread::Builder::new().name("store-writer".into()).spawn(move || {
            match write(&connection, &queue) {
                Ok(()) => {
                    drop(connection);
                    drop(held);
                }
                // Closing writes too: the file stays as it is, and this process's, until the process ends.
                Err(_) => {
                    std::mem::forget((connection, held));
                    break_down.send_replace(true);
                }
            }
        })?;
        Ok(Self::File(Alone { jobs: Some(jobs), thread: Some(thread), broken }))
    }

    /// Whether the disk under the file has failed.
    pub(super) fn is_broken(&self) -> bool {
        matches!(self, Self::File(alone) if *alone.broken.borrow())
    }

    /// Waits until the disk under the file has failed: the host must end then. Never where there is no such file.
    pub(super) async fn broken(&self) {
        if let Self::File(alone) = self
            && alone.broken.clone().wait_for(|broken| *broken).await.is_ok()
        {
            return;
        }
        std::future::pending().await
    }

    /// Runs a command, and answers when the disk has it. What it returns as an error undoes what it wrote.
    pub(super) async fn durable<T: Send + 'static>(
        &self,
        command: impl Fn(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.accepted_if(|_| false, command).await
    }

    /// The same, but may answer at once where `early` says so: the caller must then not rely on it before a later
    /// command of its own is durable. A server has each on disk before it answers.
    pub(super) async fn accepted_if<T: Send + 'static>(
        &self,
        early: fn(&T) -> bool,
        command: impl Fn(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        match self {
            Self::File(alone) => alone.accepted_if(early, command).await,
            Self::Server(pool) => pool.write(command).await,
        }
    }
}

impl Alone {
    async fn accepted_if<T: Send + 'static>(
        &self,
        early: fn(&T) -> bool,
        command: impl Fn(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            let result = in_savepoint(connection, &command);
            let broken = result.as_ref().err().filter(|error| error.is_broken()).cloned();
            if result.as_ref().is_ok_and(early) {
                // Who no longer waits needs no answer.
                let _ = reply.send(result);
                return Ran { waiter: None, broken };
            }
            let waiter: Waiter = Box::new(move |committed| {
                let _ = reply.send(committed.and(result));
            });
            Ran { waiter: Some(waiter), broken }
        });
        let sent = self.jobs.as_ref().is_some_and(|jobs| jobs.send(job).is_ok());
        if !sent {
            return Err(self.stopped("the writer has stopped"));
        }
        answer.await.unwrap_or_else(|_| Err(self.stopped("the writer dropped the command")))
    }

    fn stopped(&self, how: &str) -> StoreError {
        if *self.broken.borrow() { StoreError::Broken(how.into()) } else { StoreError::Away(how.into()) }
    }
}

impl Drop for Alone {
    /// Waits until everything that was handed in is written and the file is closed.
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // Commands cannot take the thread down; were it gone, there would be nothing to wait for.
            let _ = thread.join();
        }
    }
}

/// Writes until nobody can hand anything in, or the disk fails: whatever waits then was not written.
fn write(connection: &Connection, queue: &Receiver<Job>) -> Result<(), StoreError> {
    let mut waiters = Vec::new();
    while let Ok(first) = queue.recv() {
        let committed = write_batch(connection, first, queue, &mut waiters);
        let broken = committed.as_ref().err().is_some_and(StoreError::is_broken);
        if committed.is_err() && !broken && !connection.is_autocommit() {
            // If this fails too, the next BEGIN fails, and with it every command until the file can be used again.
            let _ = connection.roll_back();
        }
        for waiter in waiters.drain(..) {
            waiter(committed.clone());
        }
        if broken {
            return committed;
        }
        // Nobody waits for this. What it has no room for stays where it is; what it could not bring to the disk may be
        // lost without a word, and so ends the writer like a COMMIT.
        if let Err(error) = connection.checkpoint().map_err(StoreError::from)
            && error.is_broken()
        {
            return Err(error);
        }
    }
    Ok(())
}

fn write_batch(
    connection: &Connection,
    first: Job,
    queue: &Receiver<Job>,
    waiters: &mut Vec<Waiter>,
) -> Result<(), StoreError> {
    connection.begin(Company::Any)?;
    let rest = std::iter::from_fn(|| queue.try_recv().ok());
    for job in std::iter::once(first).chain(rest).take(LARGEST_BATCH) {
        let Ran { waiter, broken } = job(connection);
        waiters.extend(waiter);
        if let Some(broken) = broken {
            return Err(broken);
        }
        // A full disk and the like end the transaction as a whole. What came next would be a transaction of its own.
        if connection.is_autocommit() {
            return Err(StoreError::Away("the transaction was lost".into()));
        }
    }
    Ok(connection.commit()?)
}

fn in_savepoint<T>(
    connection: &Connection,
    command: impl Fn(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    step(connection, "SAVEPOINT command")?;
    let result = catch_unwind(AssertUnwindSafe(|| command(connection)))
        .unwrap_or_else(|_| Err(StoreError::Away("the command panicked".into())));
    if connection.is_autocommit() {
        return result.and(Err(StoreError::Away("the transaction was lost".into())));
    }
    let undone = if result.is_err() { step(connection, "ROLLBACK TO command") } else { Ok(()) };
    if let Err(error) = undone.and_then(|()| step(connection, "RELEASE command")) {
        // Half a command must not be committed: the whole batch ends here.
        connection.roll_back()?;
        return Err(error);
    }
    result
}

fn step(connection: &Connection, sql: &str) -> Result<(), StoreError> {
    Ok(connection.step(sql)?)
}
