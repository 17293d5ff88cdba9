//! Components that are small and would cost a compiler gigabytes or minutes: put into a serving host's folder, each is
//! refused with its reason, and the host neither grows nor stops serving.

use crate::harness::{Process, component, payment, program, with_module, with_section};
use simulators::{PATIENCE, Provider};
use std::fmt::Write as _;
use std::fs;
use std::time::{Duration, Instant};

/// What the host may grow by, in KiB: what it reads, and nothing of what compiling costs.
const GROWTH: u64 = 16 << 10;
const REFUSED_WITHIN: Duration = Duration::from_secs(60);

struct Bomb {
    name: &'static str,
    bytes: Vec<u8>,
    /// A part of the reason.
    refused: &'static str,
}

fn bomb(name: &'static str, bytes: Vec<u8>, refused: &'static str) -> Bomb {
    Bomb { name, bytes, refused }
}

fn repeated(count: usize, mut one: impl FnMut(usize, &mut String)) -> String {
    let mut text = String::new();
    (0..count).for_each(|number| one(number, &mut text));
    text
}

fn locals(count: usize) -> String {
    format!("(local {})", "i64 ".repeat(count))
}

/// Each local is read inside of all loops, so that each loop needs a value for each: 84 kB, and some gigabytes.
fn loops_times_locals(depth: usize, count: usize) -> String {
    let reads = repeated(count, |local, text| _ = write!(text, "(drop (local.get {local}))"));
    let (open, close) = ("(loop ".repeat(depth), "(br_if 0 (i32.const 1)))".repeat(depth));
    format!("(func {} {open} {reads} {close})", locals(count))
}

/// Each local is set in a branch, and read behind all of them.
fn branches_times_locals(count: usize) -> String {
    let set =
        |local, text: &mut String| _ = write!(text, "(if (i32.const 1) (then (local.set {local} (i64.const 1))))");
    let read = |local, text: &mut String| _ = write!(text, "(drop (local.get {local}))");
    format!("(func {} {} {})", locals(count), repeated(count, set), repeated(count, read))
}

fn jump_table(targets: usize, count: usize) -> String {
    let set = |local, text: &mut String| _ = write!(text, "(local.set {local} (i64.const {local}))");
    let table = "0 ".repeat(targets);
    format!("(func {} (block {} (br_table {table} (i32.const 0))))", locals(count), repeated(count, set))
}

/// Blocks that hand on many values, each inside of the one before.
fn values_through_blocks(values: usize, depth: usize) -> String {
    let list = "i64 ".repeat(values);
    let (open, close) = ("loop (type $t) ".repeat(depth), "end ".repeat(depth));
    let (push, pop) = ("i64.const 1 ".repeat(values), "drop ".repeat(values));
    format!("(type $t (func (param {list}) (result {list}))) (func {push} {open} {close} {pop})")
}

fn bombs() -> Vec<Bomb> {
    let empty = wat::parse_str("(component)").expect("a component");
    let nested = (0..20).fold(empty, |inside, _| {
        let mut outside = b"\0asm\x0d\0\x01\0".to_vec();
        let length = u8::try_from(inside.len()).expect("it is short");
        outside.extend_from_slice(&[4, length & 0x7f | 0x80, length >> 7]);
        outside.extend_from_slice(&inside);
        outside
    });
    let many_locals = format!("(func {})", locals(50_000)).repeat(500);
    vec![
        bomb(
            "locals-in-loops",
            with_module(&loops_times_locals(1_000, 10_000)),
            "loops inside of one another, the most",
        ),
        bomb("locals", with_module(&many_locals), "has 50000 locals in one function, the most is 10000"),
        bomb("branches", with_module(&branches_times_locals(9_000)), "locals times branches in one function, the most"),
        bomb(
            "blocks",
            with_module(&format!("(func {} {})", "block ".repeat(30_000), "end ".repeat(30_000))),
            "blocks inside of one another",
        ),
        bomb(
            "values",
            with_module(&values_through_blocks(1_000, 3_000)),
            "has 1000 parameters in one function or block",
        ),
        bomb("jump-table", with_module(&jump_table(150_000, 300)), "locals times branches in one function"),
        bomb(
            "body",
            with_module(&format!("(func {})", "(drop (i64.const 1))".repeat(300_000))),
            "bytes in one function",
        ),
        bomb("functions", with_module(&"(func)".repeat(100_000)), " functions, the most is 50000"),
        bomb("types", with_module(&"(type (func))".repeat(100_000)), " types, the most is 20000"),
        bomb("tables", with_module("(table 10000000 funcref)"), "has 10000000 elements in a table at the start"),
        bomb("nested", with_section(4, &nested), "components and modules inside of one another"),
        bomb(
            "few-loops",
            with_module(&loops_times_locals(60, 10_000)),
            "has 600000 locals times loops inside of one another",
        ),
    ]
}

