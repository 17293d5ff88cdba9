//! From a component's bytes to machine code: in a process of its own, under limits, one at a time. What this program does
//! as that process is in [`child`].
//!
//! Cranelift may be brought to use gigabytes and minutes by a few kilobytes, and wasmtime promises nothing about that; so
//! the process that serves payments does not even have a compiler.

mod child;
mod confine;

pub use child::{CompileError, compile_here};

use super::code::Code;
use super::engine;
use super::{CompileLimits, Compiler};
use bytes::Bytes;
use std::ffi::OsString;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;
use tokio::time::Instant;

/// What the compiler's process may say in words.
const MOST_WORDS: u64 = 4 << 10;
/// Machine code for each byte of a component, and for none: three to four times is ordinary.
const MOST_CODE_PER_BYTE: u64 = 16;
const LEAST_CODE: u64 = 4 << 20;
/// More threads would share the same limits, and take the cores from what serves.
const MOST_THREADS: usize = 4;
/// A compilation that takes longer is told of while it runs.
const SLOW: Duration = Duration::from_secs(2);

/// Why there is no code: a sentence each.
#[derive(Debug)]
pub(super) enum Uncompiled {
    /// The component is at fault, and will be.
    Refused(String),
    /// The machine is at fault: another try may do.
    NotNow(String),
}

/// Compiles a component that has passed the structural stage.
pub(super) async fn compile(compiler: &Compiler, component: &Bytes) -> Result<Code, Uncompiled> {
    match compiler {
        Compiler::Child { program, limits } => in_child(program, limits, component).await,
        Compiler::InProcess => {
            let component = component.clone();
            let compiled =
                tokio::task::spawn_blocking(move || engine::for_compiling()?.precompile_component(&component));
            let compiled = compiled.await.map_err(|error| Uncompiled::Refused(format!("did not compile: {error}")))?;
            compiled.map(Code::of_compiler).map_err(|error| Uncompiled::Refused(format!("does not compile: {error:#}")))
        }
    }
}

/// Says now and then that it is still going on.
pub(super) async fn with_progress<T>(version: &str, bytes: usize, compiling: impl Future<Output = T>) -> T {
    tokio::pin!(compiling);
    let began = Instant::now();
    loop {
        match tokio::time::timeout(SLOW.max(began.elapsed()), &mut compiling).await {
            Ok(compiled) => return compiled,
            Err(_) => {
                let seconds = began.elapsed().as_secs();
                tracing::info!(version, bytes, seconds, "still compiling a plugin");
            }
        }
    }
}

async fn in_child(program: &Path, limits: &CompileLimits, component: &Bytes) -> Result<Code, Uncompiled> {
    let failed =
        |error: std::io::Error| Uncompiled::NotNow(format!("was not compiled: its compiler could not be run: {error}"));
    let mut child = command(program, limits).spawn().map_err(failed)?;
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (Some(mut stdin), Some(stdout), Some(stderr)) = (stdin, stdout, stderr) else {
        return Err(Uncompiled::NotNow("was not compiled: its compiler has no pipes".to_owned()));
    };
    let most = LEAST_CODE + MOST_CODE_PER_BYTE * component.len() as u64;
    let talk = async {
        let hand_in = async {
            // One that ends early says why by itself.
            let _ = stdin.write_all(component).await;
            drop(stdin);
        };
        let ((), code, words) = tokio::join!(hand_in, read(stdout, most), read(stderr, MOST_WORDS));
        if code.len() as u64 > most {
            let fault = format!("compiles to more than {most} bytes from {}", component.len());
            return Err(Uncompiled::Refused(fault));
        }
        let status = child.wait().await.map_err(failed)?;
        Ok((status, code, words))
    };
    let talked = tokio::time::timeout(limits.wall, talk).await;
    // Dropping the child kills it: past its time, or with more to say than anybody reads.
    let late = |_| Uncompiled::Refused(format!("takes more than {} s to compile", limits.wall.as_secs_f32()));
    let (status, code, words) = talked.map_err(late)??;
    let words = plain(&words);
    if status.success() {
        if !words.is_empty() {
            tracing::warn!("the compiler is less confined than it could be: {words}");
        }
        return Ok(Code::of_compiler(code));
    }
    Err(Uncompiled::Refused(verdict(status, &words, limits)))
}

fn command(program: &Path, limits: &CompileLimits) -> Command {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    #[expect(clippy::disallowed_methods, reason = "this very program, as the compiler: see the module")]
    let mut command = Command::from(std::process::Command::new(program));
    let number = |number: u64| OsString::from(number.to_string());
    command
        .arg("compile")
        .args([
            OsString::from("--memory"),
            number(limits.memory),
            OsString::from("--cpu"),
            number(limits.cpu.as_secs()),
        ])
        .env_clear()
        .env("RAYON_NUM_THREADS", cores.min(MOST_THREADS).to_string())
        // In KiB: the allocator would take a gigabyte of addresses at once, half of what there is.
        .env("MIMALLOC_ARENA_RESERVE", "65536")
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // What a terminal tells the host is not for its compiler.
        .process_group(0)
        .kill_on_drop(true);
    command
}

/// At most one byte more than `most`.
async fn read(pipe: impl tokio::io::AsyncRead + Unpin, most: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    // What was read before an error is judged: the exit status says whether that is all.
    let _ = pipe.take(most + 1).read_to_end(&mut bytes).await;
    bytes
}

/// Why there is no code, from how the process ended and what it said.
fn verdict(status: ExitStatus, words: &str, limits: &CompileLimits) -> String {
    use std::os::unix::process::ExitStatusExt as _;
    let memory = || format!("needs more than {} MiB of memory to compile", limits.memory >> 20);
    match status.signal() {
        None if words.contains(child::NO_MEMORY) => memory(),
        None if words.is_empty() => format!("does not compile: its compiler ended with {status}"),
        None => format!("does not compile: {words}"),
        Some(libc::SIGXCPU) => format!("takes more than {} s of CPU time to compile", limits.cpu.as_secs()),
        Some(libc::SIGKILL) => {
            "was not compiled: the system killed its compiler, as it does for want of memory".to_owned()
        }
        Some(libc::SIGABRT) if words.contains("memory allocation of") => memory(),
        Some(signal) => format!("breaks its compiler, which ended by signal {signal}: {words}"),
    }
}

/// Words of a process that read a stranger's bytes: one line, with nothing in it that steers a terminal.
fn plain(words: &[u8]) -> String {
    let words = String::from_utf8_lossy(words);
    words.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
