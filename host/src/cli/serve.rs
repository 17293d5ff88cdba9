//! `provost serve`.

use super::said::Said;
use crate::api::{self, Phase};
use crate::app::{App, BuildError};
use crate::clock::Clock;
use crate::config::{Config, Flag, Sources};
use crate::{crash, telemetry};
use anyhow::Context as _;
use metrics_exporter_prometheus::PrometheusHandle;
use std::path::PathBuf;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// How long the listener stays open once the host is not ready: load balancers need a moment to notice.
const STILL_LISTENING: Duration = Duration::from_secs(5);

/// How long what runs may take to end after that.
const DRAIN: Duration = Duration::from_secs(30);

/// How often histograms are folded.
const METRICS_UPKEEP: Duration = Duration::from_secs(5);

const AFTER_HELP: &str = "\
Examples:
  provost serve --plugins ./plugins
  provost serve --config provost.toml --listen 0.0.0.0:8080
  PROVOST_LOG__LEVEL=debug provost serve

What wins: an option, PROVOST_… variables, PAYMENT_CALLBACK_URL, HTTP_PORT and LOG_LEVEL, the file, the defaults.
SIGTERM or Ctrl-C lets running requests end first.";

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
    runtime.block_on(serve(loaded.config, metrics))?;
    Ok(Said::done())
}

/// The listener is taken first: a second host started by mistake touches nothing.
async fn serve(config: Config, metrics: PrometheusHandle) -> anyhow::Result<()> {
    let listener = api::bind(config.api.listen)
        .with_context(|| format!("cannot listen on {} (see api.listen, or --listen)", config.api.listen))?;
    let clock = Clock::system();
    let app = App::build(&config, clock.clone()).await;
    let app = app.map_err(|error| {
        let place = place_to_look(&error);
        anyhow::Error::new(error).context(place)
    })?;
    let (phase, seen) = watch::channel(Phase::Serving);
    let router = api::router(api::Parts {
        operations: app.operations.clone(),
        settings: config.api.clone(),
        metrics: metrics.clone(),
        clock: clock.clone(),
        phase: seen.clone(),
    });
    let threads = api::serve_on_threads(&listener, &router, &seen, config.api.threads, DRAIN)?;
    let address = listener.local_addr()?;
    drop(listener);
    tracing::info!(%address, threads = threads.len(), "listening");
    let (stop, stopped) = watch::channel(false);
    let background = async { tokio::join!(app.run(stopped), keep_metrics_small(&metrics, &clock, stop.subscribe())) };
    tokio::join!(background, async {
        leave(&phase).await;
        join(threads).await;
        stop.send_replace(true);
    });
    tracing::info!("stopped");
    Ok(())
}

fn place_to_look(error: &BuildError) -> &'static str {
    match error {
        BuildError::Store(_) | BuildError::StoreAway(_) => "cannot start: see store.url",
        BuildError::Engine(_) => "cannot start: see runtime.concurrent_calls and limits.memory",
    }
}

/// Waits for a signal, then goes away step by step: not ready at once, no new connections a little later. A second
/// signal ends the process as it is: what runs is found by its lease.
#[expect(clippy::disallowed_methods, reason = "the operator asked twice: nothing is left to wait for")]
async fn leave(phase: &watch::Sender<Phase>) {
    signalled().await;
    tracing::info!("leaving: not ready, connections are closed as they are answered");
    phase.send_replace(Phase::Leaving);
    tokio::select! {
        () = tokio::time::sleep(STILL_LISTENING) => {}
        () = signalled() => std::process::exit(1),
    }
    phase.send_replace(Phase::Stopped);
}

async fn signalled() {
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signals) => drop(signals.recv().await),
            Err(error) => {
                tracing::warn!(%error, "SIGTERM cannot be listened to");
                std::future::pending::<()>().await;
            }
        }
    };
    tokio::select! {
        () = terminated => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}

/// Waits for the threads without holding up the outbox, whose last callbacks may still go out.
async fn join(threads: Vec<JoinHandle<std::io::Result<()>>>) {
    let joined = tokio::task::spawn_blocking(move || {
        for thread in threads {
            match thread.join() {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::error!(%error, "a thread could not serve"),
                Err(_) => tracing::error!("a thread that serves panicked: this is a fault of the host"),
            }
        }
    });
    if joined.await.is_err() {
        tracing::error!("waiting for the threads panicked: this is a fault of the host");
    }
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
