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

/// A plugin that serves, with a module more that nobody uses: text, for whoever compiles it.
pub fn with_module(text: &str) -> Vec<u8> {
    with_section(1, &wat::parse_str(format!("(module {text})")).expect("the module is well-formed"))
}

/// A plugin that serves, with one section more: 0 is for what nobody reads, 1 a module, 4 a component.
pub fn with_section(id: u8, section: &[u8]) -> Vec<u8> {
    let mut bytes = std::fs::read(component("pay-only")).expect("the component can be read");
    bytes.push(id);
    let mut rest = section.len();
    // LEB128.
    while rest > 0x7f {
        bytes.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    bytes.push(rest as u8);
    bytes.extend_from_slice(section);
    bytes
}
