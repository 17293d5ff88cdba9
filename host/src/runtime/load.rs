//! From bytes to a plugin that may serve: the checks, in the order of `sandbox.md`, "Loading". The same function
//! answers `inspect`.

use super::abi::v0::{self, Entry};
use super::plugin::Plugin;
use super::survey::survey;
use super::{Engine, wasi};
use crate::capabilities::{Call, Limits, Mode, Name, Pending, Provider, Records, Scope, StateError, Unrecorded};
use crate::clock::Clock;
use crate::egress::{Egress, Origin};
use crate::model::{Description, Exponents, Interface, Interfaces, Version, Write};
use bytes::Bytes;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use wasmtime::component::{Component, InstancePre};

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

/// Looks at a component from the outside in, as far as it holds.
pub(super) async fn examine(engine: &Engine, bytes: Bytes) -> (Inspection, Option<Plugin>) {
    let mut inspection = Inspection {
        version: Version::of(&bytes),
        size: bytes.len(),
        imports: Vec::new(),
        exports: Vec::new(),
        interfaces: Interfaces::default(),
        description: None,
        faults: Vec::new(),
    };
    if bytes.len() > LARGEST {
        inspection.faults.push(format!("has {} bytes, the most is {LARGEST}", bytes.len()));
        return (inspection, None);
    }
    let survey = survey(&bytes);
    (inspection.imports, inspection.exports) = (survey.imports, survey.exports);
    (inspection.interfaces, inspection.faults) = (Interfaces(survey.interfaces), survey.faults);
    if !inspection.faults.is_empty() {
        return (inspection, None);
    }
    let admitted = admit(engine, bytes, &mut inspection).await;
    let plugin = admitted.unwrap_or_else(|faults| {
        inspection.faults = faults;
        None
    });
    (inspection, plugin)
}

async fn admit(engine: &Engine, bytes: Bytes, inspection: &mut Inspection) -> Result<Option<Plugin>, Vec<String>> {
    let interfaces = inspection.interfaces.0.clone();
    let compiling = tokio::task::spawn_blocking({
        let engine = engine.clone();
        move || compile(&engine, &bytes, &interfaces)
    });
    let (pre, entry) = compiling.await.map_err(|error| vec![format!("did not compile: {error}")])??;
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

fn compile(engine: &Engine, bytes: &[u8], interfaces: &BTreeSet<Interface>) -> Result<Linked, Vec<String>> {
    let fault = |what: &str, error: &wasmtime::Error| vec![format!("{what}: {error:#}")];
    let component = Component::new(engine.wasmtime(), bytes).map_err(|error| fault("does not compile", &error))?;
    let mut linker = engine.linker();
    wasi::refuse(&mut linker, &component).map_err(|error| fault("cannot be linked", &error))?;
    let pre = linker.instantiate_pre(&component).map_err(|error| fault("cannot be linked", &error))?;
    let entry = Entry::new(&pre, interfaces)?;
    Ok((pre, entry))
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
