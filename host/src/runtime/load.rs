//! From bytes to a plugin that may serve: the checks, in the order of `sandbox.md`, "Loading". The same function
//! answers `inspect`.

use super::abi::v0::{self, Entry};
use super::code::Code;
use super::compile::{compile, with_progress};
use super::engine::Effort;
use super::plugin::Plugin;
use super::survey::{Survey, survey};
use super::{Engine, structure, wasi};
use crate::capabilities::{Call, Limits, Mode, Name, Pending, Provider, Records, Scope, StateError, Unrecorded};
use crate::clock::Clock;
use crate::egress::{Egress, Origin};
use crate::model::{Description, Exponents, Interface, Interfaces, Version, Write};
use crate::telemetry;
use bytes::Bytes;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use wasmtime::component::InstancePre;

/// The largest file that is looked at: a component from Python is 18 MiB.
const LARGEST: usize = 32 << 20;
/// Bytes of a name or a code in a description, and how many of each a list may have.
const LONGEST: usize = 255;
const MOST: usize = 1000;

/// Everything that is wrong with a plugin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("refused: {}", faults.join("; "))]
pub struct LoadError {
    /// One sentence each, about the plugin.
    pub faults: Vec<String>,
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

/// Looks at a component from the outside in, as far as it holds. Without a plugin and without faults: it would have to be
/// compiled, and `effort` does not go so far.
pub(super) async fn examine(engine: &Engine, bytes: Bytes, effort: Effort) -> (Inspection, Option<Plugin>) {
    let size = bytes.len();
    let (version, survey) = surveyed(&bytes).await;
    let mut inspection = Inspection {
        version,
        size,
        imports: survey.imports,
        exports: survey.exports,
        interfaces: Interfaces(survey.interfaces),
        description: None,
        faults: survey.faults,
    };
    if !inspection.faults.is_empty() {
        return (inspection, None);
    }
    let admitted = admit(engine, bytes, effort, &mut inspection).await;
    let plugin = admitted.unwrap_or_else(|faults| {
        inspection.faults = faults;
        None
    });
    (inspection, plugin)
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
) -> Result<Option<Plugin>, Vec<String>> {
    let Some((pre, entry)) = linked(engine, bytes, effort, inspection).await? else { return Ok(None) };
    let described = describe(engine, &pre, &entry).await?;
    let mut faults = Vec::new();
    check(&described, &mut faults);
    inspection.description = Some(described.clone());
    if !faults.is_empty() {
        return Err(faults);
    }
    let (version, interfaces) = (inspection.version.clone(), inspection.interfaces.clone());
    Ok(Some(Plugin::new(engine.clone(), version, described, interfaces, pre, entry)))
}

type Linked = (InstancePre<super::state::State>, Entry);

/// From the cache, or else from the compiler, if `effort` goes so far.
async fn linked(
    engine: &Engine,
    bytes: Bytes,
    effort: Effort,
    inspection: &Inspection,
) -> Result<Option<Linked>, Vec<String>> {
    if let Some(linked) = kept(engine, inspection).await? {
        metrics::counter!(telemetry::PLUGIN_LOADS, "code" => "kept").increment(1);
        return Ok(Some(linked));
    }
    if effort == Effort::Kept {
        return Ok(None);
    }
    let sound = elsewhere({
        let bytes = bytes.clone();
        move || structure::check(&bytes)
    });
    sound.await?.map_err(|fault| vec![fault])?;
    let code = compiled(engine, &bytes, &inspection.version).await.map_err(|fault| vec![fault])?;
    drop(bytes);
    metrics::counter!(telemetry::PLUGIN_LOADS, "code" => "compiled").increment(1);
    let (engine, version) = (engine.clone(), inspection.version.clone());
    let interfaces = inspection.interfaces.0.clone();
    let linked = elsewhere(move || {
        let linked = link(&engine, &code, &interfaces).map_err(Unlinked::faults)?;
        // Only what could be loaded: a plugin that is refused is compiled again if somebody puts it there again.
        if let Some(cache) = engine.cache() {
            cache.put(&version, &code);
        }
        Ok(linked)
    });
    linked.await?.map(Some)
}

async fn kept(engine: &Engine, inspection: &Inspection) -> Result<Option<Linked>, Vec<String>> {
    let (engine, version) = (engine.clone(), inspection.version.clone());
    let interfaces = inspection.interfaces.0.clone();
    let found = elsewhere(move || {
        let Some(cache) = engine.cache() else { return Ok(None) };
        let Some(code) = cache.get(&version) else { return Ok(None) };
        match link(&engine, &code, &interfaces) {
            Ok(linked) => Ok(Some(linked)),
            Err(Unlinked::Code(error)) => {
                // Such as after a change of the machine's processor under the same folder.
                tracing::warn!(
                    version = version.short(),
                    "a compiled plugin does not fit: it is compiled again: {error:#}"
                );
                cache.forget(&version);
                Ok(None)
            }
            Err(refused) => Err(refused.faults()),
        }
    });
    found.await?
}

/// One at a time, with a word about how long it took.
async fn compiled(engine: &Engine, bytes: &Bytes, version: &Version) -> Result<Code, String> {
    let _permit = engine.compilations().acquire().await.map_err(|_| "the engine has ended".to_owned())?;
    let began = Instant::now();
    let code = with_progress(version.short(), bytes.len(), compile(engine.compiler(), bytes)).await?;
    let milliseconds = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::info!(version = version.short(), bytes = bytes.len(), milliseconds, "plugin compiled");
    Ok(code)
}

/// Why code is no plugin.
enum Unlinked {
    /// It does not fit this engine.
    Code(wasmtime::Error),
    /// What is wrong with the component.
    Faults(Vec<String>),
}

impl Unlinked {
    fn faults(self) -> Vec<String> {
        match self {
            Self::Code(error) => vec![format!("its code cannot be loaded: {error:#}")],
            Self::Faults(faults) => faults,
        }
    }
}

fn link(engine: &Engine, code: &Code, interfaces: &BTreeSet<Interface>) -> Result<Linked, Unlinked> {
    let component = code.component(engine.wasmtime()).map_err(Unlinked::Code)?;
    let fault = |error: wasmtime::Error| Unlinked::Faults(vec![format!("cannot be linked: {error:#}")]);
    let mut linker = engine.linker();
    wasi::refuse(&mut linker, &component).map_err(fault)?;
    let pre = linker.instantiate_pre(&component).map_err(fault)?;
    let entry = Entry::new(&pre, interfaces).map_err(Unlinked::Faults)?;
    Ok((pre, entry))
}

/// Work that would hold up what else this thread does. If a file brings it to panic, that is a fault found in the file.
async fn elsewhere<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Vec<String>> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| vec!["broke what looks at it: this is a fault of the host, too".to_owned()])
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
    let scope = Scope {
        provider: Arc::new(Provider::unconfigured("describe", Limits::default())),
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
