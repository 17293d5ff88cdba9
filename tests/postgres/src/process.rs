//! The server's processes, by their own ids.

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::path::Path;

/// The server's id, as it writes it down itself; none before it has.
pub(crate) fn postmaster(data: &Path) -> Option<i32> {
    let file = fs::read_to_string(data.join("postmaster.pid")).ok()?;
    file.lines().next()?.trim().parse().ok()
}

/// A process and those that it has started.
pub(crate) fn family(parent: i32) -> Vec<i32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let children = ids.filter(|id| stat(*id).is_some_and(|stat| stat.parent == parent));
    std::iter::once(parent).chain(children).collect()
}

/// Sends a signal to each that is still there.
pub(crate) fn signal(processes: &[i32], signal: Signal) -> Result<()> {
    for id in processes {
        let id = Pid::from_raw(*id).context("no process has the number 0")?;
        match kill_process(id, signal) {
            // It ended by itself.
            Err(rustix::io::Errno::SRCH) | Ok(()) => {}
            Err(error) => return Err(error).context("a process of the server cannot be reached"),
        }
    }
    Ok(())
}

/// Whether it runs; one that only waits for its parent to notice its end does not.
pub(crate) fn lives(id: i32) -> bool {
    stat(id).is_some_and(|stat| stat.state != 'Z')
}

struct Stat {
    state: char,
    parent: i32,
}

/// `id (name) state parent …`, proc_pid_stat(5); the name may hold anything.
fn stat(id: i32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let (_, rest) = text.rsplit_once(')')?;
    let mut words = rest.split_whitespace();
    Some(Stat { state: words.next()?.chars().next()?, parent: words.next()?.parse().ok()? })
}
