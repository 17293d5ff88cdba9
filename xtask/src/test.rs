//! Everything that a fresh clone needs to be tested, and then the tests, with one summary at the end.

use crate::build_plugins;
use crate::demo;
use crate::installed;
use crate::program::{self, progress};
use crate::workspace::Workspace;
use anyhow::{Context, Result, bail};
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use test_postgres::{Cluster, Durability};

/// Build plugins and guests, then run every test.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  cargo xtask test                            everything
  cargo xtask test -- sixty_four              tests with that in their name
  cargo xtask test -- -p provost              the tests of one crate
  cargo xtask test -- swap -- --nocapture     with what they print")]
pub(crate) struct Arguments {
    /// Passed on to `cargo test`
    #[arg(last = true, value_name = "ARGS")]
    cargo: Vec<String>,
}

/// The tests that are made a second time, over Postgres: the promises of the store, and of the whole host where they are
/// about money.
const ON_POSTGRES: [&[&str]; 2] = [
    &["--lib", "store::"],
    &[
        "--test",
        "suite",
        "--",
        "captures",
        "crash::",
        "idempotency",
        "money",
        "pay::",
        "refunds",
        "states",
        "subscriptions::",
        "webhooks",
    ],
];

/// The chore.
pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> Result<()> {
    installed::ensure();
    build_plugins::build_all(workspace)?;
    // Tests that kill hosts start the program, which `cargo test` does not build.
    build_programs(workspace)?;
    // Ends with this chore, however that ends.
    let postgres = postgres();
    let mut tally = test(workspace, &arguments.cargo, postgres.as_ref(), &[])?;
    if arguments.cargo.is_empty() {
        for tests in ON_POSTGRES {
            let words: Vec<_> = tests.iter().map(|word| (*word).to_owned()).collect();
            tally.add(test(workspace, &words, postgres.as_ref(), &[("TEST_STORE", "postgres")])?);
        }
    }
    // The calls of the demonstration are promises too; whoever asks for certain tests wants those.
    let demo = if arguments.cargo.is_empty() { program::run(&mut demo::once(workspace)) } else { Ok(()) };

    for failed in &tally.failures {
        progress(format_args!("failed: {failed}"));
    }
    progress(tally.summary());
    if !tally.success {
        bail!("not every test passed");
    }
    demo.context("the demonstration is not as promised")
}

/// One server for the whole run, unless whoever runs this has named one. The tests that need it say what is missing, and
/// no other fails.
fn postgres() -> Option<Cluster> {
    if std::env::var_os(test_postgres::ADDRESS).is_some() {
        return None;
    }
    let started = Cluster::start(Durability::Process);
    started.inspect_err(|error| progress(format_args!("the tests have no Postgres: {error:#}"))).ok()
}

fn test(
    workspace: &Workspace,
    arguments: &[String],
    postgres: Option<&Cluster>,
    environment: &[(&str, &str)],
) -> Result<Tally> {
    let mut command = program::cargo();
    command.envs(environment.iter().copied());
    if let Some(postgres) = postgres {
        command.env(test_postgres::ADDRESS, postgres.address());
    }
    command.args(["test", "--no-fail-fast"]);
    if !names_a_package(arguments) {
        command.arg("--workspace");
    }
    command.args(arguments).current_dir(&workspace.root);
    progress(program::shown(&command));

    let mut child = command.stdout(Stdio::piped()).spawn().with_context(|| program::cannot_start(&command))?;
    let mut tally = Tally::default();
    let printed = child.stdout.take().context("the tests' output is piped")?;
    for line in BufReader::new(printed).lines() {
        let line = line?;
        println!("{line}");
        tally.read(&line);
    }
    tally.success = child.wait()?.success();
    Ok(tally)
}

/// Every program of the workspace, for development.
pub(crate) fn build_programs(workspace: &Workspace) -> Result<()> {
    let mut build = program::cargo();
    // The whole workspace, so that its features, and with them what is compiled, are those of the tests.
    build.args(["build", "--workspace", "--bins"]).current_dir(&workspace.root);
    progress(program::shown(&build));
    program::run(&mut build)?;
    // What is preloaded into hosts is no program, and no test depends on it.
    let mut preloaded = program::cargo();
    preloaded.args(["build", "--package", "faulty-disk"]).current_dir(&workspace.root);
    program::run(&mut preloaded)
}

fn names_a_package(arguments: &[String]) -> bool {
    let for_cargo = arguments.iter().take_while(|argument| *argument != "--");
    for_cargo.into_iter().any(|argument| argument.starts_with("-p") || argument.starts_with("--package"))
}

/// What the test programs said, added up.
#[derive(Default)]
struct Tally {
    suites: u32,
    passed: u32,
    failed: u32,
    ignored: u32,
    failures: Vec<String>,
    /// As cargo sees it: what does not compile has no result to add.
    success: bool,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.suites += other.suites;
        self.passed += other.passed;
        self.failed += other.failed;
        self.ignored += other.ignored;
        self.failures.extend(other.failures);
        self.success &= other.success;
    }

    /// Reads one line of a test program: `test NAME ... FAILED`, or
    /// `test result: ok. 3 passed; 0 failed; 1 ignored; …`.
    fn read(&mut self, line: &str) {
        let Some(rest) = line.strip_prefix("test ") else {
            return;
        };
        if let Some(name) = rest.strip_suffix(" ... FAILED") {
            self.failures.push(name.to_owned());
        } else if let Some(result) = rest.strip_prefix("result: ") {
            self.suites += 1;
            self.passed += count(result, "passed");
            self.failed += count(result, "failed");
            self.ignored += count(result, "ignored");
        }
    }

    fn summary(&self) -> String {
        format!("{} passed, {} failed, {} ignored, in {} suites", self.passed, self.failed, self.ignored, self.suites)
    }
}

/// The number before `what` in `ok. 3 passed; 0 failed`.
fn count(result: &str, what: &str) -> u32 {
    let parts = result.split([';', '.']).map(str::trim);
    let number = parts.filter_map(|part| part.strip_suffix(what)).find_map(|number| number.trim().parse().ok());
    number.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_adds_up_every_suite_and_names_what_failed() {
        let mut tally = Tally::default();
        for line in [
            "running 4 tests",
            "test money::tests::amounts_add_up ... ok",
            "test api::a_decline_is_ko ... FAILED",
            "test result: FAILED. 2 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s",
            "test result: ok. 10 passed; 0 failed; 0 ignored; 0 measured; 7 filtered out; finished in 0.01s",
        ] {
            tally.read(line);
        }
        assert_eq!(tally.summary(), "12 passed, 1 failed, 1 ignored, in 2 suites");
        assert_eq!(tally.failures, ["api::a_decline_is_ko"]);
    }

    #[test]
    fn a_package_named_by_the_caller_replaces_the_workspace() {
        let words = |line: &str| -> Vec<String> { line.split(' ').map(str::to_owned).collect() };
        assert!(names_a_package(&words("-p provost swap")));
        assert!(names_a_package(&words("--package=provost")));
        assert!(!names_a_package(&words("swap -- -p")));
    }
}
