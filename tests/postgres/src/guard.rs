//! Who ends the server and removes its folder, whatever becomes of us: a shell that is the server's parent and reads
//! from us. It stops when told so, and when we die, because its input ends.

use anyhow::{Context, Result};
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// `$1` is the folder; the server's command follows. The server is asked to end at
/// once, which it lets none of its children outlive, be they stopped or not.
const SCRIPT: &str = r#"
folder=$1
shift
begin() { "$@" >>"$folder/log" 2>&1 </dev/null & server=$!; }
begin "$@"
while read -r word; do
  wait "$server"
  begin "$@"
done
kill -CONT "$server" 2>/dev/null
kill -QUIT "$server" 2>/dev/null
wait "$server"
cd /
rm -rf "$folder"
"#;

/// The shell; what it guards ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Guard(Child);

impl Guard {
    /// Starts `server` under guard, as the user whom `become_user` makes of it, in `folder`.
    pub(crate) fn start(folder: &Path, server: &Command, become_user: impl FnOnce(&mut Command)) -> Result<Self> {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", SCRIPT, "guard"]).arg(folder).arg(server.get_program()).args(server.get_args());
        // A group of its own: Ctrl-C is for us, and then for it.
        shell.current_dir(folder).process_group(0).stdin(Stdio::piped()).stdout(Stdio::null());
        become_user(&mut shell);
        Ok(Self(shell.spawn().context("cannot start /bin/sh")?))
    }

    /// Starts the server once more; the one before must be dying.
    pub(crate) fn again(&mut self) -> Result<()> {
        let input = self.0.stdin.as_mut().context("the guard listens until it is dropped")?;
        input.write_all(b"again\n").context("the guard has ended")
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        // Nothing can be done where it cannot be waited for.
        let _ = self.0.wait();
    }
}
