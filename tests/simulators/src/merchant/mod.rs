//! The merchant: takes callbacks, keeps every delivery, and answers as a test says. Start at
//! [`Merchant::start`].

mod delivery;

pub use delivery::Delivery;

use crate::PATIENCE;
use crate::server::{Connection, Door, Handler, Next, Request, Response, Server};
use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;
use tokio::sync::watch;

/// A merchant on loopback; it ends when this is dropped.
pub struct Merchant {
    server: Server,
    counter: Arc<Counter>,
}

/// How the merchant meets one delivery.
#[derive(Clone, Debug)]
pub enum Reply {
    /// Answers this.
    Now(Response),
    /// Answers this when it is released; if the host gives up before, never.
    WhenReleased(Response),
    /// Closes the connection without a word.
    Close,
}

impl From<u16> for Reply {
    /// A status and nothing more.
    fn from(status: u16) -> Self {
        Self::Now(Response::status(status))
    }
}

impl From<Response> for Reply {
    fn from(response: Response) -> Self {
        Self::Now(response)
    }
}

/// What the server's thread and the test share.
struct Counter {
    deliveries: watch::Sender<Vec<Delivery>>,
    replies: Mutex<VecDeque<Reply>>,
    /// Counts the releases; who is slow waits for the next one.
    releases: watch::Sender<u64>,
}

impl Merchant {
    /// A merchant that answers 200.
    pub fn start() -> Self {
        let counter = Arc::new(Counter {
            deliveries: watch::Sender::default(),
            replies: Mutex::default(),
            releases: watch::Sender::default(),
        });
        Self { server: Server::start(counter.clone()), counter }
    }

    /// Where it takes callbacks, such as `http://127.0.0.1:40123/callbacks`. Any path will do.
    pub fn url(&self) -> String {
        format!("http://{}/callbacks", self.server.address())
    }

    /// How the next deliveries are met, one after the other; after these, with 200.
    pub fn reply_next<R: Into<Reply>>(&self, replies: impl IntoIterator<Item = R>) {
        let replies = replies.into_iter().map(Into::into);
        self.counter.replies().extend(replies);
    }

    /// Nobody is there: connections are refused, and those that are open are closed.
    pub fn go_down(&self) {
        self.server.turn(Door::Shut);
    }

    /// There again, on the same port.
    pub fn come_up(&self) {
        self.server.turn(Door::Open);
    }

    /// Lets it answer what it is slow with now.
    pub fn release(&self) {
        self.counter.releases.send_modify(|releases| *releases += 1);
    }

    /// Every delivery until now, oldest first, those included that were met with an error.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.counter.deliveries.borrow().clone()
    }

    /// Waits for this many deliveries, and hands over all there are.
    ///
    /// # Panics
    /// With what there is, if that does not happen within [`PATIENCE`].
    pub async fn wait_for(&self, count: usize) -> Vec<Delivery> {
        self.wait_until(|deliveries| deliveries.len() >= count).await
    }

    /// Waits until the deliveries are as wanted, and hands them over.
    ///
    /// # Panics
    /// With what there is, if that does not happen within [`PATIENCE`].
    pub async fn wait_until(&self, wanted: impl FnMut(&[Delivery]) -> bool) -> Vec<Delivery> {
        let mut wanted = wanted;
        let mut deliveries = self.counter.deliveries.subscribe();
        let arrived = deliveries.wait_for(|deliveries| wanted(deliveries));
        match tokio::time::timeout(PATIENCE, arrived).await {
            Ok(Ok(deliveries)) => deliveries.clone(),
            _ => panic!("the merchant only got {:#?}", self.deliveries()),
        }
    }

    /// Waits as long as it takes for more deliveries than this, and hands over all there are.
    pub async fn more_than(&self, count: usize) -> Vec<Delivery> {
        let mut deliveries = self.counter.deliveries.subscribe();
        match deliveries.wait_for(|deliveries| deliveries.len() > count).await {
            Ok(deliveries) => deliveries.clone(),
            Err(_) => unreachable!("the sending half lives as long as this merchant"),
        }
    }
}

impl Counter {
    fn replies(&self) -> std::sync::MutexGuard<'_, VecDeque<Reply>> {
        self.replies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Handler for Counter {
    async fn handle(&self, request: Request, connection: &mut Connection) -> io::Result<Next> {
        // Before the delivery is told of, so that a release that answers it is not missed.
        let mut release = self.releases.subscribe();
        let reply = self.replies().pop_front();
        let reply = reply.unwrap_or_else(|| Reply::from(200));
        let received_at = SystemTime::now();
        self.deliveries.send_modify(|deliveries| {
            deliveries.push(Delivery { request, received_at });
        });
        let response = match reply {
            Reply::Now(response) => response,
            Reply::Close => return Ok(Next::Close),
            Reply::WhenReleased(response) => tokio::select! {
                _ = release.changed() => response,
                () = connection.gone() => return Ok(Next::Close),
            },
        };
        connection.write(&response).await?;
        Ok(Next::KeepAlive)
    }
}

#[cfg(test)]
mod tests;
