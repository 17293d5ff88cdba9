//! The harmless part of WASI: clocks, random, standard streams and an empty environment, for real. Of files and sockets
//! there is the name only: some toolchains import them, and whoever calls them traps.

use super::state::{Ended, State};
use crate::capabilities::Stream;
use crate::clock::Clock;
use crate::model::Failure;
use bytes::Bytes;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, HasData, Linker, ResourceTable, ResourceType, Val};
use wasmtime_wasi::cli::{IsTerminal, StdoutStream, WasiCli, WasiCliView};
use wasmtime_wasi::clocks::{HostWallClock, WasiClocks, WasiClocksView};
use wasmtime_wasi::p2::bindings::{cli, clocks, io, random};
use wasmtime_wasi::p2::pipe::MemoryInputPipe;
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};
use wasmtime_wasi::random::WasiRandom;
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

/// Interfaces of WASI 0.2 that are served.
pub(super) const SERVED: [&str; 18] = [
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/stderr",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:cli/terminal-stderr",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/wall-clock",
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi:random/random",
    "wasi:random/insecure",
    "wasi:random/insecure-seed",
];

/// Packages of which a plugin may import whatever it likes, and gets nothing.
pub(super) const REFUSED: [&str; 2] = ["wasi:filesystem/", "wasi:sockets/"];

/// The resources that are `wasi:io`'s own.
const OF_IO: [&str; 4] = ["error", "pollable", "input-stream", "output-stream"];

/// The most that a guest may write at once, and random bytes that it may ask for at once.
const CHUNK: usize = 64 << 10;

/// What one instance has of WASI, made when it first asks.
pub(super) struct Wasi {
    context: WasiCtx,
    table: ResourceTable,
    stdout: Capture,
    stderr: Capture,
}

impl Wasi {
    fn new(clock: Clock, handles: u32, log: u64) -> Self {
        let (stdout, stderr) = (Capture::new(log), Capture::new(log));
        let mut table = ResourceTable::new();
        table.set_max_capacity(handles as usize);
        let context = WasiCtxBuilder::new()
            .stdin(MemoryInputPipe::new(Bytes::new()))
            .stdout(stdout.clone())
            .stderr(stderr.clone())
            .wall_clock(WallClock(clock))
            .max_random_size(CHUNK as u64)
            .build();
        Self { context, table, stdout, stderr }
    }

    /// What the guest wrote, stdout and stderr, and how many bytes of each were cut.
    pub(super) fn written(&self) -> [(Stream, String, u64); 2] {
        let of = |stream, capture: &Capture| {
            let written = capture.0.lock().unwrap_or_else(PoisonError::into_inner);
            (stream, String::from_utf8_lossy(&written.text).into_owned(), written.cut)
        };
        [of(Stream::Stdout, &self.stdout), of(Stream::Stderr, &self.stderr)]
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let call = &self.call;
        let wasi = self
            .wasi
            .get_or_insert_with(|| Box::new(Wasi::new(call.clock().clone(), call.limits().handles, call.limits().log)));
        WasiCtxView { ctx: &mut wasi.context, table: &mut wasi.table }
    }
}

struct Io;

impl HasData for Io {
    type Data<'a> = &'a mut ResourceTable;
}

