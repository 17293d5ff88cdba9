//! Reads the paths in this crate's source, and fails with the rule and the fix where an arrow runs the wrong way or an
//! outside thing has a second owner. ARCHITECTURE.md draws the same picture: they change together.

use std::fs;
use std::path::{Path, PathBuf};

/// Each module, and the modules that it may import beside [`ANYONE`]. In the order of the arrows.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    (
        "cli",
        &[
            "config",
            "api",
            "app",
            "operations",
            "registry",
            "runtime",
            "capabilities",
            "outbox",
            "store",
            "egress",
            "model",
        ],
    ),
    ("api", &["app", "operations", "registry", "runtime", "capabilities", "outbox", "store", "egress", "model"]),
    ("app", &["config", "operations", "registry", "runtime", "capabilities", "outbox", "store", "egress", "model"]),
    ("operations", &["registry", "runtime", "capabilities", "outbox", "store", "egress", "model"]),
    ("registry", &["runtime", "capabilities", "store", "egress", "model"]),
    ("runtime", &["capabilities", "store", "egress", "model"]),
    ("capabilities", &["store", "egress", "model"]),
    ("outbox", &["store", "egress", "model"]),
    ("store", &["model"]),
    ("egress", &["model"]),
    // It fills the settings type that each module owns.
    ("config", &["api", "registry", "runtime", "capabilities", "operations", "outbox", "store", "egress", "model"]),
    ("model", &[]),
    ("clock", &[]),
    ("crash", &[]),
    ("task", &[]),
    ("telemetry", &[]),
];

/// What everybody may import; among each other they may as well, as long as they know nothing of the host.
const ANYONE: [&str; 4] = ["clock", "crash", "task", "telemetry"];

/// Libraries with one owner, and the modules that may name them.
const OWNED: &[(&str, &[&str])] = &[
    ("axum", &["api"]),
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
    ("clap_mangen", &["cli"]),
    ("landlock", &["runtime"]),
    ("libc", &["runtime"]),
    ("notify", &["registry"]),
    ("reqwest", &["egress"]),
    ("rusqlite", &["store"]),
    // `egress` names it in its tests alone, for a provider that speaks TLS.
    ("rustls", &["store", "egress"]),
    ("seccompiler", &["runtime"]),
    ("tokio_postgres", &["store"]),
    ("toml", &["config", "cli"]),
    ("wasmparser", &["runtime"]),
    ("wasmtime", &["runtime"]),
    ("wasmtime_wasi", &["runtime"]),
];

/// What opens a socket or asks for a name, and the modules that may say so outside of tests. Clippy forbids the calls that it
/// knows; this, that anybody comes near them.
const SOCKETS: &[(&str, &[&str])] = &[
    ("TcpStream::connect", &[]),
    ("TcpSocket", &[]),
    // Asks the kernel whether an address is this machine's, and sends nothing.
    ("UdpSocket", &["egress"]),
    ("UnixStream", &[]),
    ("UnixListener", &[]),
    ("UnixDatagram", &[]),
    ("TcpListener::bind", &["api"]),
    ("lookup_host", &["egress"]),
    ("to_socket_addrs", &[]),
    ("Client::builder", &["egress"]),
    ("ClientBuilder", &["egress"]),
    ("HttpConnector", &[]),
    ("hyper::client", &[]),
    ("hyper_util::client", &[]),
    ("config.connect(", &["store"]),
    ("tokio_postgres::connect", &[]),
    ("inherit_network", &[]),
    ("allow_ip_name_lookup", &[]),
    ("hickory", &[]),
    ("socket2", &[]),
    // Makes the queue of a listener longer, and opens nothing.
    ("rustix::net", &["api"]),
];

/// A path in the source that leads out of its module.
#[derive(Debug, PartialEq, Eq)]
struct Arrow {
    to: String,
    line: usize,
}

