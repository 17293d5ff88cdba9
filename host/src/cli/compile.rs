//! `provost compile`: what a host runs itself as to compile a plugin, and no command for people. What it says on stderr is
//! a fault of the plugin for who reads the host's log, so it stands there bare.

use super::end::End;
use super::said::Said;
use crate::runtime;

/// Compile the component on stdin to stdout, confined
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  provost compile --memory 2147483648 --cpu 60 < acme.wasm | cat > acme.code\n\n\
    A host runs this by itself. Nothing executes what it makes but the host that has asked for it.")]
pub(super) struct Arguments {
    /// Address space, in bytes
    #[arg(long, value_name = "BYTES")]
    memory: u64,
    /// CPU time, in seconds
    #[arg(long, value_name = "SECONDS")]
    cpu: u64,
}

/// Confines this process and compiles.
pub(super) fn run(arguments: &Arguments) -> Said {
    match runtime::compile_here(arguments.memory, arguments.cpu) {
        Ok(()) => Said::done(),
        Err(error) => Said { talk: format!("{error}\n"), ..Said::ending(End::Failed) },
    }
}
