//! The set-up of logs.

use super::{Format, Settings};
use std::any::Any;
use std::io::IsTerminal as _;
use std::panic::PanicHookInfo;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};

/// Why a text is no log level.
#[derive(Debug, thiserror::Error)]
pub enum LevelError {
    /// A word that is none of the levels.
    #[error("{0:?} is not a level: trace, debug, info, warn, error, fatal or silent")]
    Word(String),
    /// Directives that do not parse.
    #[error("is not a level and not directives such as \"info,provost::egress=debug\": {0}")]
    Directives(#[from] ParseError),
}

/// Why logs could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// The level is none.
    #[error(transparent)]
    Level(#[from] LevelError),
    /// Something else in this process writes logs already.
    #[error("logs are set up already: {0}")]
    Twice(#[from] TryInitError),
}

/// The filter that a level or directives stand for. PGM's words for more silence than ours mean the nearest of ours.
pub fn filter(level: &str) -> Result<EnvFilter, LevelError> {
    let directives: Vec<&str> = level.split(',').map(str::trim).map(directive).collect::<Result<_, _>>()?;
    Ok(EnvFilter::builder().parse(directives.join(","))?)
}

/// A lone word is a level. To the filter it could be a module's name too, and a slip would then silence everything.
fn directive(text: &str) -> Result<&str, LevelError> {
    match text.to_ascii_lowercase().as_str() {
        "trace" | "debug" | "info" | "warn" | "error" | "off" => Ok(text),
        "fatal" => Ok("error"),
        "silent" => Ok("off"),
        _ if text.contains(['=', '[']) => Ok(text),
        _ => Err(LevelError::Word(text.to_owned())),
    }
}

/// Writes logs to stderr from now on, panics included. Secrets are kept out of them by never being logged: nothing is
/// filtered here.
pub fn init(settings: &Settings) -> Result<(), InitError> {
    let terminal = std::io::stderr().is_terminal();
    let format = settings.format.unwrap_or(if terminal { Format::Text } else { Format::Json });
    let lines = tracing_subscriber::fmt().with_env_filter(filter(&settings.level)?).with_writer(std::io::stderr);
    match format {
        Format::Text => lines.with_ansi(in_colour()).finish().try_init()?,
        Format::Json => lines.json().flatten_event(true).with_span_list(false).finish().try_init()?,
    }
    std::panic::set_hook(Box::new(tell_of_panic));
    Ok(())
}

fn tell_of_panic(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string);
    tracing::error!(place, "a panic: {}", written(panic.payload()));
}

/// What stands in our source. A text that was put together may hold what came from a plugin, a provider or a caller.
fn written(payload: &dyn Any) -> &'static str {
    payload.downcast_ref::<&'static str>().copied().unwrap_or("its text is not shown, for it may hold what was sent")
}

/// On a terminal that has colours, unless `NO_COLOR` says no; elsewhere only if `CLICOLOR_FORCE` says so.
fn in_colour() -> bool {
    anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_s_text_is_shown_where_it_stands_in_the_source_and_not_where_it_was_put_together() {
        assert_eq!(written(&"no lock"), "no lock");
        assert!(!written(&format!("card {}", 4_111_111_111_111_111_u64)).contains("4111"));
    }

    #[test]
    fn levels_are_words_or_directives() {
        for (level, shown) in [
            ("info", "info"),
            ("INFO", "info"),
            ("fatal", "error"),
            ("silent", "off"),
            ("info,provost::egress=debug", "provost::egress=debug,info"),
        ] {
            assert_eq!(filter(level).unwrap().to_string(), shown, "{level}");
        }
        for level in ["", "inof", "info,", "provost=loud"] {
            assert!(filter(level).is_err(), "{level}");
        }
    }
}