#[test]
fn arrows_point_down() {
    let mut faults = Vec::new();
    for (file, text) in sources() {
        let Some(from) = module(&file) else { continue };
        let allowed = MAY_IMPORT.iter().find(|(name, _)| *name == from).map(|(_, allowed)| *allowed);
        let Some(allowed) = allowed else {
            faults.push(format!("host/src/{}: `{from}` has no place yet: give it one in MAY_IMPORT", file.display()));
            continue;
        };
        for Arrow { to, line } in inside_arrows(&text, depth(&file)) {
            if to != from && !allowed.contains(&to.as_str()) && !ANYONE.contains(&to.as_str()) {
                faults.push(format!(
                    "host/src/{}:{line}: `{from}` imports `{to}`, and may import only {}. Move what both need down (a \
                     value into `model`), or hand it in from above. A new arrow is a design decision: ARCHITECTURE.md \
                     and MAY_IMPORT change with it",
                    file.display(),
                    [allowed, &ANYONE].concat().join(", "),
                ));
            }
        }
    }
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn each_outside_thing_has_one_owner() {
    let mut faults = Vec::new();
    for (file, text) in sources() {
        let Some(from) = module(&file) else { continue };
        for (library, owners) in OWNED {
            if let Some(line) = line_with(&text, library).filter(|_| !owners.contains(&from.as_str())) {
                faults.push(format!(
                    "host/src/{}:{line}: `{library}` belongs to {}. Ask it for what is needed, in the words of `model`",
                    file.display(),
                    owners.join(" and "),
                ));
            }
        }
    }
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn nothing_but_egress_the_listener_and_the_store_opens_a_socket() {
    let (mut faults, mut seen) = (Vec::new(), 0);
    for (file, text) in sources() {
        let (Some(from), Some(text)) = (module(&file), outside_of_tests(&file, &text)) else { continue };
        for (words, owners) in SOCKETS {
            let Some(line) = text.lines().position(|line| line.contains(words)) else { continue };
            seen += 1;
            if !owners.contains(&from.as_str()) {
                let file = file.display();
                faults.push(format!("host/src/{file}:{line}: `{words}`: whatever leaves goes through `egress`"));
            }
        }
    }
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
    assert!(seen >= 5, "the words are those of the source: {seen}");
}

/// The text without comments and tests; none where all of the file is tests.
fn outside_of_tests(file: &Path, text: &str) -> Option<String> {
    let for_tests = ["tests", "tests.rs", "testing.rs", "loopback.rs", "corpus", "documented.rs"];
    let is_for_tests = file.iter().any(|part| for_tests.iter().any(|name| part == *name));
    let code = text.split("\n#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let code = code.split("\n#[cfg(test)]\npub(crate) mod tests {").next().unwrap_or_default();
    (!is_for_tests).then(|| without_comments(code))
}

#[test]
fn an_arrow_is_seen_in_every_way_of_writing_it() {
    let to = |text, depth| -> Vec<String> { inside_arrows(text, depth).into_iter().map(|arrow| arrow.to).collect() };
    assert_eq!(to("use crate::store::Store;", 1), ["store"]);
    assert_eq!(to("use crate::{\n    api::{Problem, v3},\n    model,\n};", 1), ["api", "model"]);
    assert_eq!(to("    crate::crash_point!(\"x\");", 1), ["crash"]);
    assert_eq!(to("fn f() -> crate::store::Store { crate::egress::g() }", 1), ["store", "egress"]);
    assert_eq!(to("// use crate::store::Store;", 1), Vec::<String>::new());
    assert_eq!(to("use super::store::Store;", 1), ["store"], "from a module at the top, super is the crate");
    assert_eq!(to("use super::super::{store, model};", 2), ["store", "model"]);
    assert_eq!(to("use super::store::Store;", 2), Vec::<String>::new(), "its own module's");
    assert_eq!(to("    use super::*;", 1), Vec::<String>::new(), "a module of tests inside of the file");
    assert_eq!(inside_arrows("\n\nuse crate::store;", 1), [Arrow { to: "store".to_owned(), line: 3 }]);
    assert_eq!(line_with("use my_toml::x;\nuse toml::de;", "toml"), Some(2));
}

/// Every source file below a module of this crate, by its path below `src`.
fn sources() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut folders, mut sources) = (vec![root.clone()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let below = path.strip_prefix(&root).unwrap().to_owned();
                sources.push((below, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    sources.sort();
    sources
}

/// The module at the top that a file belongs to; none for the roots and this file.
fn module(file: &Path) -> Option<String> {
    let name = file.iter().next()?.to_str()?.trim_end_matches(".rs");
    (!["lib", "main", "architecture"].contains(&name)).then(|| name.to_owned())
}

/// How many modules a file is below the crate: `api/mod.rs` is one, `api/v3/pay.rs` three.
fn depth(file: &Path) -> usize {
    file.iter().count() - usize::from(file.file_name().is_some_and(|name| name == "mod.rs"))
}

/// The modules at the top that a file's paths begin with.
fn inside_arrows(text: &str, depth: usize) -> Vec<Arrow> {
    let text = without_comments(text);
    let mut arrows = Vec::new();
    let mut note = |at: usize, rest: &str| {
        let line = text[..at].matches('\n').count();
        arrows.extend(heads(rest).into_iter().map(|to| Arrow { to, line }));
    };
    for (at, path) in text.match_indices("crate::") {
        note(at, &text[at + path.len()..]);
    }
    let top = "super::".repeat(depth);
    for (at, path) in text.match_indices(&format!("\nuse {top}")) {
        note(at + 1, &text[at + path.len()..]);
    }
    arrows
}

/// The first names of what follows a path: one, or those of a group. What is used of the crate itself is no module.
fn heads(rest: &str) -> Vec<String> {
    let Some(group) = rest.strip_prefix('{') else { return head(rest).into_iter().collect() };
    let (mut depth, mut heads, mut part) = (0, Vec::new(), String::new());
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => heads.extend(head(&std::mem::take(&mut part))),
            _ if depth == 0 => part.push(c),
            _ => {}
        }
    }
    heads.extend(head(&part));
    heads
}

fn head(path: &str) -> Option<String> {
    let path = path.trim_start();
    let name: String = path.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
    match name.as_str() {
        "" | "super" | "self" => None,
        "crash_point" => Some("crash".to_owned()),
        _ => Some(name),
    }
}

/// The first line, counted from 1, with a path that begins with `library`.
fn line_with(text: &str, library: &str) -> Option<usize> {
    let path = format!("{library}::");
    let begins = |line: &str, at: usize| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
    let named = |line: &str| line.match_indices(&path).any(|(at, _)| begins(line, at));
    without_comments(text).lines().position(named)
}

/// The text with empty lines where comments are, and one in front, so that every line begins behind a line end and the
/// count of line ends is the line's number.
fn without_comments(text: &str) -> String {
    let code = |line: &str| if line.trim_start().starts_with("//") { String::new() } else { line.to_owned() };
    format!("\n{}", text.lines().map(code).collect::<Vec<_>>().join("\n"))
}
