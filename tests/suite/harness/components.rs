//! Where the built components are: `cargo xtask build-plugins` puts them beside the test programs.

use std::path::PathBuf;

/// The component of this name, such as `sandbox` or `hostile`.
pub fn component(name: &str) -> PathBuf {
    let program = std::env::current_exe().expect("a test program knows where it is");
    // target/debug/deps/suite-…
    let target = program.ancestors().nth(3).expect("a test program lies in target/PROFILE/deps");
    let places = [target.join("plugins"), target.join("guests")];
    let found = places.iter().map(|place| place.join(format!("{name}.wasm"))).find(|file| file.exists());
    found.unwrap_or_else(|| panic!("{name}.wasm is not in {places:?}: run `cargo xtask build-plugins` first"))
}
