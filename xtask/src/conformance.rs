//! The interface against its own OpenAPI document, by schemathesis: a program in Python, kept in an environment of its
//! own below the target folder. How it asks, and what it may not hold against the host, stands in `tests/conformance`.

use crate::build_plugins;
use crate::program::{self, progress};
use crate::test;
use crate::workspace::Workspace;
use anyhow::{Context, Result, bail};
use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Some of the tool's phases, against a host of their own: what one run has paid, the next would find paid.
struct Run {
    /// Where the host's files go.
    folder: &'static str,
    phases: &'static str,
    /// For each of the examples that are asked for.
    examples: u32,
}

const RUNS: [Run; 2] = [
    // One operation after the other.
    Run { folder: "operations", phases: "examples,coverage,fuzzing", examples: 1 },
    // From an answer to what may follow it.
    Run { folder: "sequences", phases: "stateful", examples: 3 },
];

/// Seconds in which the host must have begun to serve: plugins are compiled first.
const START: &str = "60";
/// What would be a setting of the host, and is meant for another.
const PGM: [&str; 5] =
    ["HTTP_PORT", "LOG_LEVEL", "PAYMENT_CALLBACK_URL", "EXTERNAL_PROVIDERS_CONFIG", "FLOW_MANAGER_URL"];

/// Hold every answer of a host against its OpenAPI document.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  cargo xtask conformance                    a few minutes; fails on any 5xx, and on what the document does not say
  cargo xtask conformance --examples 1000    more of it
  cargo xtask conformance --seed 7           the requests of an earlier run, by the seed that it printed

Needs python3 with venv, and PyPI the first time.")]
pub(crate) struct Arguments {
    /// How many requests are made up for each operation, on top of those that try each limit
    #[arg(long, default_value_t = 100)]
    examples: u32,
    /// Makes the same requests again
    #[arg(long)]
    seed: Option<u64>,
}

/// The chore.
pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> Result<()> {
    let folder = std::path::absolute(workspace.target.join("conformance"))?;
    let how = workspace.root.join("tests/conformance");
    let schemathesis = install(&folder.join("python"), &how.join("requirements.txt"))?;
    build_plugins::build_plugins(workspace)?;
    test::build_programs(workspace)?;

    let mut failed = Vec::new();
    for run in RUNS {
        let mut host = Host::start(workspace, &folder.join(run.folder))?;
        let mut st = Command::new(&schemathesis);
        st.arg("--config-file").arg(how.join("schemathesis.toml")).args(["run", &host.document()]);
        st.args(["--checks", "all", "--continue-on-failure", "--phases", run.phases, "--wait-for-schema", START]);
        st.arg("--max-examples").arg((arguments.examples * run.examples).to_string());
        st.args(arguments.seed.iter().flat_map(|seed| ["--seed".to_owned(), seed.to_string()]));
        st.env("SCHEMATHESIS_HOOKS", how.join("hooks.py")).env("PYTHONDONTWRITEBYTECODE", "1");
        st.env("NO_PROXY", "127.0.0.1").current_dir(&folder);
        progress(program::shown(&st));
        let agreed = program::run(&mut st);
        host.still_runs()?;
        failed.extend(agreed.err().map(|_| format!("{} (the host's log: {})", run.phases, host.log.display())));
    }
    if !failed.is_empty() {
        bail!("host and document differ: schemathesis says above where, in {}", failed.join(" and "));
    }
    Ok(())
}

/// Gives the program, in an environment that holds what the file names and nothing else.
fn install(environment: &Path, requirements: &Path) -> Result<PathBuf> {
    let wanted = fs::read(requirements).with_context(|| format!("cannot read {}", requirements.display()))?;
    // Written last, so that its presence says that all else is there.
    let installed = environment.join("installed.txt");
    if !fs::read(&installed).is_ok_and(|there| there == wanted) {
        progress(format_args!("installing schemathesis into {}", environment.display()));
        let python = Command::new("python3").args(["-m", "venv", "--clear"]).arg(environment).status();
        if !python.is_ok_and(|status| status.success()) {
            bail!(
                "python3 cannot make a virtual environment: install Debian's python3 and python3-venv, and try again"
            );
        }
        let mut pip = Command::new(environment.join("bin/python"));
        pip.args(["-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--requirement"]).arg(requirements);
        program::run(&mut pip).context("schemathesis cannot be installed: is PyPI within reach?")?;
        fs::write(&installed, wanted)?;
    }
    Ok(environment.join("bin/st"))
}

/// A host with an empty store in front of a sandbox that does not misbehave; killed when this is dropped.
struct Host {
    port: u16,
    log: PathBuf,
    child: Child,
}

impl Host {
    fn start(workspace: &Workspace, folder: &Path) -> Result<Self> {
        if folder.exists() {
            fs::remove_dir_all(folder).with_context(|| format!("cannot empty {}", folder.display()))?;
        }
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        // A port that nobody had a moment ago.
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let file = folder.join("provost.toml");
        let plugins = build_plugins::plugins_folder(workspace);
        fs::write(&file, configuration(port, &std::path::absolute(plugins)?, folder))?;

        let log = folder.join("provost.log");
        let output = File::create(&log)?;
        let mut command = Command::new(workspace.target.join("debug/provost"));
        command.arg("serve").arg("--config").arg(&file);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PROVOST_") || PGM.iter().any(|known| name == *known) {
                command.env_remove(name);
            }
        }
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        let child = command.spawn().with_context(|| program::cannot_start(&command))?;
        Ok(Self { port, log, child })
    }

    fn document(&self) -> String {
        format!("http://127.0.0.1:{}/documentation/openapi.json", self.port)
    }

    fn still_runs(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => bail!("the host ended with {status}; its log is {}", self.log.display()),
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // Where it is gone already, there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn configuration(port: u16, plugins: &Path, folder: &Path) -> String {
    let store = format!("sqlite:{}", folder.join("provost.db").display());
    format!(
        r#"# Written by `cargo xtask conformance`.

[api]
listen = "127.0.0.1:{port}"

[log]
level = "warn"

[plugins]
dir = {plugins:?}

[store]
url = {store:?}

[providers.sandbox]
settings = {{ misbehave = "false" }}
"#
    )
}
