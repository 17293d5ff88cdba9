//! What this program is as the compiler: it reads a component, writes machine code, and can do nothing else. Its words on
//! stderr are the fault where it fails, and what is missing of its confinement where it does not.

use super::confine;
use crate::runtime::engine;
use std::io::{Read as _, Write as _};

/// What an error of the system begins with where memory is at its end.
pub(super) const NO_MEMORY: &str = "Cannot allocate memory";

/// Why nothing was compiled; the texts are for who reads why a plugin was refused.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// The limits could not be set, without which no stranger's bytes are read.
    #[error("the compiler's limits cannot be set: {0}")]
    Limits(std::io::Error),
    /// The pipes broke.
    #[error("the compiler cannot read or write: {0}")]
    Pipe(#[from] std::io::Error),
    /// What is wrong with the component.
    #[error("{0:#}")]
    Component(wasmtime::Error),
}

/// Confines this process, then compiles what stands on stdin to stdout. To be called first of all, while there is one
/// thread and nothing is open: there is no way back.
///
/// # Errors
///
/// The component does not compile, or the limits cannot be set.
pub fn compile_here(memory: u64, cpu_seconds: u64) -> Result<(), CompileError> {
    let lacks = confine::confine(memory, cpu_seconds).map_err(CompileError::Limits)?;
    let mut component = Vec::new();
    std::io::stdin().lock().read_to_end(&mut component)?;
    let engine = engine::for_compiling().map_err(CompileError::Component)?;
    let code = engine.precompile_component(&component).map_err(CompileError::Component)?;
    let mut out = std::io::stdout().lock();
    out.write_all(&code)?;
    out.flush()?;
    if !lacks.is_empty() {
        // Nobody hears it where stderr is closed.
        let _ = writeln!(std::io::stderr(), "{}", lacks.join("; "));
    }
    Ok(())
}
