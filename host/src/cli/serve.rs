//! `provost serve`.

use super::end::End;
use super::said::Said;
use crate::api::{self, Phase};
use crate::app::{App, BuildError};
use crate::clock::Clock;
use crate::config::{AdminFile, Config, Flag, Sources};
use crate::model::SecretBytes;
use crate::store::Place;
use crate::{crash, telemetry};
use anyhow::Context as _;
use metrics_exporter_prometheus::PrometheusHandle;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::time::Instant;

/// How often histograms are folded.
const METRICS_UPKEEP: Duration = Duration::from_secs(5);

/// More operators than that are not at work at a time.
const ADMIN_CONNECTIONS: usize = 256;

const AFTER_HELP: &str = "\
Examples:
  provost serve --plugins ./plugins
  provost serve --config provost.toml --listen 0.0.0.0:8080
  PROVOST_LOG__LEVEL=debug provost serve

What wins: an option, PROVOST_… variables, PAYMENT_CALLBACK_URL, HTTP_PORT and LOG_LEVEL, the file, the defaults.
SIGTERM or Ctrl-C lets running requests end first (see [shutdown] of the configuration); a second one does not.";

/// Serve payments through the plugins of a folder
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Arguments {
    /// The configuration; without it ./provost.toml, if there is one
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The folder with the plugins: NAME.wasm serves /v3/NAME
    #[arg(long, value_name = "DIR")]
    plugins: Option<String>,
    /// Where to listen, such as 127.0.0.1:8080
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
}

impl Arguments {
    fn flags(&self) -> Vec<Flag> {
        let flag = |name, key, value: &Option<String>| Some(Flag { name, key, value: value.clone()? });
        let plugins = flag("--plugins", ["plugins", "dir"], &self.plugins);
        let listen = flag("--listen", ["api", "listen"], &self.listen);
        plugins.into_iter().chain(listen).collect()
    }
}

/// Serves until it is told to stop.
pub(super) fn run(arguments: Arguments) -> anyhow::Result<Said> {
    let flags = arguments.flags();
    let loaded = match Config::load(&Sources::of_process(arguments.config, flags)) {
        Ok(loaded) => loaded,
        Err(faults) => return Ok(Said::faults(&faults)),
    };
    telemetry::init(&loaded.config.log)?;
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    if let Some(point) = loaded.crash_point {
        tracing::warn!(name = point.name, nth = point.nth, "this host will kill itself at a crash point");
        crash::arm(point);
    }
    let metrics = telemetry::install_metrics()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let end = runtime.block_on(serve(loaded.config, metrics))?;
    // Nobody waits for what is left: it is on disk.
    runtime.shutdown_background();
    Ok(Said::ending(end))
}

/// The listeners are taken first: a second host started by mistake touches nothing. Says how it ended.
async fn serve(config: Config, metrics: PrometheusHandle) -> anyhow::Result<End> {
    let listener = api::bind(config.api.listen)
        .with_context(|| format!("cannot listen on {} (see api.listen, or --listen)", config.api.listen))?;
    let admin = api::bind(config.admin.listen)
        .with_context(|| format!("cannot listen on {} (see admin.listen)", config.admin.listen))?;
    let callbacks = config.api.callbacks_listen.map(|address| {
        api::bind(address).with_context(|| format!("cannot listen on {address} (see api.callbacks_listen)"))
    });
    let callbacks = callbacks.transpose()?;
    let mut signals = Signals::listen()?;
    let clock = Clock::system();
    let app = App::build(&config, clock.clone()).await;
    let app = app.map_err(|error| {
        let place = place_to_look(&error);
        anyhow::Error::new(error).context(place)
    })?;
    for listener in [&listener, &admin].into_iter().chain(&callbacks) {
        app.listens_at(listener.local_addr()?);
    }
    let (phase, seen) = watch::channel(Phase::Serving);
    let drain = config.shutdown.drain;
    let door = Door::open(&config, admin.local_addr()?)?;
    let admin_router = api::admin::router(app.operations.clone(), &door.token);
    let mut threads = api::serve_on_threads(&admin, &admin_router, &seen, 1, ADMIN_CONNECTIONS, drain)?;
    let routers = api::routers(api::Parts {
        operations: app.operations.clone(),
        settings: config.api.clone(),
        metrics: metrics.clone(),
        clock: clock.clone(),
        phase: seen.clone(),
    });
    let listeners = 1 + usize::from(callbacks.is_some());
    let connections = api::room_for(config.api.connections * listeners) / listeners;
    threads.extend(api::serve_on_threads(&listener, &routers.api, &seen, config.api.threads, connections, drain)?);
    let (address, admin_address) = (listener.local_addr()?, admin.local_addr()?);
    tracing::info!(%address, %admin_address, "listening");
    if let (Some(callbacks), Some(router)) = (&callbacks, &routers.callbacks) {
        // One thread: what the world sends takes no more than one core from callers.
        threads.extend(api::serve_on_threads(callbacks, router, &seen, 1, connections, drain)?);
        tracing::info!(address = %callbacks.local_addr()?, "listening for webhooks");
    }
    drop((listener, admin, callbacks));
    let (stop, stopped) = watch::channel(false);
    let background = async { tokio::join!(app.run(stopped), keep_metrics_small(&metrics, &clock, stop.subscribe())) };
    tokio::pin!(background);
    let mut disk_failed = false;
    tokio::select! {
        () = signals.next() => {}
        () = app.disk_failed() => disk_failed = true,
        _ = &mut background => anyhow::bail!("the background tasks ended by themselves: this is a fault of the host"),
    }
    let left = async {
        let closed = async {
            if !disk_failed {
                tokio::select! {
                    () = leave(&phase, config.shutdown.keep_listening) => {}
                    () = app.disk_failed() => disk_failed = true,
                }
            }
            if disk_failed {
                tracing::error!(
                    alert = "disk_failed",
                    "the disk under the store failed: nothing more is written, and this host ends"
                );
            }
            phase.send_replace(Phase::Stopped);
            let began = Instant::now();
            (join_then_stop(threads, &stop).await, began)
        };
        // Callbacks, questions and leases do not wait until the last connection is closed.
        let ((unfinished, began), _) = tokio::join!(closed, &mut background);
        unfinished + app.leave(drain.saturating_sub(began.elapsed())).await
    };
    let unfinished = tokio::select! {
        unfinished = left => unfinished,
        () = signals.next() => {
            tracing::warn!("told to stop again: what has not ended stays as it is on disk");
            1
        }
    };
    // It may have failed while the last requests ended.
    disk_failed |= app.has_disk_failed();
    door.close();
    tracing::info!(unfinished, "stopped");
    Ok(match unfinished {
        _ if disk_failed => End::DiskFailed,
        0 => End::Done,
        _ => End::LeftOff,
    })
}

