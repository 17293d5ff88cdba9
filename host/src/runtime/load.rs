//! From bytes to a plugin that may serve: the checks, in the order of `sandbox.md`, "Loading". The same function
//! answers `inspect`.

use super::Engine;
use super::abi::v0::{self, Entry};
use super::compile::Uncompiled;
use super::engine::Effort;
use super::link::{elsewhere, linked};
use super::plugin::Plugin;
use super::survey::{Survey, survey};
use crate::capabilities::{Call, Limits, Mode, Name, Pending, Provider, Records, Scope, StateError, Unrecorded};
use crate::clock::Clock;
use crate::egress::{Egress, Origin};
use crate::model::{Description, Exponents, Interfaces, Version, Write};
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;
use wasmtime::component::InstancePre;

/// The largest file that is looked at: a component from Python is 18 MiB.
const LARGEST: usize = 32 << 20;
/// Bytes of a name or a code in a description, and how many of each a list may have.
const LONGEST: usize = 255;
const MOST: usize = 1000;
/// How long `describe` may take: a plugin that only waits there holds up the others.
const DESCRIBE: Duration = Duration::from_secs(5);

/// Everything that is wrong with a plugin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("refused: {}", faults.join("; "))]
pub struct LoadError {
    /// One sentence each, about the plugin.
    pub faults: Vec<String>,
    /// It is the machine that failed: the same file may load some other time.
    pub not_now: bool,
}

impl From<Vec<String>> for LoadError {
    fn from(faults: Vec<String>) -> Self {
        Self { faults, not_now: false }
    }
}

impl From<Uncompiled> for LoadError {
    fn from(uncompiled: Uncompiled) -> Self {
        match uncompiled {
            Uncompiled::Refused(fault) => Self { faults: vec![fault], not_now: false },
            Uncompiled::NotNow(fault) => Self { faults: vec![fault], not_now: true },
        }
    }
}

/// What a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// Its version.
    pub version: Version,
    /// Its size in bytes.
    pub size: usize,
    /// The interfaces that it imports, with their versions.
    pub imports: Vec<String>,
    /// The interfaces that it exports, with their versions.
    pub exports: Vec<String>,
    /// The contract's interfaces among them.
    pub interfaces: Interfaces,
    /// What it says of itself, if it came so far.
    pub description: Option<Description>,
    /// What it is refused for; empty: it may serve.
    pub faults: Vec<String>,
}

/// Looks at a component from the outside in, as far as it holds. Neither a plugin nor faults: it would have to be
/// compiled, and `effort` does not go so far.
pub(super) async fn examine(
    engine: &Engine,
    bytes: Bytes,
    effort: Effort,
) -> (Inspection, Result<Option<Plugin>, LoadError>) {
    let size = bytes.len();
    let (version, survey) = surveyed(&bytes).await;
    let mut inspection = Inspection {
        version,
        size,
        imports: survey.imports,
        exports: survey.exports,
        interfaces: Interfaces(survey.interfaces),
        description: None,
        faults: Vec::new(),
    };
    let admitted = match survey.faults {
        faults if faults.is_empty() => admit(engine, bytes, effort, &mut inspection).await,
        faults => Err(faults.into()),
    };
    if let Err(error) = &admitted {
        inspection.faults.clone_from(&error.faults);
    }
    (inspection, admitted)
}

/// The version, and what can be read without compiling.
async fn surveyed(bytes: &Bytes) -> (Version, Survey) {
    let refused = |faults| Survey { faults, ..Survey::default() };
    if bytes.len() > LARGEST {
        let fault = format!("has {} bytes, the most is {LARGEST}", bytes.len());
        return (Version::of(bytes), refused(vec![fault]));
    }
    let looked = elsewhere({
        let bytes = bytes.clone();
        move || (Version::of(&bytes), survey(&bytes))
    });
    looked.await.unwrap_or_else(|faults| (Version::of(bytes), refused(faults)))
}

async fn admit(
    engine: &Engine,
    bytes: Bytes,
    effort: Effort,
    inspection: &mut Inspection,
) -> Result<Option<Plugin>, LoadError> {
    let linked = linked(engine, bytes, effort, &inspection.version, &inspection.interfaces).await?;
    let Some((pre, entry)) = linked else { return Ok(None) };
    let described = describe(engine, &pre, &entry).await?;
    let mut faults = Vec::new();
    check(&described, &mut faults);
    inspection.description = Some(described.clone());
    if !faults.is_empty() {
        return Err(faults.into());
    }
    let (version, interfaces) = (inspection.version.clone(), inspection.interfaces.clone());
    Ok(Some(Plugin::new(engine.clone(), version, described, interfaces, pre, entry)))
}

