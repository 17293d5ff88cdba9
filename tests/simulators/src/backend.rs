//! What stands behind a plugin under test: a server that does its work, keeps a ledger of it, and fails wherever a
//! test's [`Rule`]s say. What the work is, [`Works`] says.

use crate::PATIENCE;
use crate::provider::Rule;
use crate::provider::fault::Script;
use crate::provider::misbehave::misbehave;
use crate::server::{Connection, Door, Handler, Next, Request, Response, Server};
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// A ledger that does the work which it tells of.
pub trait Works: Clone + Default + fmt::Debug + Send + Sync + 'static {
    /// Carries a request out and says what came of it.
    fn carry_out(&mut self, request: &Request) -> Response;

    /// Notes that a request came, whatever became of it.
    fn note(&mut self, request: Request);
}

/// A server on loopback; it ends when this is dropped.
pub struct Backend<L: Works> {
    server: Server,
    desk: Arc<Desk<L>>,
}

/// What the server's thread and the test share.
struct Desk<L> {
    script: Mutex<Script>,
    ledger: watch::Sender<L>,
    /// Counts the releases; who stalls waits for the next one.
    releases: watch::Sender<u64>,
}

impl<L: Works> Backend<L> {
    /// One that does as it is asked.
    pub fn start() -> Self {
        Self::with(L::default())
    }

    /// The same with this ledger to begin with.
    pub(crate) fn with(ledger: L) -> Self {
        let desk = Arc::new(Desk {
            script: Mutex::default(),
            ledger: watch::Sender::new(ledger),
            releases: watch::Sender::default(),
        });
        Self { server: Server::start(desk.clone()), desk }
    }

    /// Its origin, such as `http://127.0.0.1:40123`: what an operator grants.
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// Everything it has done and heard until now.
    pub fn ledger(&self) -> L {
        self.desk.ledger.borrow().clone()
    }

    /// Waits until its ledger is as wanted, and hands it over.
    ///
    /// # Panics
    /// With the ledger, if that does not happen within [`PATIENCE`].
    pub async fn wait_until(&self, wanted: impl FnMut(&L) -> bool) -> L {
        let mut ledger = self.desk.ledger.subscribe();
        match tokio::time::timeout(PATIENCE, ledger.wait_for(wanted)).await {
            Ok(Ok(ledger)) => ledger.clone(),
            _ => panic!("the ledger stayed at {:#?}", self.ledger()),
        }
    }

    /// Adds a rule of failure. Earlier rules win.
    pub fn fail(&self, rule: Rule) {
        self.desk.script().add(rule);
    }

    /// No more failures: forgets all rules, and listens.
    pub fn heal(&self) {
        self.desk.script().clear();
        self.server.turn(Door::Open);
    }

    /// From now on connections are refused, and those that are open are closed.
    pub fn refuse_connections(&self) {
        self.server.turn(Door::Shut);
    }

    /// From now on connections are accepted and closed before a byte is read.
    pub fn hang_up(&self) {
        self.server.turn(Door::HangingUp);
    }

    /// Lets everything go on that stalls now.
    pub fn release(&self) {
        self.desk.releases.send_modify(|releases| *releases += 1);
    }

    /// What only the test does to the ledger.
    pub(crate) fn change(&self, change: impl FnOnce(&mut L)) {
        self.desk.ledger.send_modify(change);
    }
}

impl<L> Desk<L> {
    fn script(&self) -> std::sync::MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<L: Works> Handler for Desk<L> {
    async fn handle(&self, request: Request, connection: &mut Connection) -> io::Result<Next> {
        // Before the ledger tells of the request, so that a release that answers it is not missed.
        let release = self.releases.subscribe();
        let fault = self.script().fault_for(&request);
        let executes = fault.as_ref().is_none_or(|fault| fault.executes);
        let mut answer = None;
        self.ledger.send_modify(|ledger| {
            answer = executes.then(|| ledger.carry_out(&request));
            ledger.note(request);
        });
        match (fault, answer) {
            (Some(fault), answer) => misbehave(connection, fault.does, answer, release).await,
            (None, Some(answer)) => {
                connection.write(&answer).await?;
                Ok(Next::KeepAlive)
            }
            (None, None) => Ok(Next::Close),
        }
    }
}
