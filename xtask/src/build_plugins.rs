//! Every plugin and every guest of the tests, compiled to a component and put where hosts and tests
//! look for it.

use crate::program::{self, progress};
use crate::wasm_target::{self, GuestEnvironment, TRIPLE};
use crate::workspace::{ComponentCrate, Workspace};
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// How components are compiled: small.
const PROFILE: &str = "plugin";
/// The guest that comes in two versions, for the tests that swap one for the other.
const VERSIONED: &str = "guest-versioned";
/// Compiled into that guest.
const VERSION: &str = "PROVOST_GUEST_VERSION";

/// Build every plugin and every test guest into a component.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  cargo xtask build-plugins                      into target/plugins and target/guests
  cargo xtask build-plugins --out /srv/plugins   the plugins there, for a host to pick up")]
pub(crate) struct Arguments {
    /// Where the plugins go [default: target/plugins]; the tests' guests always go to target/guests
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// The chore.
pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> Result<()> {
    let chosen = arguments.out.clone();
    let plugins = chosen.unwrap_or_else(|| plugins_folder(workspace));
    build(workspace, &workspace.plugins, &workspace.guests, &plugins)
}

/// Where the plugins go if nobody says otherwise.
pub(crate) fn plugins_folder(workspace: &Workspace) -> PathBuf {
    workspace.target.join("plugins")
}

/// Where the tests' guests go.
pub(crate) fn guests_folder(workspace: &Workspace) -> PathBuf {
    workspace.target.join("guests")
}

/// Plugins and guests, to where tests look for them.
pub(crate) fn build_all(workspace: &Workspace) -> Result<()> {
    build(workspace, &workspace.plugins, &workspace.guests, &plugins_folder(workspace))
}

/// The plugins alone, which is what a host needs.
pub(crate) fn build_plugins(workspace: &Workspace) -> Result<()> {
    build(workspace, &workspace.plugins, &[], &plugins_folder(workspace))
}

fn build(workspace: &Workspace, plugins: &[ComponentCrate], guests: &[ComponentCrate], folder: &Path) -> Result<()> {
    let all: Vec<_> = plugins.iter().chain(guests).collect();
    if all.is_empty() {
        progress("there is no component to build");
        return Ok(());
    }
    let environment = wasm_target::ensure(&workspace.target)?;

    progress(format_args!("building {} components", all.len()));
    let built = compile(workspace, &all, &environment, "1")?;
    for component in plugins {
        place(&built, component, folder, &component.stem())?;
    }
    let folder = guests_folder(workspace);
    for component in guests {
        if component.package == VERSIONED {
            place(&built, component, &folder, "versioned-1")?;
            let second = compile(workspace, &[component], &environment, "2")?;
            place(&second, component, &folder, "versioned-2")?;
        } else {
            place(&built, component, &folder, &component.stem())?;
        }
    }
    Ok(())
}

/// What cargo says about one crate that it has built; of its other messages only `reason` is read.
#[derive(Deserialize)]
struct Message {
    reason: String,
    manifest_path: Option<PathBuf>,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

/// One cargo call for all of them. Gives the component by the manifest of its crate.
fn compile(
    workspace: &Workspace,
    crates: &[&ComponentCrate],
    environment: &GuestEnvironment,
    version: &str,
) -> Result<HashMap<PathBuf, PathBuf>> {
    let mut command = program::cargo();
    command.args(["build", "--target", TRIPLE, "--profile", PROFILE]);
    command.arg("--message-format=json-render-diagnostics");
    for component in crates {
        command.args(["--package", &component.package]);
    }
    command.envs(environment.0.iter().cloned());
    command.env(VERSION, version);
    command.current_dir(&workspace.root).stdout(Stdio::piped());

    let mut child = command.spawn().with_context(|| program::cannot_start(&command))?;
    let mut built = HashMap::new();
    let messages = child.stdout.take().context("cargo's messages are piped")?;
    for line in BufReader::new(messages).lines() {
        let message: Message = serde_json::from_str(&line?).context("a message of cargo's")?;
        let mut files = message.filenames.into_iter();
        let component = files.find(|file| file.extension().is_some_and(|end| end == "wasm"));
        if message.reason == "compiler-artifact"
            && let (Some(manifest), Some(component)) = (message.manifest_path, component)
        {
            built.insert(manifest, component);
        }
    }
    if !child.wait()?.success() {
        bail!("a component does not build: the compiler says above why");
    }
    Ok(built)
}

/// Copies under another name and renames, so that a host that watches the folder sees whole files, and
/// only where something has changed, so that it sees no news where there is none.
fn place(built: &HashMap<PathBuf, PathBuf>, component: &ComponentCrate, folder: &Path, stem: &str) -> Result<()> {
    let from = built
        .get(&component.manifest)
        .with_context(|| format!("cargo built no .wasm file of {}", component.package))?;
    let bytes = fs::read(from).with_context(|| format!("cannot read {}", from.display()))?;
    let to = folder.join(stem).with_extension("wasm");
    let kilobytes = bytes.len().div_ceil(1000);
    if fs::read(&to).is_ok_and(|there| there == bytes) {
        progress(format_args!("{} ({kilobytes} kB, as before)", to.display()));
        return Ok(());
    }
    let new = to.with_extension("wasm.new");
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&new, &bytes))
        .and_then(|()| fs::rename(&new, &to))
        .with_context(|| format!("cannot write {}", to.display()))?;
    progress(format_args!("{} ({kilobytes} kB)", to.display()));
    Ok(())
}
