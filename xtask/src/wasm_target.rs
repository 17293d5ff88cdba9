//! Whatever it takes for this machine to compile Rust for `wasm32-wasip2`.
//!
//! In order: the compiler already can; rustup adds the target; a Debian lends its own compiler.

use crate::debian_toolchain;
use crate::program::{self, progress};
use anyhow::{Result, bail};
use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

/// What components are compiled for.
pub(crate) const TRIPLE: &str = "wasm32-wasip2";

/// Set to `debian` to take Debian's compiler although rustup could serve: to try that way out.
const CHOICE: &str = "WASM_TOOLCHAIN";

/// The environment that a guest build needs on top of the ordinary one; mostly nothing.
#[derive(Default)]
pub(crate) struct GuestEnvironment(pub(crate) Vec<(OsString, OsString)>);

/// Makes sure that components can be compiled here, installing what is missing.
pub(crate) fn ensure(target: &Path) -> Result<GuestEnvironment> {
    let debian_wanted = std::env::var_os(CHOICE).is_some_and(|choice| choice == "debian");
    if !debian_wanted && (compiler_can() || rustup_adds()) {
        return Ok(GuestEnvironment::default());
    }
    if !program::exists("apt-get") {
        bail!(
            "this compiler has no {TRIPLE}, and rustup could not add it.\n\
             Run `rustup target add {TRIPLE}` where rustup reaches its server (https://static.rust-lang.org),\n\
             or install the target from your distribution, and try again."
        );
    }
    debian_toolchain::ensure(&target.join("wasm-toolchain"))
}

/// The compiler names a folder for every target it knows; the folder exists if it is installed.
fn compiler_can() -> bool {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| OsString::from("rustc"));
    let mut command = Command::new(rustc);
    command.args(["--print", "target-libdir", "--target", TRIPLE]);
    program::output(&mut command).is_ok_and(|folder| Path::new(&folder).is_dir())
}

fn rustup_adds() -> bool {
    if !program::exists("rustup") {
        return false;
    }
    progress(format_args!("adding {TRIPLE} with rustup"));
    // Where its server is out of reach, rustup would try for many minutes.
    let added = program::succeeds(Command::new("timeout").args(["120", "rustup", "target", "add", TRIPLE]));
    if !added {
        progress(format_args!("rustup cannot add {TRIPLE} here"));
    }
    added
}
