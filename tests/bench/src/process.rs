//! The servers as processes of their own, so that the kernel counts what each costs.

use crate::servers::Role;
use anyhow::{Context, Result, bail};
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// One of our own servers; killed when this is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) id: u32,
    _child: Child,
}

impl Server {
    /// Starts this program as a server, and waits for its address.
    pub(crate) async fn start(role: Role, folder: &Path, upstream: Option<SocketAddr>) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["serve", role.name(), "--folder"]).arg(folder);
        if let Some(upstream) = upstream {
            command.arg("--upstream").arg(upstream.to_string());
        }
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).process_group(0).kill_on_drop(true).spawn();
        let mut child = child.context("cannot start a server")?;
        let id = child.id().context("a server has a process id")?;
        let output = child.stdout.take().context("a server's output is piped")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line).await?;
        let address = line.trim().parse().with_context(|| format!("the {} server did not start", role.name()))?;
        Ok(Self { address, id, _child: child })
    }
}

/// CPU time of these processes until now, all their threads and the kernel's work for them included.
/// The kernel counts in hundredths of a second.
pub(crate) fn cpu_time(processes: &[u32]) -> Result<Duration> {
    let ticks_per_second = rustix::param::clock_ticks_per_second();
    let mut ticks = 0;
    for process in processes {
        let [user, system] = stat(&process.to_string(), [USER_TICKS, SYSTEM_TICKS])?;
        ticks += user + system;
    }
    Ok(Duration::from_millis(ticks * 1000 / ticks_per_second))
}

/// Minor page faults of this process until now.
pub(crate) fn own_page_faults() -> Result<u64> {
    let [faults] = stat("self", [MINOR_FAULTS])?;
    Ok(faults)
}

// Fields of /proc/PID/stat, counted from the one after the program's name (proc_pid_stat(5)).
const MINOR_FAULTS: usize = 7;
const USER_TICKS: usize = 11;
const SYSTEM_TICKS: usize = 12;

fn stat<const N: usize>(process: &str, fields: [usize; N]) -> Result<[u64; N]> {
    let file = format!("/proc/{process}/stat");
    let text = fs::read_to_string(&file).with_context(|| format!("cannot read {file}: has a server died?"))?;
    read_stat(&text, fields).with_context(|| format!("{file} is not as proc_pid_stat(5) has it"))
}

fn read_stat<const N: usize>(text: &str, fields: [usize; N]) -> Result<[u64; N]> {
    // The name may hold anything, parentheses and blanks included.
    let Some((_, rest)) = text.rsplit_once(')') else { bail!("no name") };
    let words: Vec<_> = rest.split_whitespace().collect();
    let mut numbers = [0; N];
    for (number, field) in std::iter::zip(&mut numbers, fields) {
        *number = words.get(field).context("too few fields")?.parse()?;
    }
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_counts_are_read_whatever_the_program_is_called() {
        let text = "7 (a ) b) S 1 7 7 0 -1 4194304 113 0 2 0 31 12 0 0 20 0 4 0 5 6 7";
        let read = read_stat(text, [MINOR_FAULTS, USER_TICKS, SYSTEM_TICKS]).unwrap();
        assert_eq!(read, [113, 31, 12]);
    }

    #[test]
    fn this_process_has_used_some_memory_and_time_never_runs_backwards() {
        assert!(own_page_faults().unwrap() > 0);
        let own = [std::process::id()];
        let before = cpu_time(&own).unwrap();
        assert!(cpu_time(&own).unwrap() >= before);
    }
}
