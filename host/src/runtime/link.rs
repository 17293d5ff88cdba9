//! From a component's bytes to what can be instantiated: out of the cache, or else through the structural stage and the
//! compiler, and then into the cache.

use super::abi::v0::Entry;
use super::code::Code;
use super::compile::{Uncompiled, compile, with_progress};
use super::engine::Effort;
use super::state::State;
use super::{Engine, LoadError, structure, wasi};
use crate::model::{Interfaces, Version};
use crate::telemetry;
use bytes::Bytes;
use std::time::Instant;
use wasmtime::component::InstancePre;

/// A component with all its imports, and where its exports are.
pub(super) type Linked = (InstancePre<State>, Entry);

/// From the cache, or else from the compiler, if `effort` goes so far.
pub(super) async fn linked(
    engine: &Engine,
    bytes: Bytes,
    effort: Effort,
    version: &Version,
    interfaces: &Interfaces,
) -> Result<Option<Linked>, LoadError> {
    if let Some(linked) = kept(engine, version, interfaces).await? {
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
    let code = compiled(engine, &bytes, version).await?;
    metrics::counter!(telemetry::PLUGIN_LOADS, "code" => "compiled").increment(1);
    let (engine, version, interfaces) = (engine.clone(), version.clone(), interfaces.clone());
    let linked = elsewhere(move || {
        let linked = link(&engine, &code, &interfaces).map_err(Unlinked::faults)?;
        // Only what can be linked: the rest is refused, and will be.
        if let Some(cache) = engine.cache() {
            cache.put(&version, &code);
        }
        Ok::<_, Vec<String>>(linked)
    });
    Ok(Some(linked.await??))
}

async fn kept(engine: &Engine, version: &Version, interfaces: &Interfaces) -> Result<Option<Linked>, Vec<String>> {
    let (engine, version, interfaces) = (engine.clone(), version.clone(), interfaces.clone());
    let found = elsewhere(move || {
        let Some(cache) = engine.cache() else { return Ok(None) };
        let Some(code) = cache.get(&version) else { return Ok(None) };
        match link(&engine, &code, &interfaces) {
            Ok(linked) => Ok(Some(linked)),
            Err(Unlinked::Code(error)) => {
                tracing::warn!(
                    version = version.short(),
                    "a compiled plugin does not fit this machine: it is compiled again: {error:#}"
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
async fn compiled(engine: &Engine, bytes: &Bytes, version: &Version) -> Result<Code, Uncompiled> {
    let permit = engine.compilations().acquire().await;
    let _permit = permit.map_err(|_| Uncompiled::NotNow("the engine has ended".to_owned()))?;
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

fn link(engine: &Engine, code: &Code, interfaces: &Interfaces) -> Result<Linked, Unlinked> {
    let component = code.component(engine.wasmtime()).map_err(Unlinked::Code)?;
    let fault = |error: wasmtime::Error| Unlinked::Faults(vec![format!("cannot be linked: {error:#}")]);
    let mut linker = engine.linker();
    wasi::refuse(&mut linker, &component).map_err(fault)?;
    let pre = linker.instantiate_pre(&component).map_err(fault)?;
    let entry = Entry::new(&pre, &interfaces.0).map_err(Unlinked::Faults)?;
    Ok((pre, entry))
}

/// Work that would hold up what else this thread does. If a file brings it to panic, that is a fault found in the file.
pub(super) async fn elsewhere<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Vec<String>> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| vec!["broke what looks at it: this is a fault of the host, too".to_owned()])
}
