//! Debian's own Rust compiler and its `wasm32` library, for machines that rustup's server is out of
//! reach of. Nothing is installed system-wide: the packages are unpacked into a private folder and
//! run under the loader that came with them, because their libc is newer than the machine's.

use crate::program::{self, progress};
use crate::wasm_target::GuestEnvironment;
use anyhow::{Context, Result, bail};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The suite whose Rust is new enough for this workspace.
const SUITE: &str = "forky";
/// Signs that suite's index.
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
/// Downloaded beside the compiler's own dependencies.
const PACKAGES: [&str; 3] = ["rustc", "libstd-rust-dev", "libstd-rust-dev-wasm32"];

/// Unpacks the compiler into `home` unless it is there, and says how to use it.
pub(crate) fn ensure(home: &Path) -> Result<GuestEnvironment> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        bail!("Debian's compiler is only fetched on x86-64 Linux; install the target by hand");
    }
    let home = std::path::absolute(home)?;
    let rustc = home.join("rustc");
    if !rustc.exists() {
        unpack(&home).context("cannot fetch Debian's compiler for components")?;
        write_wrapper(&home, &rustc)?;
    }
    let version = program::output(Command::new(&rustc).arg("--version"))?;
    progress(format_args!("components are compiled with {version}"));
    environment(rustc)
}

fn unpack(home: &Path) -> Result<()> {
    progress(format_args!("fetching Debian's rustc and its wasm32 library into {} (about 200 MB)", home.display()));
    if home.exists() {
        fs::remove_dir_all(home)?;
    }
    let archives = home.join("cache/archives");
    for folder in ["lists/partial", "cache/archives/partial", "root"] {
        fs::create_dir_all(home.join(folder))?;
    }
    fs::write(home.join("status"), "")?;
    fs::write(home.join("sources.list"), source()?)?;

    program::run(apt("apt-get", home).arg("update"))?;
    let library = versioned_library(home)?;
    let install = ["-y", "--no-install-recommends", "--download-only", "install"];
    // apt draws its progress on stdout, where only results belong.
    program::output(apt("apt-get", home).args(install).arg(library))?;
    let mut download = apt("apt-get", home);
    program::run(download.arg("download").args(PACKAGES).current_dir(&archives))?;

    for package in fs::read_dir(&archives)? {
        let package = package?.path();
        if package.extension() == Some(OsStr::new("deb")) {
            let mut command = Command::new("dpkg");
            program::run(command.arg("-x").arg(package).arg(home.join("root")))?;
        }
    }
    fs::remove_dir_all(home.join("cache"))?;
    fs::remove_dir_all(home.join("lists"))?;
    Ok(())
}

/// The machine's own mirror, with the suite we want.
fn source() -> Result<String> {
    let mut command = Command::new("apt-get");
    command.args(["indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"]);
    let mirrors = program::output(&mut command)?;
    let mirror = mirrors.lines().next().context("apt knows no mirror")?;
    Ok(format!("deb [signed-by={KEYRING}] {mirror} {SUITE} main\n"))
}

/// The package that `libstd-rust-dev` depends on carries the compiler's version in its name.
fn versioned_library(home: &Path) -> Result<String> {
    let depends = program::output(apt("apt-cache", home).args(["depends", "libstd-rust-dev"]))?;
    let mut names = depends.lines().filter_map(|line| line.trim().strip_prefix("Depends: "));
    let name = names.find(|name| name.starts_with("libstd-rust-"));
    Ok(name.context("Debian's Rust is packaged differently now")?.to_owned())
}

/// An apt that knows only our folder: no system source, list, cache or installed package.
fn apt(program: &str, home: &Path) -> Command {
    let mut command = Command::new(program);
    command.arg("-qq");
    for (key, value) in [
        ("Dir::Etc::sourcelist", home.join("sources.list")),
        ("Dir::Etc::sourceparts", PathBuf::from("-")),
        ("Dir::State::Lists", home.join("lists")),
        ("Dir::Cache", home.join("cache")),
        ("Dir::State::status", home.join("status")),
        ("APT::Sandbox::User", PathBuf::from("root")),
    ] {
        command.arg("-o").arg(format!("{key}={}", value.display()));
    }
    command
}

/// The wrapper appears last and whole, so that its presence says that all else is there.
fn write_wrapper(home: &Path, rustc: &Path) -> Result<()> {
    let root = home.join("root/usr");
    let text = format!(
        "#!/bin/sh\nroot='{}'\nexec \"$root/lib64/ld-linux-x86-64.so.2\" \
         --library-path \"$root/lib/x86_64-linux-gnu\" \"$root/bin/rustc\" --sysroot \"$root\" \"$@\"\n",
        root.display()
    );
    let new = rustc.with_extension("new");
    fs::write(&new, text)?;
    fs::set_permissions(&new, fs::Permissions::from_mode(0o755))?;
    Ok(fs::rename(new, rustc)?)
}

/// Debian packages no component linker; the machine's own toolchain has it, for every target.
fn environment(rustc: PathBuf) -> Result<GuestEnvironment> {
    let sysroot = program::output(Command::new("rustc").args(["--print", "sysroot"]))?;
    let tools = Path::new(&sysroot).join("lib/rustlib/x86_64-unknown-linux-gnu/bin");
    let linker = tools.join("wasm-component-ld");
    if !linker.exists() {
        bail!(
            "{} is missing: install a Rust toolchain with rustup (https://rustup.rs) and try again",
            linker.display()
        );
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(tools.join("gcc-ld")).chain(std::env::split_paths(&path));
    Ok(GuestEnvironment(vec![
        (OsString::from("RUSTC"), rustc.into()),
        (OsString::from("CARGO_TARGET_WASM32_WASIP2_LINKER"), linker.into()),
        (OsString::from("PATH"), std::env::join_paths(folders)?),
    ]))
}
