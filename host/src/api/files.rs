//! How many files, and so connections, the system lets this process open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What the host opens beside connections of callers: its store, connections to providers and to merchants.
const BESIDE: u64 = 2048;

/// Has the system let this process open as much as it lets anybody, and says how many of so many connections there is
/// room for. A host that runs out of files can neither write nor send.
pub fn room_for(connections: usize) -> usize {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    let files = if raised.is_ok() { maximum } else { current };
    let room = fitting(files, connections);
    if room < connections {
        tracing::warn!(files, wanted = connections, connections = room, "fewer connections: see ulimit -n");
    }
    room
}

/// What is beside gets its part even where there is little; none: there is no limit.
fn fitting(files: Option<u64>, connections: usize) -> usize {
    let Some(files) = files else { return connections };
    let left = files - BESIDE.min(files / 2);
    connections.min(usize::try_from(left).unwrap_or(usize::MAX)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_for_the_store_and_for_what_is_sent() {
        let cases = [
            (None, 8192, 8192),
            (Some(524_288), 8192, 8192),
            (Some(10_000), 8192, 7952),
            (Some(4096), 8192, 2048),
            (Some(1024), 8192, 512),
            (Some(1024), 100, 100),
            (Some(0), 100, 1),
        ];
        for (files, wanted, room) in cases {
            assert_eq!(fitting(files, wanted), room, "{files:?} {wanted}");
        }
    }
}