/// Runs `describe` in an instance to which nothing is granted, and compares the types of all exports.
async fn describe(
    engine: &Engine,
    pre: &InstancePre<super::state::State>,
    entry: &Entry,
) -> Result<Description, Vec<String>> {
    let _permit = engine.admissions().acquire().await.map_err(|_| vec!["the engine has ended".to_owned()])?;
    let mut runner = super::plugin::Runner::new(engine, pre, scratch());
    let described = runner.run(async |store, instance| v0::describe(entry, store, &instance).await).await;
    match described {
        Ok(described) => described,
        Err(failure) => Err(vec![format!("describe failed: {failure}")]),
    }
}

/// What is wrong with what a plugin says of itself.
fn check(description: &Description, faults: &mut Vec<String>) {
    let mut texts = vec![("name", &description.name), ("version", &description.version)];
    texts.extend(description.payment_methods.iter().map(|method| ("payment method", method)));
    for need in description.secrets.iter().chain(&description.settings) {
        texts.extend([("name of a secret or setting", &need.name), ("text about a secret or setting", &need.about)]);
    }
    for (what, text) in texts {
        if text.is_empty() || text.len() > LONGEST {
            faults.push(format!("its description has a {what} that is empty or longer than {LONGEST} bytes"));
        }
    }
    let exponents = description.exponents.iter().map(|(currency, _)| currency);
    for currency in description.currencies.iter().chain(exponents) {
        if let Err(error) = Exponents::default().provider(currency) {
            faults.push(format!("its description names a currency: {error}"));
        }
    }
    for (currency, exponent) in description.exponents.iter().filter(|(_, exponent)| *exponent > 4) {
        faults.push(format!("its description gives {currency} {exponent} decimals, the most is 4"));
    }
    let safe = description.safe_requests.iter().map(|safe| &safe.origin);
    for origin in description.origins.iter().chain(safe) {
        if let Err(error) = Origin::parse(origin) {
            faults.push(format!("its description has the origin {origin:?}, which {error}"));
        }
    }
    for safe in &description.safe_requests {
        let upper = !safe.method.is_empty() && safe.method.bytes().all(|byte| byte.is_ascii_uppercase());
        if !upper || !safe.path_prefix.starts_with('/') {
            faults.push(format!("its description has a safe request {:?} {:?}", safe.method, safe.path_prefix));
        }
    }
    let lists = [
        description.payment_methods.len(),
        description.currencies.len(),
        description.exponents.len(),
        description.origins.len(),
        description.safe_requests.len(),
        description.secrets.len(),
        description.settings.len(),
        description.reads_carry_formats.len(),
    ];
    if lists.into_iter().any(|length| length > MOST) {
        faults.push(format!("its description has a list of more than {MOST}"));
    }
}

/// A call to which nothing is granted.
fn scratch() -> Call {
    let limits = Limits { deadline: DESCRIBE, ..Limits::default() };
    let scope = Scope {
        provider: Arc::new(Provider::unconfigured("describe", limits)),
        version: Version(String::new()),
        description: Arc::default(),
        records: Arc::new(NoRecords),
        egress: Arc::new(Egress::new()),
        clock: Clock::system(),
    };
    Call::new(scope, Mode::Reading { reference: None })
}

/// Nothing is kept for a plugin that does not serve.
struct NoRecords;

impl Records for NoRecords {
    fn sent<'a>(&'a self, _writes: &'a [Write]) -> Pending<'a, Result<(), Unrecorded>> {
        Box::pin(async { Err(Unrecorded) })
    }

    fn learned(&self, _name: Name) -> Pending<'_, ()> {
        Box::pin(async {})
    }

    fn state_get(&self, _key: String) -> Pending<'_, Result<Option<Vec<u8>>, StateError>> {
        Box::pin(async { Err(StateError::Unavailable) })
    }

    fn state_set(&self, _key: String, _value: Vec<u8>, _ttl: Option<Duration>) -> Pending<'_, Result<(), StateError>> {
        Box::pin(async { Err(StateError::Unavailable) })
    }

    fn state_remove(&self, _key: String) -> Pending<'_, Result<(), StateError>> {
        Box::pin(async { Err(StateError::Unavailable) })
    }
}
