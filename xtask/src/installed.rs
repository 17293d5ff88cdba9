//! What the tests need that cargo does not bring: a browser for the page of the interface, and Postgres. Debian's, where it
//! may be installed.

use crate::program::{self, progress};
use anyhow::Result;
use std::process::Command;

/// The programs of the browser, the variable that names another, and Debian's package.
const BROWSER: [(&str, &str, &str); 2] =
    [("chromium", "CHROMIUM", "chromium"), ("chromedriver", "CHROMEDRIVER", "chromium-driver")];

/// Installs what is missing, or says what that is: the tests that need it fail with the same words, and no other does.
pub(crate) fn ensure() {
    let missing = missing();
    if missing.is_empty() {
        return;
    }
    let packages = missing.join(" ");
    if !is_root() || !program::exists("apt-get") {
        progress(format_args!("some tests need what is not installed here: install Debian's {packages}"));
    } else if let Err(error) = install(&missing) {
        progress(format_args!("{packages} cannot be installed here: {error:#}"));
    }
}

fn missing() -> Vec<&'static str> {
    let there = |program: &str, variable: &str| std::env::var_os(variable).is_some() || program::exists(program);
    let browser = BROWSER.into_iter().filter(|(program, variable, _)| !there(program, variable));
    let postgres = test_postgres::missing().filter(|_| std::env::var_os(test_postgres::ADDRESS).is_none());
    browser.map(|(.., package)| package).chain(postgres).collect()
}

fn install(packages: &[&str]) -> Result<()> {
    progress(format_args!("installing Debian's {}", packages.join(" ")));
    // apt talks on stdout, where only results belong.
    program::output(Command::new("apt-get").args(["-qq", "update"]))?;
    let mut install = Command::new("apt-get");
    install.env("DEBIAN_FRONTEND", "noninteractive");
    program::output(install.args(["-qq", "-y", "--no-install-recommends", "install"]).args(packages))?;
    Ok(())
}

fn is_root() -> bool {
    program::output(Command::new("id").arg("-u")).is_ok_and(|id| id == "0")
}
