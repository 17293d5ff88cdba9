//! What a confined process can no longer do. There is no way back, so it is tried in a process of its own: this test
//! program once more, of which one test runs.

use super::confine;
use std::fmt::Debug;
use std::fs::{self, File};
use std::io::{ErrorKind, Result};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::UnixStream;
use std::process::Command;

const PROBE: &str = "runtime::compile::confine::tests::probe";
const MEMORY: u64 = 1 << 30;

#[test]
fn a_confined_process_has_no_files_no_network_no_processes_and_works() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("there"), "x").unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let program = std::env::current_exe().unwrap();
    let probe = Command::new(program)
        .args([PROBE, "--exact", "--ignored", "--nocapture", "--test-threads=1"])
        .env("ADDRESS", listener.local_addr().unwrap().to_string())
        .current_dir(folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&probe.stdout);
    assert!(probe.status.success(), "{said} {}", String::from_utf8_lossy(&probe.stderr));
    assert!(said.contains("confined, and works"), "{said}");
    let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["there"]);
}

/// What the kernel refuses, it refuses for want of permission.
fn assert_denied<T: Debug>(what: &str, tried: Result<T>) {
    assert_eq!(tried.map(drop).map_err(|error| error.kind()), Err(ErrorKind::PermissionDenied), "{what}");
}

#[test]
#[ignore = "confines this process for good: the test above runs it"]
fn probe() {
    let (address, parent) = (std::env::var("ADDRESS").unwrap(), rustix::process::getppid().unwrap());
    assert_eq!(confine(MEMORY, 60).unwrap(), Vec::<String>::new(), "this kernel has both");
    assert_denied("read a file", fs::read("there"));
    assert_denied("read the host's memory", File::open("/proc/self/mem"));
    assert_denied("write a file", fs::write("made", "x"));
    assert_denied("make a folder", fs::create_dir("made"));
    assert_denied("remove a file", fs::remove_file("there"));
    assert_denied("rename a file", fs::rename("there", "made"));
    assert_denied("link a file", std::os::unix::fs::symlink("there", "made"));
    assert_denied("list a folder", fs::read_dir(".").map(drop));
    assert_denied("connect", TcpStream::connect(&address));
    assert_denied("listen", TcpListener::bind("127.0.0.1:0"));
    assert_denied("send", UdpSocket::bind("127.0.0.1:0"));
    assert_denied("talk to a neighbour", UnixStream::pair());
    assert_denied("start a program", Command::new("/bin/true").status());
    let signalled = rustix::process::test_kill_process(parent).map_err(Into::into);
    assert_denied("signal another process", signalled);
    let unlimited = super::limit(super::Resource::Cpu, 60, 61);
    assert_denied("move a limit", unlimited);
    let thread = std::thread::spawn(|| (0..1_000_000u64).sum::<u64>());
    assert_eq!(thread.join().unwrap(), 499_999_500_000);
    let mut much = Vec::<u8>::new();
    much.try_reserve_exact(MEMORY as usize).unwrap_err();
    println!("confined, and works");
}
