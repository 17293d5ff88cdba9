//! `provost plugin inspect`: what a file is, what it asks for, and what a host would refuse.

use super::end::End;
use super::plain::plain;
use super::said::Said;
use crate::config;
use crate::model::{Description, Interface, Need};
use crate::runtime::{Engine, Inspection, Settings};
use bytes::Bytes;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Show what a plugin is, what it asks for, and what a host would refuse
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  provost plugin inspect plugins/acme.wasm\n  \
    provost plugin inspect --json acme.wasm | jq .description.origins\n\n\
    The plugin is compiled, and runs only to describe itself: without network, secrets or state.")]
pub(super) struct Arguments {
    /// The component
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Answer in JSON
    #[arg(long)]
    json: bool,
}

/// Looks at one file.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Said> {
    let file = &arguments.file;
    let bytes = match config::read_file(file) {
        Ok(bytes) => bytes,
        Err(error) => return Ok(Said::unreadable(file, &error)),
    };
    // One call at a time: the pool need not be larger.
    let engine = Engine::new(&Settings { concurrent_calls: 1, ..Settings::default() })?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let inspection = runtime.block_on(engine.inspect(Bytes::from(bytes)));
    Ok(report(file, &inspection, arguments.json))
}

fn report(file: &Path, inspection: &Inspection, json: bool) -> Said {
    let end = if inspection.faults.is_empty() { End::Done } else { End::Failed };
    let said = if json { Said::done().with(&in_json(file, inspection)) } else { in_lines(file, inspection) };
    Said { end, ..said }
}

fn in_lines(file: &Path, inspection: &Inspection) -> Said {
    let mut said = Said::done().line(&plain(&file.display().to_string()));
    let mut field = |name: &str, value: &str| said.data += &format!("  {name:<10} {}\n", plain(value));
    field("version", &inspection.version.0);
    field("size", &format!("{} bytes", inspection.size));
    if let Some(description) = &inspection.description {
        field("is", &format!("{} {}", description.name, description.version));
    }
    for export in &inspection.exports {
        field("exports", export);
    }
    let missing = Interface::ALL.into_iter().filter(|interface| !inspection.interfaces.has(*interface));
    let missing: Vec<&str> = missing.map(Interface::name).collect();
    if !missing.is_empty() {
        field("answers", &format!("501 to {}", missing.join(", ")));
    }
    for import in &inspection.imports {
        field("imports", import);
    }
    for (name, value) in inspection.description.iter().flat_map(asked) {
        field(name, &value);
    }
    let refused = inspection.faults.iter().map(|fault| format!("a host would refuse it: {}", plain(fault)));
    refused.fold(said, Said::error)
}

/// What the plugin asks an operator for, and what it says it can do.
fn asked(description: &Description) -> Vec<(&'static str, String)> {
    let mut asked = Vec::new();
    let mut all = |name, values: &[String]| asked.extend(values.iter().map(|value| (name, value.clone())));
    all("methods", &description.payment_methods);
    all("currencies", &description.currencies);
    all("asks for", &description.origins);
    let safe = description.safe_requests.iter();
    let safe = safe.map(|safe| format!("{} {}{}… moves no money", safe.method, safe.origin, safe.path_prefix));
    all("says", &safe.collect::<Vec<_>>());
    all("secret", &description.secrets.iter().map(need).collect::<Vec<_>>());
    all("setting", &description.settings.iter().map(need).collect::<Vec<_>>());
    asked
}

fn need(need: &Need) -> String {
    format!("{}{}: {}", need.name, if need.required { "" } else { " (optional)" }, need.about)
}

fn in_json(file: &Path, inspection: &Inspection) -> Value {
    let interfaces: Vec<&str> = inspection.interfaces.0.iter().map(|interface| interface.name()).collect();
    json!({
        "file": file.display().to_string(),
        "version": inspection.version.0,
        "size": inspection.size,
        "exports": inspection.exports,
        "imports": inspection.imports,
        "interfaces": interfaces,
        "description": inspection.description.as_ref().map(description),
        "refused": inspection.faults,
    })
}

fn description(description: &Description) -> Value {
    let needs = |needs: &[Need]| -> Vec<Value> {
        let need = |need: &Need| json!({ "name": need.name, "about": need.about, "required": need.required });
        needs.iter().map(need).collect()
    };
    let safe = description.safe_requests.iter();
    let safe =
        safe.map(|safe| json!({ "method": safe.method, "origin": safe.origin, "path_prefix": safe.path_prefix }));
    json!({
        "name": description.name,
        "version": description.version,
        "payment_methods": description.payment_methods,
        "currencies": description.currencies,
        "origins": description.origins,
        "safe_requests": safe.collect::<Vec<_>>(),
        "secrets": needs(&description.secrets),
        "settings": needs(&description.settings),
        "search_is_authoritative": description.search_is_authoritative,
        "idempotency_key_ttl_ms": description.idempotency_key_ttl_ms,
        "carry_format": description.carry_format,
        "reads_carry_formats": description.reads_carry_formats,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Interfaces, Version};

    fn inspection() -> Inspection {
        let secret = |required| Need { name: "api_key".to_owned(), about: "signs\x1b[2J".to_owned(), required };
        Inspection {
            version: Version("ab12".to_owned()),
            size: 1234,
            imports: vec!["provost:provider/http@0.1.0".to_owned()],
            exports: vec!["provost:provider/payments@0.1.0".to_owned()],
            interfaces: Interfaces([Interface::Description, Interface::Payments].into()),
            description: Some(Description {
                name: "acme".to_owned(),
                origins: vec!["https://api.acme.example".to_owned()],
                secrets: vec![secret(true)],
                settings: vec![secret(false)],
                ..Description::default()
            }),
            faults: Vec::new(),
        }
    }

    #[test]
    fn a_plugin_is_shown_with_what_it_asks_for() {
        let said = report(Path::new("acme.wasm"), &inspection(), false);
        assert_eq!((said.end, said.talk.as_str()), (End::Done, ""));
        for line in [
            "acme.wasm",
            "  version    ab12",
            "  exports    provost:provider/payments@0.1.0",
            "  asks for   https://api.acme.example",
            "  setting    api_key (optional): signs\\u{1b}[2J",
        ] {
            assert!(said.data.lines().any(|said| said == line), "{line}\nin {}", said.data);
        }
        assert!(!said.data.contains('\x1b'), "a plugin's words reached the terminal as they are");
    }

    #[test]
    fn what_a_host_would_refuse_fails_the_command_in_both_forms() {
        let refused = Inspection { faults: vec!["imports wasi:http".to_owned()], ..inspection() };
        let said = report(Path::new("acme.wasm"), &refused, false);
        assert!(said.end == End::Failed && said.talk.contains("imports wasi:http"), "{}", said.talk);
        let said = report(Path::new("acme.wasm"), &refused, true);
        let answer: Value = serde_json::from_str(&said.data).unwrap();
        assert_eq!((said.end, &answer["refused"][0]), (End::Failed, &json!("imports wasi:http")));
        assert_eq!(answer["description"]["secrets"][0]["required"], true);
    }
}
