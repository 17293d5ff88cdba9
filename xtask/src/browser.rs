//! The browser that the page of the interface is tested in: Debian's, where it may be installed.

use crate::program::{self, progress};
use anyhow::Result;
use std::process::Command;

/// The programs that the tests start, the variable that names another, and Debian's package.
const NEEDED: [(&str, &str, &str); 2] =
    [("chromium", "CHROMIUM", "chromium"), ("chromedriver", "CHROMEDRIVER", "chromium-driver")];

/// Installs what is missing, or says what that is: the tests that need it fail with the same words, and no other does.
pub(crate) fn ensure() {
    let missing = missing();
    if missing.is_empty() {
        return;
    }
    let packages = missing.join(" ");
    if !is_root() || !program::exists("apt-get") {
        progress(format_args!("the tests of /documentation need a browser: install Debian's {packages}"));
    } else if let Err(error) = install(&missing) {
        progress(format_args!("{packages} cannot be installed here: {error:#}"));
    }
}

fn missing() -> Vec<&'static str> {
    let there = |program: &str, variable: &str| std::env::var_os(variable).is_some() || program::exists(program);
    NEEDED.into_iter().filter(|(program, variable, _)| !there(program, variable)).map(|(.., package)| package).collect()
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