fn place_to_look(error: &BuildError) -> &'static str {
    match error {
        BuildError::Store(_) | BuildError::StoreAway(_) => "cannot start: see store.url",
        BuildError::Engine(_) => "cannot start: see runtime.concurrent_calls and limits.memory",
    }
}

/// Goes away step by step: not ready at once; when this returns, no new connections are to be taken.
async fn leave(phase: &watch::Sender<Phase>, keep_listening: Duration) {
    tracing::info!("leaving: not ready, connections are closed as they are answered");
    phase.send_replace(Phase::Leaving);
    tokio::time::sleep(keep_listening).await;
}

/// What tells the host to stop. Listened to from the start, so that none is missed, nor ends the process by itself.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// How operators' commands find and open the admin listener.
struct Door {
    /// Beside a store that is this host's alone. Where hosts share it, commands write there themselves.
    file: Option<AdminFile>,
    token: SecretBytes,
    /// Whether the file has the token: the configuration names none.
    own: bool,
}

impl Door {
    fn open(config: &Config, bound: SocketAddr) -> anyhow::Result<Self> {
        let file = match &config.store.place {
            Place::File(path) => Some(AdminFile::beside(path)),
            Place::Server(_) => None,
        };
        let made = || file.as_ref().map_or_else(AdminFile::new_token, AdminFile::token);
        let token = config.admin.token.clone().map_or_else(made, Ok);
        let token = token.context("no admin token can be made (see admin.token)")?;
        let door = Self { file, token, own: config.admin.token.is_none() };
        let address = api::admin::Settings::reached_at(bound);
        door.write(Some(address)).context("cannot write the file beside the store")?;
        Ok(door)
    }

    fn close(&self) {
        if let Err(error) = self.write(None) {
            tracing::warn!(%error, "the file beside the store still says where this host listened");
        }
    }

    fn write(&self, address: Option<SocketAddr>) -> std::io::Result<()> {
        match &self.file {
            Some(file) => file.write(address, self.own.then_some(&self.token)),
            None => Ok(()),
        }
    }
}

/// Waits for the threads without holding up the outbox, whose last callbacks may still go out; then says that it is over.
async fn join_then_stop(threads: Vec<JoinHandle<std::io::Result<usize>>>, stop: &watch::Sender<bool>) -> usize {
    let joined = tokio::task::spawn_blocking(move || {
        let mut unfinished = 0;
        for thread in threads {
            match thread.join() {
                Ok(Ok(left)) => unfinished += left,
                Ok(Err(error)) => tracing::error!(%error, "a thread could not serve"),
                Err(_) => tracing::error!("a thread that serves panicked: this is a fault of the host"),
            }
        }
        unfinished
    });
    let unfinished = joined.await.unwrap_or_else(|_| {
        tracing::error!("waiting for the threads panicked: this is a fault of the host");
        1
    });
    stop.send_replace(true);
    unfinished
}

/// Histograms that nobody scrapes would grow without end.
async fn keep_metrics_small(metrics: &PrometheusHandle, clock: &Clock, mut stop: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = clock.sleep_until(clock.now().plus(METRICS_UPKEEP)) => metrics.run_upkeep(),
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}
