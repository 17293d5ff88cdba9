//! A merchant that takes callbacks as fast as it can, or never answers, and notes when each came.

use anyhow::{Context, Result};
use axum::Router;
use axum::http::StatusCode;
use std::future::pending;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::sync::watch;

/// How long a callback may take to come.
const PATIENCE: Duration = Duration::from_secs(120);

/// A merchant on loopback, on a thread of its own, for as long as the program runs.
pub(crate) struct Merchant {
    address: SocketAddr,
    taken: watch::Receiver<Vec<Instant>>,
}

impl Merchant {
    /// One that answers at once.
    pub(crate) fn fast() -> Result<Self> {
        Self::start(false)
    }

    /// One that takes every connection and never answers.
    pub(crate) fn dead() -> Result<Self> {
        Self::start(true)
    }

    fn start(dead: bool) -> Result<Self> {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let (note, taken) = watch::channel(Vec::new());
        let take = move || {
            let note = note.clone();
            async move {
                note.send_modify(|taken| taken.push(Instant::now()));
                if dead {
                    pending::<()>().await;
                }
                StatusCode::OK
            }
        };
        let router = Router::new().fallback(take);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::spawn(move || {
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).expect("a listener that does not block");
                axum::serve(listener, router).await
            })
        });
        Ok(Self { address, taken })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many came until now.
    pub(crate) fn taken(&self) -> usize {
        self.taken.borrow().len()
    }

    /// When each came, the oldest first.
    pub(crate) fn times(&self) -> Vec<Instant> {
        self.taken.borrow().clone()
    }

    /// Waits until so many have come.
    pub(crate) async fn wait_for(&self, count: usize) -> Result<()> {
        let mut taken = self.taken.clone();
        let came = tokio::time::timeout(PATIENCE, taken.wait_for(|taken| taken.len() >= count)).await;
        came.with_context(|| format!("{} of {count} callbacks came", self.taken()))??;
        Ok(())
    }
}
