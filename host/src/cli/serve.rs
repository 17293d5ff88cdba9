//! `provost serve`.

use super::said::Said;
use crate::config::{Config, Flag, Sources};
use crate::{app, telemetry};
use std::path::PathBuf;

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
    app::run(loaded.config)?;
    Ok(Said::done())
}
