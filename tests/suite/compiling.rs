//! Compiling in a process of its own: its limits, its bad days, and what is kept of its work.

use crate::harness::{Process, component, program, with_module, with_section};
use bytes::Bytes;
use provost::capabilities::Limits;
use provost::clock::Clock;
use provost::registry::{self, Registry};
use provost::runtime::{CompileLimits, Compiler, Engine, Settings};
use simulators::{PATIENCE, Provider};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder for the test")
}

fn engine(program: PathBuf, limits: CompileLimits, cache: Option<PathBuf>) -> Engine {
    let compiler = Compiler::Child { program, limits };
    Engine::new(&Settings { concurrent_calls: 4, compiler, cache, ..Settings::default() }).expect("an engine")
}

fn plugin(name: &str) -> Bytes {
    fs::read(component(name)).expect("the component can be read").into()
}

async fn fault(engine: &Engine, bytes: impl Into<Bytes>) -> String {
    let mut faults = engine.load(bytes.into()).await.map(|_| ()).expect_err("it is refused").faults;
    assert_eq!(faults.len(), 1, "{faults:?}");
    faults.remove(0)
}

/// A program that stands in for the compiler. Another process writes it: one that this process has just written may
/// still be open in a child of another test, and could not be run.
fn stand_in(folder: &TempDir, script: &str) -> PathBuf {
    let program = folder.path().join("compiler");
    let text = format!("#!/bin/sh\n{script}\n");
    let written = Command::new("/bin/sh")
        .args(["-c", "printf %s \"$1\" > \"$2\" && chmod 700 \"$2\"", "sh", &text])
        .arg(&program)
        .status();
    assert!(written.expect("there is a shell").success());
    program
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let mut glances = tokio::time::interval(Duration::from_millis(5));
    let waiting = async {
        while !holds() {
            glances.tick().await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("not {what}"));
}

#[tokio::test]
async fn a_plugin_that_a_child_has_compiled_is_ready_to_serve() {
    let engine = engine(program(), CompileLimits::default(), None);
    let plugin = engine.load(plugin("sandbox")).await.expect("the sandbox is sound");
    assert_eq!(plugin.description().name, "sandbox");
}

#[tokio::test]
async fn what_is_beyond_a_limit_of_the_compiler_is_refused_with_that_limit() {
    let limits = CompileLimits::default();
    // Many live values: hundreds of megabytes.
    let values = "(call $f)".repeat(100_000) + &"i64.add ".repeat(99_999);
    let large = with_module(&format!("(func $f (result i64) (i64.const 1)) (func {values} drop)"));
    let memory = engine(program(), CompileLimits { memory: 300 << 20, ..limits }, None);
    assert_eq!(fault(&memory, large).await, "needs more than 300 MiB of memory to compile");
    let body = "(local.set 0 (i64.div_s (local.get 0) (local.get 1)))".repeat(60_000);
    let long = with_module(&format!("(func (local i64 i64) {body})").repeat(16));
    let cpu = engine(program(), CompileLimits { cpu: Duration::from_secs(1), ..limits }, None);
    assert_eq!(fault(&cpu, long.clone()).await, "takes more than 1 s of CPU time to compile");
    let wall = engine(program(), CompileLimits { wall: Duration::from_millis(20), ..limits }, None);
    assert_eq!(fault(&wall, long).await, "takes more than 0.02 s to compile");
}

#[tokio::test]
async fn a_compiler_that_misbehaves_costs_its_plugin_a_refusal_and_leaves_nothing_behind() {
    let place = folder();
    let id = place.path().join("id");
    let limits = CompileLimits { wall: Duration::from_secs(5), ..CompileLimits::default() };
    let cases = [
        ("exec cat /dev/zero", "compiles to more than "),
        ("cat > /dev/null; exec cat /dev/zero >&2", "breaks its compiler, which ended by signal 13"),
        ("exec sleep 1000", "takes more than 5 s to compile"),
        ("printf 'no \\033[31m good\\n' >&2; exit 1", "does not compile: no  [31m good"),
        ("exit 3", "does not compile: its compiler ended with exit status: 3"),
        ("kill -KILL $$", "was not compiled: the system killed its compiler"),
        ("kill -SEGV $$", "breaks its compiler, which ended by signal 11"),
        ("echo this is no code", "its code cannot be loaded: "),
        ("exit 0", "its code cannot be loaded: "),
    ];
    for (script, said) in cases {
        let program = stand_in(&place, &format!("echo $$ > {}\n{script}", id.display()));
        let engine = engine(program, limits, Some(place.path().join("cache")));
        let fault = fault(&engine, plugin("pay-only")).await;
        assert!(fault.starts_with(said), "{script}: {fault}");
        let process = fs::read_to_string(&id).expect("it ran").trim().to_owned();
        until("gone", || !Path::new("/proc").join(&process).exists()).await;
        let kept = engine.load_kept(plugin("pay-only")).await.expect("its names are in order");
        assert!(kept.is_none(), "{script}: what came of it was kept");
    }
    let absent = engine(place.path().join("not there"), limits, None);
    assert!(fault(&absent, plugin("pay-only")).await.starts_with("was not compiled: its compiler could not be run"));
}

#[tokio::test]
async fn one_plugin_is_compiled_at_a_time() {
    let place = folder();
    let log = place.path().join("log");
    let (provost, log_file) = (program(), log.display());
    let script =
        format!("echo begin >> {log_file}\n{} \"$@\"\ncode=$?\necho end >> {log_file}\nexit $code", provost.display());
    let engine = engine(stand_in(&place, &script), CompileLimits::default(), None);
    let plugins =
        [b"1", b"2", b"3"].map(|number| engine.load(with_section(0, &[b"\x01x", &number[..]].concat()).into()));
    for loaded in futures_util::future::join_all(plugins).await {
        loaded.expect("each is sound");
    }
    assert_eq!(fs::read_to_string(&log).expect("they ran"), "begin\nend\n".repeat(3));
}

#[tokio::test]
async fn the_compiler_is_confined_before_it_reads_and_dies_with_its_host() {
    let script = format!(
        "exec 3<&0; {} compile --memory 1073741824 --cpu 7 <&3 >/dev/null & echo $!; wait",
        program().display()
    );
    let mut host = Command::new("/bin/sh")
        .args(["-c", &script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("there is a shell");
    let mut line = String::new();
    let mut said = std::io::BufReader::new(host.stdout.as_mut().expect("stdout is piped"));
    std::io::BufRead::read_line(&mut said, &mut line).expect("the shell says it");
    let process = PathBuf::from("/proc").join(line.trim());
    let says = |file: &str| fs::read_to_string(process.join(file)).unwrap_or_default();
    // It waits for a component meanwhile: nobody closes its stdin.
    until("confined", || says("status").contains("Seccomp:\t2")).await;
    assert!(says("status").contains("NoNewPrivs:\t1"), "{}", says("status"));
    let limits: Vec<_> =
        says("limits").lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    for limit in [
        "Max cpu time 7 8 seconds",
        "Max address space 1073741824 1073741824 bytes",
        "Max core file size 0 0 bytes",
        "Max file size 0 0 bytes",
        "Max open files 16 16 files",
    ] {
        assert!(limits.iter().any(|line| line == limit), "{limit}: {limits:?}");
    }
    host.kill().expect("a child can be killed");
    host.wait().expect("a child can be waited for");
    until("gone", || says("status").is_empty() || says("status").contains("Z (zombie)")).await;
}

fn settings(plugins: &Path) -> registry::Settings {
    let (dir, limits) = (plugins.to_owned(), Limits::default());
    registry::Settings { dir, providers: Vec::new(), limits, patience: Duration::ZERO }
}

#[tokio::test]
async fn a_plugin_that_takes_long_to_compile_holds_up_no_other() {
    let place = folder();
    let (plugins, cache, gate) = (place.path().join("plugins"), place.path().join("cache"), place.path().join("gate"));
    fs::create_dir(&plugins).expect("the folder is ours");
    let compiling = engine(program(), CompileLimits::default(), Some(cache.clone()));
    compiling.load(plugin("versioned-1")).await.expect("it is sound");
    fs::copy(component("versioned-1"), plugins.join("kept.wasm")).expect("a component can be copied");
    fs::copy(component("sandbox"), plugins.join("slow.wasm")).expect("a component can be copied");
    // Waits until somebody opens the gate.
    assert!(Command::new("mkfifo").arg(&gate).status().expect("there is mkfifo").success());
    let script = format!("read opened < {}\nexec {} \"$@\"", gate.display(), program().display());
    let slowly = engine(stand_in(&place, &script), CompileLimits::default(), Some(cache));
    let registry = Registry::open(settings(&plugins), slowly).await;
    assert!(registry.serving("kept").is_ok(), "at once");
    assert!(registry.serving("slow").is_err());
    let open = tokio::task::spawn_blocking(move || fs::write(gate, "open\n"));
    open.await.expect("no panic").expect("the compiler waits at the gate");
    until("served", || registry.serving("slow").is_ok()).await;
}

#[tokio::test]
async fn a_compiler_that_could_not_be_run_is_tried_again() {
    let place = folder();
    let plugins = place.path().join("plugins");
    fs::create_dir(&plugins).expect("the folder is ours");
    fs::copy(component("pay-only"), plugins.join("later.wasm")).expect("a component can be copied");
    let engine = engine(place.path().join("compiler"), CompileLimits::default(), None);
    let registry = Registry::open(settings(&plugins), engine).await;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let watching = tokio::spawn(registry.clone().watch(Clock::system(), stopped));
    until("refused", || registry.external("later").is_some_and(|external| external.refusal.is_some())).await;
    stand_in(&place, &format!("exec {} \"$@\"", program().display()));
    until("served", || registry.serving("later").is_ok()).await;
    assert_eq!(registry.external("later").expect("it is there").refusal, None);
    stop.send_replace(true);
    watching.await.expect("no panic");
}

#[tokio::test]
async fn a_host_that_starts_again_compiles_nothing() {
    let provider = Provider::start();
    let mut host = Process::prepare(&provider, None, &["pay-only", "versioned-1"]).on_a_file();
    for (start, counted) in [("first", "compiled"), ("second", "kept")] {
        host.start(&[]).await;
        let metrics = host.get("/-/metrics").await;
        let metrics = String::from_utf8(metrics.bytes).expect("metrics are text");
        let loads: Vec<_> = metrics.lines().filter(|line| line.starts_with("provost_plugin_loads_total")).collect();
        assert_eq!(loads, [format!("provost_plugin_loads_total{{code=\"{counted}\"}} 2")], "{start}");
        assert_eq!(host.log().matches("plugin compiled").count(), if start == "first" { 2 } else { 0 });
        assert!(!host.log().contains("less confined"), "{}", host.log());
        host.kill().await;
    }
    let mode = fs::metadata(host.file("provost.db.cache")).expect("it is beside the store").permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[tokio::test]
async fn a_cache_that_others_may_read_is_not_used_and_the_host_serves() {
    let provider = Provider::start();
    let mut host = Process::prepare(&provider, None, &["pay-only"]).on_a_file();
    fs::create_dir(host.file("provost.db.cache")).expect("the folder is ours");
    fs::set_permissions(host.file("provost.db.cache"), fs::Permissions::from_mode(0o755)).expect("it is ours");
    host.start(&[]).await;
    assert!(host.log().contains("may be read or written by others: chmod 700"), "{}", host.log());
    assert_eq!(fs::read_dir(host.file("provost.db.cache")).expect("it is there").count(), 0);
    assert_eq!(host.get("/v3/pay-only").await.json["available"], true);
}

#[tokio::test]
async fn a_precompiled_file_is_refused_wherever_it_comes_from() {
    let compile = Command::new(program())
        .args(["compile", "--memory", "2147483648", "--cpu", "60"])
        .stdin(fs::File::open(component("pay-only")).expect("the component can be read"))
        .stderr(Stdio::null())
        .output();
    let code = compile.expect("the program can be run").stdout;
    assert!(code.starts_with(b"\x7fELF"));
    let place = folder();
    let engine = engine(program(), CompileLimits::default(), Some(place.path().join("cache")));
    let said = "is a precompiled file: only components are taken, and compiled here";
    assert_eq!(fault(&engine, code).await, said);
    // With what the cache writes around it, too.
    engine.load(plugin("pay-only")).await.expect("it is sound");
    let kept = fs::read_dir(place.path().join("cache")).expect("it is there");
    let kept = kept.map(|entry| entry.expect("an entry").path()).find(|path| !path.ends_with("key"));
    let kept = fs::read(kept.expect("something was kept")).expect("it can be read");
    assert!(fault(&engine, kept).await.starts_with("is not a WebAssembly component"));
}