/// Defines what is served.
pub(super) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    cli::environment::add_to_linker::<_, WasiCli>(linker, State::cli)?;
    cli::exit::add_to_linker::<_, WasiCli>(linker, State::cli)?;
    cli::stdin::add_to_linker::<_, WasiCli>(linker, State::cli)?;
    cli::stdout::add_to_linker::<_, WasiCli>(linker, State::cli)?;
    cli::stderr::add_to_linker::<_, WasiCli>(linker, State::cli)?;
    cli::terminal_input::add_to_linker::<_, WasiCli>(linker, State::cli)?;
    cli::terminal_output::add_to_linker::<_, WasiCli>(linker, State::cli)?;
    cli::terminal_stdin::add_to_linker::<_, WasiCli>(linker, State::cli)?;
    cli::terminal_stdout::add_to_linker::<_, WasiCli>(linker, State::cli)?;
    cli::terminal_stderr::add_to_linker::<_, WasiCli>(linker, State::cli)?;
    clocks::monotonic_clock::add_to_linker::<_, WasiClocks>(linker, State::clocks)?;
    clocks::wall_clock::add_to_linker::<_, WasiClocks>(linker, State::clocks)?;
    io::error::add_to_linker::<_, Io>(linker, |state| state.ctx().table)?;
    io::poll::add_to_linker::<_, Io>(linker, |state| state.ctx().table)?;
    io::streams::add_to_linker::<_, Io>(linker, |state| state.ctx().table)?;
    random::random::add_to_linker::<_, WasiRandom>(linker, |state| state.ctx().ctx.random())?;
    random::insecure::add_to_linker::<_, WasiRandom>(linker, |state| state.ctx().ctx.random())?;
    random::insecure_seed::add_to_linker::<_, WasiRandom>(linker, |state| state.ctx().ctx.random())
}

/// A resource that no guest ever gets.
struct Nothing;

/// Defines what this component imports of files and sockets: no preopened folders, and a trap for the rest.
pub(super) fn refuse(linker: &mut Linker<State>, component: &Component) -> wasmtime::Result<()> {
    let engine = component.engine();
    for (interface, item) in component.component_type().imports(engine) {
        let ComponentItem::ComponentInstance(instance) = item.ty else { continue };
        if !REFUSED.iter().any(|package| interface.starts_with(package)) {
            continue;
        }
        let mut linker = linker.instance(interface)?;
        for (name, item) in instance.exports(engine) {
            match item.ty {
                ComponentItem::ComponentFunc(_) if name == "get-directories" => {
                    linker.func_new(name, |_, _, _, results| {
                        results[0] = Val::List(Vec::new());
                        Ok(())
                    })?;
                }
                ComponentItem::ComponentFunc(_) => {
                    let text = format!("{interface}#{name} is not for plugins");
                    linker.func_new(name, move |_, _, _, _| Err(Ended(Failure::Trap(text.clone())).into()))?;
                }
                // What a package uses of `wasi:io` is defined there, and must stay the same type.
                ComponentItem::Resource(_) if !OF_IO.contains(&name) => {
                    linker.resource(name, ResourceType::host::<Nothing>(), |_, _| Ok(()))?;
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// The host's clock, which a test may hold.
struct WallClock(Clock);

impl HostWallClock for WallClock {
    fn resolution(&self) -> Duration {
        Duration::from_millis(1)
    }

    fn now(&self) -> Duration {
        Duration::from_millis(self.0.now().0)
    }
}

/// A standard stream, kept up to a limit and swallowed beyond: a guest whose output failed would panic over it.
#[derive(Clone)]
struct Capture(Arc<Mutex<Written>>);

struct Written {
    text: Vec<u8>,
    limit: u64,
    cut: u64,
}

impl Capture {
    fn new(limit: u64) -> Self {
        Self(Arc::new(Mutex::new(Written { text: Vec::new(), limit, cut: 0 })))
    }
}

impl OutputStream for Capture {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        let mut written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = usize::try_from(written.limit).unwrap_or(usize::MAX).saturating_sub(written.text.len());
        let (kept, cut) = bytes.split_at(room.min(bytes.len()));
        written.text.extend_from_slice(kept);
        written.cut += cut.len() as u64;
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(CHUNK)
    }
}

impl Pollable for Capture {
    fn ready<'a, 'b>(&'a mut self) -> Pin<Box<dyn Future<Output = ()> + Send + 'b>>
    where
        'a: 'b,
        Self: 'b,
    {
        Box::pin(std::future::ready(()))
    }
}

impl IsTerminal for Capture {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Capture {
    fn async_stream(&self) -> Box<dyn tokio::io::AsyncWrite + Send + Sync> {
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}
