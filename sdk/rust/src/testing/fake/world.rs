//! Everything that one test's host knows. One for each thread, because a test runs in one.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::SafeRequest;
use crate::bindings::provost::provider::http as wire;
use crate::callbacks::Event;
use crate::http;
use crate::operation::Name;
use crate::testing::vault::Vault;
use crate::testing::{Line, Sent};

thread_local! {
    static WORLD: RefCell<Option<World>> = const { RefCell::new(None) };
}

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) settings: HashMap<String, String>,
    pub(crate) vault: Vault,
    pub(crate) exponents: HashMap<String, u8>,
    pub(crate) safe_requests: Vec<SafeRequest>,
    pub(crate) webhook_url: Option<String>,
    pub(crate) script: VecDeque<Result<wire::Response, http::Error>>,
    pub(crate) operation: u32,
    pub(crate) attempt: u32,
    pub(crate) reading: bool,
    pub(crate) now_ms: u64,
    pub(crate) state: HashMap<String, Stored>,
    pub(crate) sent: Vec<Sent>,
    pub(crate) learned: Vec<Name>,
    pub(crate) emitted: Vec<Event>,
    pub(crate) lines: Vec<Line>,
}

#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) value: Vec<u8>,
    pub(crate) until_ms: Option<u64>,
}

impl World {
    fn new() -> Self {
        Self {
            settings: HashMap::new(),
            vault: Vault::default(),
            exponents: HashMap::new(),
            safe_requests: Vec::new(),
            webhook_url: None,
            script: VecDeque::new(),
            operation: 1,
            attempt: 1,
            reading: false,
            now_ms: 1_767_225_600_000,
            state: HashMap::new(),
            sent: Vec::new(),
            learned: Vec::new(),
            emitted: Vec::new(),
            lines: Vec::new(),
        }
    }

    pub(crate) fn advance(&mut self, time: Duration) {
        self.now_ms += u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    }

    pub(crate) fn reference(&self) -> String {
        format!("operation{}", self.operation)
    }

    /// As the real one: the same for the same operation and step, another for any other, in the form
    /// of a UUID v4.
    pub(crate) fn idempotency_key(&self, step: Option<&str>) -> String {
        let digest = Sha256::digest(format!("{} {step:?}", self.operation));
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{}-{}-4{}-8{}-{}", &hex[..8], &hex[8..12], &hex[12..15], &hex[15..18], &hex[18..30])
    }

    /// Whether a request moves no money.
    pub(crate) fn only_reads(&self, request: &wire::Request) -> bool {
        let declared = |safe: &SafeRequest| {
            let after_origin = request.url.strip_prefix(&safe.origin);
            safe.method == request.method && after_origin.is_some_and(|path| path.starts_with(&safe.path_prefix))
        };
        matches!(request.method.as_str(), "GET" | "HEAD") || self.safe_requests.iter().any(declared)
    }

    pub(crate) fn stored(&self, key: &str) -> Option<Vec<u8>> {
        let stored = self.state.get(key)?;
        let alive = stored.until_ms.is_none_or(|until| self.now_ms < until);
        alive.then(|| stored.value.clone())
    }
}

/// A test's host begins.
pub(crate) fn begin() {
    crate::http::progress::reset();
    WORLD.with_borrow_mut(|world| {
        assert!(world.is_none(), "this thread has a fake host already");
        *world = Some(World::new());
    });
}

/// A test's host ends.
pub(crate) fn end() -> Option<World> {
    WORLD.take()
}

#[track_caller]
pub(crate) fn with<T>(use_it: impl FnOnce(&mut World) -> T) -> T {
    WORLD.with_borrow_mut(|world| match world {
        Some(world) => use_it(world),
        None => panic!("no host: begin the test with `let host = testing::Host::new();`"),
    })
}
