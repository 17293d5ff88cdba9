//! `provost config check` and `provost config show`.

use super::said::Said;
use crate::config::{Config, Fault, Loaded, Setting, Sources};
use serde_json::{Map, Value, json};
use std::path::PathBuf;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Say everything that is wrong with the configuration, and what is probably not meant
    #[command(after_help = "Examples:\n  provost config check --config provost.toml\n\n\
        Secrets are looked up as well: run it with the environment that the host will have.")]
    Check(Arguments),
    /// Show every setting in force; secrets by where they are found
    #[command(after_help = "Examples:\n  provost config show --origin\n  \
        provost config show --json | jq '.\"api.listen\"'")]
    Show {
        #[command(flatten)]
        arguments: Arguments,
        /// Say where each value comes from
        #[arg(long)]
        origin: bool,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The configuration; without it ./provost.toml, if there is one
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Answer in JSON
    #[arg(long)]
    json: bool,
}

/// Checks or shows the configuration of this process.
pub(super) fn run(command: Command) -> Said {
    let load = |config| Config::load(&Sources::of_process(config, Vec::new()));
    match command {
        Command::Check(arguments) => check(load(arguments.config), arguments.json),
        Command::Show { arguments, origin } => match load(arguments.config) {
            Ok(loaded) => show(&loaded.settings(), origin, arguments.json),
            Err(faults) => Said::faults(&faults),
        },
    }
}

fn check(loaded: Result<Loaded, Vec<Fault>>, json: bool) -> Said {
    let (faults, warnings) = match loaded {
        Ok(loaded) => (Vec::new(), loaded.warnings),
        Err(faults) => (faults, Vec::new()),
    };
    let said = if faults.is_empty() { Said::done() } else { Said::faults(&faults) };
    if json {
        let faults: Vec<Value> = faults.iter().map(fault).collect();
        return said.with(&json!({ "faults": faults, "warnings": warnings }));
    }
    let said = warnings.iter().fold(said, Said::warn);
    if faults.is_empty() { said.line("the configuration is right") } else { said }
}

fn fault(fault: &Fault) -> Value {
    let (line, column) = fault.position().unzip();
    json!({ "place": fault.place(), "line": line, "column": column, "key": fault.key(), "message": fault.message() })
}

fn show(settings: &[Setting], origin: bool, json: bool) -> Said {
    if json {
        let value = |setting: &Setting| match origin {
            true => json!({ "value": setting.value, "origin": setting.origin }),
            false => json!(setting.value),
        };
        let settings: Map<_, _> = settings.iter().map(|setting| (setting.key.clone(), value(setting))).collect();
        return Said::done().with(&Value::Object(settings));
    }
    let lines: Vec<String> = settings.iter().map(|setting| format!("{} = {}", setting.key, setting.value)).collect();
    let width = lines.iter().map(|line| line.chars().count()).max().unwrap_or_default().min(60);
    settings.iter().zip(lines).fold(Said::done(), |said, (setting, line)| match origin {
        true => said.line(&format!("{line:width$}  # {}", setting.origin)),
        false => said.line(&line),
    })
}

#[cfg(test)]
mod tests {
    use super::super::end::End;
    use super::*;
    use std::ffi::OsString;

    fn sources(environment: &[(&str, &str)]) -> Sources {
        Sources {
            file: None,
            flags: Vec::new(),
            environment: environment.iter().map(|(name, value)| ((*name).to_owned(), OsString::from(value))).collect(),
            read: Box::new(|_| Err(std::io::ErrorKind::NotFound.into())),
        }
    }

    #[test]
    fn a_fault_ends_the_check_with_the_code_for_a_wrong_configuration() {
        let wrong = || Config::load(&sources(&[("PROVOST_API__THREADS", "many")]));
        let said = check(wrong(), false);
        assert_eq!((said.end, said.data.as_str()), (End::Unusable, ""));
        assert!(said.talk.contains("PROVOST_API__THREADS"), "{}", said.talk);
        let answer: Value = serde_json::from_str(&check(wrong(), true).data).unwrap();
        assert_eq!(answer["faults"][0]["key"], "api.threads");
        assert_eq!(answer["faults"][0]["line"], Value::Null);
    }

    #[test]
    fn a_right_configuration_ends_it_well_with_its_warnings_apart() {
        let said = check(Config::load(&sources(&[])), false);
        assert_eq!((said.end, said.data.as_str()), (End::Done, "the configuration is right\n"));
        assert!(said.talk.contains("public_url"), "{}", said.talk);
    }

    #[test]
    fn what_is_shown_is_toml_again() {
        let loaded = Config::load(&sources(&[("PROVOST_API__THREADS", "3")])).unwrap();
        for origin in [false, true] {
            let shown: toml::Table = show(&loaded.settings(), origin, false).data.parse().unwrap();
            assert_eq!(shown["api"]["threads"].as_integer(), Some(3));
        }
        assert!(show(&loaded.settings(), true, false).data.contains("# PROVOST_API__THREADS"));
        let shown: Value = serde_json::from_str(&show(&loaded.settings(), true, true).data).unwrap();
        assert_eq!(shown["log.level"], json!({ "value": "info", "origin": "default" }));
    }
}
