//! The scripted provider: it speaks the `acme` format, keeps a [`Ledger`] by idempotency key, and
//! fails wherever a test's [`Rule`]s say. Start at [`Provider::start`].
//!
//! What becomes of a charge is the caller's wish, in `providerData`, as with a real provider's test
//! cards: see [`Wish`]. What goes wrong on the way is the test's.

mod acme;
mod fault;
mod ledger;
mod misbehave;
mod webhook;

pub use acme::Wish;
pub use fault::{Fault, Misbehaviour, Rule};
pub use ledger::{Charge, Ledger, Refund, Status};
pub use webhook::{Answered, WEBHOOK_SECRET};

use crate::PATIENCE;
use crate::server::{Connection, Door, Handler, Next, Request, Server};
use fault::Script;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// A provider on loopback; it ends when this is dropped.
pub struct Provider {
    server: Server,
    desk: Arc<Desk>,
}

/// What the server's thread and the test share.
struct Desk {
    script: Mutex<Script>,
    ledger: watch::Sender<Ledger>,
    /// Counts the releases; who stalls waits for the next one.
    releases: watch::Sender<u64>,
}

impl Provider {
    /// A provider that does as it is asked.
    pub fn start() -> Self {
        let desk = Arc::new(Desk {
            script: Mutex::default(),
            ledger: watch::Sender::default(),
            releases: watch::Sender::default(),
        });
        Self { server: Server::start(desk.clone()), desk }
    }

    /// Its origin, such as `http://127.0.0.1:40123`: what an operator grants.
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// Everything it has done and heard until now.
    pub fn ledger(&self) -> Ledger {
        self.desk.ledger.borrow().clone()
    }

    /// Waits until its ledger is as wanted, and hands it over.
    ///
    /// # Panics
    /// With the ledger, if that does not happen within [`PATIENCE`].
    pub async fn wait_until(&self, wanted: impl FnMut(&Ledger) -> bool) -> Ledger {
        let mut ledger = self.desk.ledger.subscribe();
        match tokio::time::timeout(PATIENCE, ledger.wait_for(wanted)).await {
            Ok(Ok(ledger)) => ledger.clone(),
            _ => panic!("the provider's ledger stayed at {:#?}", self.ledger()),
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

    /// The provider makes up its mind about a charge. No webhook is sent by that.
    ///
    /// # Panics
    /// If it has no such charge.
    pub fn settle(&self, charge: &str, status: Status) {
        self.desk.ledger.send_modify(|ledger| ledger.charge_mut(charge).status = status);
    }

    /// The provider makes up its mind about a refund. No webhook is sent by that.
    ///
    /// # Panics
    /// If it has no such refund.
    pub fn settle_refund(&self, refund: &str, status: Status) {
        self.desk.ledger.send_modify(|ledger| ledger.refund_mut(refund).status = status);
    }
}

impl Desk {
    fn script(&self) -> std::sync::MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Handler for Desk {
    async fn handle(&self, request: Request, connection: &mut Connection) -> io::Result<Next> {
        // Before the ledger tells of the request, so that a release that answers it is not missed.
        let release = self.releases.subscribe();
        let fault = self.script().fault_for(&request);
        let executes = fault.as_ref().is_none_or(|fault| fault.executes);
        let mut answer = None;
        self.ledger.send_modify(|ledger| {
            answer = executes.then(|| acme::answer(ledger, &request));
            ledger.requests.push(request);
        });
        match (fault, answer) {
            (Some(fault), answer) => misbehave::misbehave(connection, fault.does, answer, release).await,
            (None, Some(answer)) => {
                connection.write(&answer).await?;
                Ok(Next::KeepAlive)
            }
            (None, None) => Ok(Next::Close),
        }
    }
}

#[cfg(test)]
mod tests;
