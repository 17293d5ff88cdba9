//! The threads that speak to Postgres, a connection for each. A command is handed to whichever is free, and is repeated
//! there as often as others were faster. While no connection stands, nothing is taken on.

use super::StoreError;
use super::attempt;
use super::database::{Address, Connection};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::oneshot;

/// How long a thread waits before it tries again to connect.
const AGAIN: Duration = Duration::from_millis(250);

/// A command or a read: runs on the connection, or hears why there is none.
type Job = Box<dyn FnOnce(Result<&mut Worker, StoreError>) + Send>;

/// The way to the threads.
pub(super) struct Pool {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    address: Address,
    jobs: Mutex<VecDeque<Job>>,
    /// Wakes who has a connection: there is a job, or no more will come.
    come: Condvar,
    /// Wakes who waits to connect again. Apart from the others: a job's call must not go to who cannot do it.
    ended: Condvar,
    connected: AtomicUsize,
    closed: AtomicBool,
}

/// A thread's connection.
pub(super) struct Worker {
    address: Address,
    connection: Option<Connection>,
}

impl Pool {
    /// Starts as many threads, the first of them on a connection that stands.
    #[expect(clippy::disallowed_methods, reason = "sessions block, and each owns its connection")]
    pub(super) fn start(address: &Address, first: Connection, count: usize) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            address: address.clone(),
            jobs: Mutex::default(),
            come: Condvar::new(),
            ended: Condvar::new(),
            connected: AtomicUsize::new(1),
            closed: AtomicBool::new(false),
        });
        let (mut first, mut threads) = (Some(first), Vec::new());
        for number in 0..count.max(1) {
            let (shared, connection) = (Arc::clone(&shared), first.take());
            let thread = std::thread::Builder::new().name(format!("store-{number}"));
            threads.push(thread.spawn(move || shared.work(connection))?);
        }
        Ok(Self { shared, threads })
    }

    /// Runs a command in a transaction, and answers once it is committed. What it returns as an error undoes it.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        command: impl Fn(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.run(move |worker| attempt::write(worker, &command)).await
    }

    /// Reads; all of it sees the same moment.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        query: impl Fn(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.run(move |worker| attempt::read(worker, &query)).await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Worker) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.shared.take(Box::new(move |worker| {
            // Who no longer waits needs no answer.
            let _ = reply.send(worker.and_then(|worker| {
                catch_unwind(AssertUnwindSafe(|| work(worker))).unwrap_or_else(|_| {
                    // Its transaction goes with its connection.
                    worker.let_go();
                    Err(StoreError::Away("the command panicked".into()))
                })
            }));
        }))?;
        answer.await.unwrap_or_else(|_| Err(StoreError::Away("the command was dropped".into())))
    }
}

impl Drop for Pool {
    /// Waits until everything that was handed in is done.
    fn drop(&mut self) {
        {
            // Under the lock, so that nobody misses it between looking and waiting.
            let _jobs = self.shared.jobs();
            self.shared.closed.store(true, Ordering::Release);
        }
        self.shared.come.notify_all();
        self.shared.ended.notify_all();
        for thread in self.threads.drain(..) {
            // Commands cannot take a thread down; were it gone, there would be nothing to wait for.
            let _ = thread.join();
        }
    }
}

fn away() -> StoreError {
    StoreError::Away("the database cannot be reached".into())
}

impl Shared {
    /// Takes a job on, unless nobody could do it.
    fn take(&self, job: Job) -> Result<(), StoreError> {
        let mut jobs = self.jobs();
        // Looked at under the lock, so that no job comes after those that were told.
        if self.connected.load(Ordering::Acquire) == 0 {
            return Err(away());
        }
        jobs.push_back(job);
        self.come.notify_one();
        Ok(())
    }

    fn jobs(&self) -> MutexGuard<'_, VecDeque<Job>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// One thread's life.
    fn work(&self, connection: Option<Connection>) {
        let mut worker = Worker { address: self.address.clone(), connection };
        let mut counted = worker.connection.is_some();
        while let Some(job) = self.next(&mut worker, &mut counted) {
            job(Ok(&mut worker));
        }
    }

    /// The next job, once there is a connection for it. None: closed, and everything is done.
    fn next(&self, worker: &mut Worker, counted: &mut bool) -> Option<Job> {
        loop {
            if worker.connection.is_some() || self.reconnect(worker) {
                if !std::mem::replace(counted, true) {
                    self.connected.fetch_add(1, Ordering::AcqRel);
                }
                let mut jobs = self.jobs();
                loop {
                    if let Some(job) = jobs.pop_front() {
                        return Some(job);
                    }
                    if self.is_closed() {
                        return None;
                    }
                    jobs = self.come.wait(jobs).unwrap_or_else(PoisonError::into_inner);
                }
            }
            if self.is_closed() && self.jobs().is_empty() {
                return None;
            }
            let mut jobs = self.jobs();
            if std::mem::replace(counted, false) {
                self.connected.fetch_sub(1, Ordering::AcqRel);
            }
            if self.connected.load(Ordering::Acquire) == 0 {
                // Nobody waits in vain.
                for job in std::mem::take(&mut *jobs) {
                    job(Err(away()));
                }
            }
            drop(self.ended.wait_timeout(jobs, AGAIN));
        }
    }

    fn reconnect(&self, worker: &mut Worker) -> bool {
        match worker.connect() {
            Ok(_) => true,
            Err(error) => {
                tracing::debug!(%error, address = %self.address, "the database cannot be reached");
                false
            }
        }
    }
}

impl Worker {
    /// The connection, made anew where there is none.
    pub(super) fn connect(&mut self) -> Result<&Connection, StoreError> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.address.connect()?,
        };
        Ok(self.connection.insert(connection))
    }

    /// Lets a connection go that is of no use any more.
    pub(super) fn let_go(&mut self) {
        self.connection = None;
    }
}
