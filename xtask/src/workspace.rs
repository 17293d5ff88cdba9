//! What cargo knows of this workspace: where it builds to, and which crates become components.
//!
//! A crate becomes a component because of where it lies (`plugins/*`, `tests/guests/*`) and because
//! it is a `cdylib`: there is no list to keep.

use crate::program;
use anyhow::{Context, Result};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// This workspace, as `cargo metadata` tells it.
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    /// Where cargo builds to; `CARGO_TARGET_DIR` and cargo's configuration included.
    pub(crate) target: PathBuf,
    pub(crate) plugins: Vec<ComponentCrate>,
    pub(crate) guests: Vec<ComponentCrate>,
}

/// A crate that is compiled to a component.
pub(crate) struct ComponentCrate {
    pub(crate) package: String,
    pub(crate) manifest: PathBuf,
}

impl ComponentCrate {
    /// The component's file name without its end: the external's name for a plugin.
    pub(crate) fn stem(&self) -> String {
        let name = self.package.replace('_', "-");
        name.strip_prefix("guest-").unwrap_or(&name).to_owned()
    }
}

#[derive(Deserialize)]
struct Metadata {
    workspace_root: PathBuf,
    target_directory: PathBuf,
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    manifest_path: PathBuf,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    crate_types: Vec<String>,
}

impl Package {
    fn is_component_in(&self, folder: &Path) -> bool {
        let folder_of_crate = self.manifest_path.parent().and_then(Path::parent);
        let types = self.targets.iter().flat_map(|target| &target.crate_types);
        folder_of_crate == Some(folder) && types.into_iter().any(|kind| kind == "cdylib")
    }
}

impl Workspace {
    /// Asks cargo.
    pub(crate) fn read() -> Result<Self> {
        let mut command = program::cargo();
        command.args(["metadata", "--no-deps", "--format-version", "1"]);
        // The chore may be started from anywhere; its own manifest says which workspace is meant.
        command.current_dir(env!("CARGO_MANIFEST_DIR"));
        let metadata: Metadata = serde_json::from_str(&program::output(&mut command)?)
            .context("cargo metadata's answer is not understood")?;
        Ok(Self::from(metadata))
    }
}

impl From<Metadata> for Workspace {
    fn from(metadata: Metadata) -> Self {
        let crates_in = |folder: PathBuf| {
            let packages = metadata.packages.iter();
            let mut crates: Vec<_> = packages
                .filter(|package| package.is_component_in(&folder))
                .map(|package| ComponentCrate {
                    package: package.name.clone(),
                    manifest: package.manifest_path.clone(),
                })
                .collect();
            crates.sort_by(|one, other| one.package.cmp(&other.package));
            crates
        };
        Self {
            plugins: crates_in(metadata.workspace_root.join("plugins")),
            guests: crates_in(metadata.workspace_root.join("tests/guests")),
            root: metadata.workspace_root,
            target: metadata.target_directory,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, folder: &str, kind: &str) -> Package {
        Package {
            name: name.to_owned(),
            manifest_path: Path::new("/clone").join(folder).join("Cargo.toml"),
            targets: vec![Target { crate_types: vec![kind.to_owned()] }],
        }
    }

    #[test]
    fn crates_become_components_by_where_they_lie() {
        let workspace = Workspace::from(Metadata {
            workspace_root: "/clone".into(),
            target_directory: "/clone/target".into(),
            packages: vec![
                package("provost", "host", "lib"),
                package("sandbox", "plugins/sandbox", "cdylib"),
                package("payroc", "plugins/payroc", "cdylib"),
                package("guest-pay-only", "tests/guests/pay-only", "cdylib"),
                package("words", "tests/guests/words", "lib"),
                package("simulators", "tests/simulators", "cdylib"),
            ],
        });
        let stems = |crates: &[ComponentCrate]| -> Vec<String> { crates.iter().map(ComponentCrate::stem).collect() };
        assert_eq!(stems(&workspace.plugins), ["payroc", "sandbox"]);
        assert_eq!(stems(&workspace.guests), ["pay-only"]);
    }

    #[test]
    fn a_component_is_named_after_its_crate_without_guest_and_underscores() {
        for (package, stem) in
            [("sandbox", "sandbox"), ("guest-hostile", "hostile"), ("guest_pay_only", "pay-only"), ("acme", "acme")]
        {
            let manifest = PathBuf::new();
            let package = package.to_owned();
            assert_eq!(ComponentCrate { package, manifest }.stem(), stem);
        }
    }
}
