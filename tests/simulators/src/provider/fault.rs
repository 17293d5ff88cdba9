//! Failures as data: what goes wrong, for which requests, and whether the provider has done its work
//! by then.

use crate::server::{Request, Response};
use http::Method;

/// One failure.
#[derive(Clone, Debug)]
pub struct Fault {
    /// What the caller gets to feel.
    pub does: Misbehaviour,
    /// Whether the request is carried out all the same: whether money moved.
    pub executes: bool,
}

/// What a provider does instead of answering well.
#[derive(Clone, Debug)]
pub enum Misbehaviour {
    /// Closes the connection.
    Close,
    /// Resets the connection.
    Reset,
    /// Sends nothing until released, or until the caller has gone. Then it answers, or closes if it
    /// has nothing to say.
    StallBeforeHeaders,
    /// The same with headers and half of the body sent.
    StallInBody,
    /// Answers this.
    Answer(Response),
    /// A success whose body has this many bytes, of blanks.
    HugeBody(usize),
    /// A success whose body comes byte by byte, 50 a second, without an end.
    Drip,
}

impl Misbehaviour {
    /// A success that is no JSON.
    pub fn garbage() -> Self {
        Self::Answer(Response::status(200).body("\u{0}garbage{"))
    }

    /// Too many requests: come back later.
    pub fn too_many(retry_after: &str) -> Self {
        Self::Answer(Response::status(429).header("retry-after", retry_after))
    }

    /// What a proxy says when the provider behind it fails.
    pub fn html(status: u16) -> Self {
        Self::Answer(Response::html(status))
    }

    /// Somewhere else.
    pub fn redirect(location: &str) -> Self {
        Self::Answer(Response::status(302).header("location", location))
    }

    /// Nothing that the caller does before it has done the work.
    pub fn before(self) -> Fault {
        Fault { does: self, executes: false }
    }

    /// The work is done, and then this.
    pub fn after(self) -> Fault {
        Fault { does: self, executes: true }
    }
}

/// A failure and the requests that it meets.
#[derive(Debug)]
pub struct Rule {
    method: Method,
    path: &'static str,
    skip: usize,
    times: usize,
    seen: usize,
    fault: Fault,
}

impl Rule {
    /// The next request with this method and path; a `*` stands for any one part of the path.
    pub fn new(method: Method, path: &'static str, fault: Fault) -> Self {
        Self { method, path, skip: 0, times: 1, seen: 0, fault }
    }

    /// The next charge.
    pub fn charge(fault: Fault) -> Self {
        Self::new(Method::POST, "/charges", fault)
    }

    /// The next refund, of any charge.
    pub fn refund(fault: Fault) -> Self {
        Self::new(Method::POST, "/charges/*/refunds", fault)
    }

    /// The next question about one charge.
    pub fn inquiry(fault: Fault) -> Self {
        Self::new(Method::GET, "/charges/*", fault)
    }

    /// The next search.
    pub fn search(fault: Fault) -> Self {
        Self::new(Method::GET, "/charges", fault)
    }

    /// Lets this many such requests pass first.
    #[must_use]
    pub fn skipping(mut self, requests: usize) -> Self {
        self.skip = requests;
        self
    }

    /// Meets this many requests in a row.
    #[must_use]
    pub fn times(mut self, requests: usize) -> Self {
        self.times = requests;
        self
    }

    /// Meets every such request until the provider is healed.
    #[must_use]
    pub fn always(self) -> Self {
        self.times(usize::MAX)
    }

    /// Counts the request if it is of this rule, and says whether it is to fail.
    fn meets(&mut self, request: &Request) -> bool {
        if request.method != self.method || !is_path(&request.segments(), self.path) {
            return false;
        }
        self.seen += 1;
        self.seen > self.skip && self.seen - self.skip <= self.times
    }
}

/// Whether a path's parts are those of a pattern.
pub(crate) fn is_path(segments: &[&str], pattern: &str) -> bool {
    let wanted: Vec<_> = pattern.split('/').filter(|part| !part.is_empty()).collect();
    wanted.len() == segments.len()
        && std::iter::zip(wanted, segments).all(|(wanted, part)| wanted == "*" || wanted == *part)
}

/// The rules in force.
#[derive(Default)]
pub(crate) struct Script(Vec<Rule>);

impl Script {
    pub(crate) fn add(&mut self, rule: Rule) {
        self.0.push(rule);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// The failure of the first rule that meets the request; every rule counts it.
    pub(crate) fn fault_for(&mut self, request: &Request) -> Option<Fault> {
        let mut first = None;
        for rule in &mut self.0 {
            if rule.meets(request) && first.is_none() {
                first = Some(rule.fault.clone());
            }
        }
        first
    }
}