/// A number of KiB in what the kernel says of a process.
fn status(process: u32, field: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).expect("the process lives");
    let line = status.lines().find_map(|line| line.strip_prefix(field)).expect("the kernel says it");
    line.trim_start_matches(':').trim().trim_end_matches(" kB").parse().expect("a number")
}

/// Waits until the host has refused this file, and gives the reason.
async fn refusal(host: &Process, file: &str) -> String {
    let said = || {
        let log = host.log();
        let line = log.lines().find(|line| line.contains("plugin refused") && line.contains(&format!("\"{file}\"")))?;
        let line: serde_json::Value = serde_json::from_str(line).expect("a host without a terminal logs JSON");
        Some(line["reason"].as_str().expect("a refusal has a reason").to_owned())
    };
    let mut glances = tokio::time::interval(Duration::from_millis(20));
    let waiting = async {
        loop {
            glances.tick().await;
            if let Some(reason) = said() {
                return reason;
            }
        }
    };
    let refused = tokio::time::timeout(REFUSED_WITHIN + PATIENCE, waiting).await;
    refused.unwrap_or_else(|_| panic!("{file} was not refused:\n{}", host.log()))
}

/// Puts a file into the host's folder as a whole.
fn put(host: &Process, file: &str, bytes: &[u8]) {
    let aside = host.file("aside");
    fs::write(&aside, bytes).expect("the folder can be written to");
    fs::rename(&aside, host.file("plugins").join(file)).expect("both are in one folder");
}

#[tokio::test]
async fn a_compile_bomb_is_refused_and_the_host_neither_grows_nor_stops_serving() {
    let provider = Provider::start();
    let mut host = Process::prepare(&provider, None, &["pay-only"]).on_a_file();
    host.start(&[]).await;
    assert_eq!(host.post("/v3/pay-only/pay", &payment("before", 500)).await.status, 200);
    let bombs = bombs();
    assert_eq!(bombs.len(), 12);
    // What the allocator takes for files of such sizes, it takes for those that cost nothing too.
    let harmless = |bomb: &Bomb| format!("harmless-{}.wasm", bomb.name);
    for bomb in &bombs {
        let padding = "x".repeat(bomb.bytes.len());
        put(&host, &harmless(bomb), &with_module(&format!("(table 20001 funcref) (@custom \"x\" \"{padding}\")")));
    }
    for bomb in &bombs {
        refusal(&host, &harmless(bomb)).await;
    }
    // From now on its peak is counted anew.
    fs::write(format!("/proc/{}/clear_refs", host.id()), "5").expect("this is our own process");
    let before = status(host.id(), "VmRSS");
    for Bomb { name, bytes, refused } in &bombs {
        let (began, file) = (Instant::now(), format!("{name}.wasm"));
        put(&host, &file, bytes);
        let reason = refusal(&host, &file).await;
        assert!(reason.contains(refused), "{name}: {reason}");
        assert!(began.elapsed() < REFUSED_WITHIN + PATIENCE, "{name} took {:?}", began.elapsed());
        assert_eq!(host.post("/v3/pay-only/pay", &payment(name, 500)).await.status, 200, "{name}");
    }
    let peak = status(host.id(), "VmHWM");
    assert!(peak < before + GROWTH, "the host grew from {before} KiB to {peak}");
}

#[test]
fn an_operator_is_told_of_a_bomb_by_inspect_as_a_host_would_tell() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let file = folder.path().join("bomb.wasm");
    fs::write(&file, with_module("(table 10000000 funcref)")).expect("the folder can be written to");
    let inspect = |file| std::process::Command::new(program()).args(["plugin", "inspect"]).arg(file).output();
    let output = inspect(&file).expect("the program can be run");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("would refuse it: has 10000000 elements in a table at the start, the most is 20000"),
        "{said}"
    );
    let whole = inspect(&component("pay-only")).expect("the program can be run");
    assert_eq!(whole.status.code(), Some(0), "{}", String::from_utf8_lossy(&whole.stderr));
}
