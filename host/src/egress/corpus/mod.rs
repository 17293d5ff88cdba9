//! The corpus of addresses, URLs, names and redirects that hostile plugins, callers and name servers try: each is
//! refused by its rule, none reaches the sentinel on loopback, and no public address is refused.

mod addresses;
mod names;
mod odd;
mod redirects;
mod spelling;

use super::{Answer, AnswerLimits, Denial, Egress, Error, Grant, Origin, Request, Rule, Settings};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;
use url::Url;

/// A name server of a test: each question gets the next answer, and the last one for ever.
struct Told {
    answers: Mutex<Vec<Vec<IpAddr>>>,
    asked: AtomicUsize,
}

impl Told {
    fn new(answers: &[&[IpAddr]]) -> Arc<Self> {
        let answers = answers.iter().rev().map(|answer| answer.to_vec()).collect();
        Arc::new(Self { answers: Mutex::new(answers), asked: AtomicUsize::new(0) })
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

impl Resolve for Told {
    fn resolve(&self, _: Name) -> Resolving {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let mut answers = self.answers.lock().unwrap();
        let answer = if answers.len() > 1 { answers.pop() } else { answers.first().cloned() };
        let found = answer.unwrap_or_default().into_iter().map(|address| SocketAddr::new(address, 0));
        Box::pin(async move { Ok(Box::new(found.collect::<Vec<_>>().into_iter()) as Addrs) })
    }
}

/// A server on loopback that nothing may reach.
struct Sentinel {
    address: SocketAddr,
    listener: TcpListener,
}

impl Sentinel {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self { address: listener.local_addr().unwrap(), listener }
    }

    fn port(&self) -> u16 {
        self.address.port()
    }

    /// Whoever had connected would wait in the listener's queue.
    async fn is_untouched(&self) -> bool {
        tokio::select! {
            biased;
            _ = self.listener.accept() => false,
            () = std::future::ready(()) => true,
        }
    }
}

fn get(url: &str) -> Request {
    Request { method: "GET".into(), url: url.into(), headers: Vec::new(), body: None }
}

/// A grant of the origin that a URL names, as an operator writes it who thinks no harm.
fn naive(url: &str, private: bool) -> Option<Grant> {
    let origin = Url::parse(url).ok()?.origin().ascii_serialization();
    Some(Grant { private, ..Grant::to(Origin::parse(&origin).ok()?) })
}

/// What comes of a request for `url` under these grants.
async fn send(egress: &Egress, url: &str, grants: &[Grant]) -> Result<Answer, Error> {
    let cleared = egress.clear(get(url), grants, &[], 0)?;
    let limits = AnswerLimits { headers: 1 << 16, body: 1 << 16 };
    let pass = egress.enter("acme", &Settings::default(), false, Duration::from_secs(5)).await?;
    egress.send(pass, cleared, limits, Duration::from_secs(5)).await
}

/// The rule that denied it, or none for what is no URL at all; whatever else becomes of it is a fault.
fn rule(url: &str, result: Result<Answer, Error>) -> Option<Rule> {
    match result {
        Err(Error::Denied(Denial { rule, .. })) => Some(rule),
        Err(Error::Invalid(_)) => None,
        other => panic!("{url} was let out: {other:?}"),
    }
}

#[test]
fn the_corpus_has_at_least_1_500_cases() {
    let counts = [addresses::spelled().len(), names::refused().len(), redirects::cases().len(), odd::CASES.len()];
    assert!(counts.iter().sum::<usize>() >= 1_500, "{counts:?}");
}
