//! What a component imports and exports by name, read from its bytes before anything is compiled.

use super::wasi;
use crate::model::Interface;
use std::collections::BTreeSet;
use wasmparser::{Encoding, Parser, Payload};

/// The contract's package, and the versions of it that this host serves.
const CONTRACT: &str = "provost:provider/";
const SERVED_VERSIONS: &str = "0.1.";
/// Names at the outside, and bytes of one: beyond, they are not even repeated.
const MOST_NAMES: usize = 1000;
const LONGEST_NAME: usize = 255;
/// What the contract has for a plugin to import.
const IMPORTS: [&str; 9] = ["types", "operation", "http", "secrets", "callbacks", "settings", "state", "money", "log"];

/// Names at a component's outside, and what is wrong with them.
#[derive(Debug, Default)]
pub(super) struct Survey {
    pub(super) imports: Vec<String>,
    pub(super) exports: Vec<String>,
    pub(super) interfaces: BTreeSet<Interface>,
    pub(super) faults: Vec<String>,
}

/// Reads the names. What does not parse is the only fault then.
pub(super) fn survey(bytes: &[u8]) -> Survey {
    let mut survey = Survey::default();
    if let Err(fault) = survey.read(bytes) {
        return Survey { faults: vec![fault], ..survey };
    }
    for import in &survey.imports {
        survey.faults.extend(import_fault(import));
    }
    for export in &survey.exports {
        match interface_of(export) {
            Ok(Some(interface)) => {
                survey.interfaces.insert(interface);
            }
            Ok(None) => {}
            Err(fault) => survey.faults.push(fault),
        }
    }
    for required in [Interface::Description, Interface::Payments] {
        // An export of another version is a fault already.
        if !survey.exports.iter().any(|export| contract_name(export).is_some_and(|(name, _)| name == required.name())) {
            survey.faults.push(format!("does not export {CONTRACT}{}", required.name()));
        }
    }
    survey
}

impl Survey {
    fn read(&mut self, bytes: &[u8]) -> Result<(), String> {
        if bytes.starts_with(b"\x7fELF") {
            return Err("is a precompiled file: only components are taken, and compiled here".to_owned());
        }
        let mut depth = 0;
        for payload in Parser::new(0).parse_all(bytes) {
            let payload = payload.map_err(|error| format!("is not a WebAssembly component: {error}"))?;
            match payload {
                Payload::Version { encoding: Encoding::Module, .. } if depth == 0 => {
                    return Err("is a core module: only components are taken".to_owned());
                }
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
                Payload::End(_) => depth -= 1,
                Payload::ComponentImportSection(section) if depth == 0 => {
                    for import in section {
                        note(&mut self.imports, "imports", import.map_err(|error| error.to_string())?.name.name)?;
                    }
                }
                Payload::ComponentExportSection(section) if depth == 0 => {
                    for export in section {
                        note(&mut self.exports, "exports", export.map_err(|error| error.to_string())?.name.name)?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn note(names: &mut Vec<String>, what: &str, name: &str) -> Result<(), String> {
    if names.len() == MOST_NAMES {
        return Err(format!("has more than {MOST_NAMES} {what}"));
    }
    if name.len() > LONGEST_NAME {
        return Err(format!("has a name of {} bytes among its {what}, the most is {LONGEST_NAME}", name.len()));
    }
    names.push(name.to_owned());
    Ok(())
}

fn import_fault(import: &str) -> Option<String> {
    if let Some((name, version)) = contract_name(import) {
        if !version.starts_with(SERVED_VERSIONS) {
            return Some(unknown_version(import));
        }
        return (!IMPORTS.contains(&name)).then(|| format!("imports {import}, which the contract does not have"));
    }
    let (name, version) = import.split_once('@').unwrap_or((import, ""));
    let harmless = wasi::SERVED.contains(&name) || wasi::REFUSED.iter().any(|package| name.starts_with(package));
    (!harmless || !version.starts_with("0.2.")).then(|| format!("imports {import}, which is not for plugins"))
}

/// The contract's interface that an export is; none for an export from elsewhere, which nobody calls.
fn interface_of(export: &str) -> Result<Option<Interface>, String> {
    let Some((name, version)) = contract_name(export) else { return Ok(None) };
    if !version.starts_with(SERVED_VERSIONS) {
        return Err(unknown_version(export));
    }
    let interface = Interface::ALL.into_iter().find(|interface| interface.name() == name);
    // `types` is exported by some tools because the other interfaces use it.
    if interface.is_none() && name != "types" {
        return Err(format!("exports {export}, which the contract does not have"));
    }
    Ok(interface)
}

fn unknown_version(name: &str) -> String {
    format!("{name}: this host serves version {SERVED_VERSIONS}x of the contract")
}

/// Name and version of an interface of the contract.
fn contract_name(name: &str) -> Option<(&str, &str)> {
    let name = name.strip_prefix(CONTRACT)?;
    Some(name.split_once('@').unwrap_or((name, "")))
}
