//! Who ends the server and removes its folder, whatever becomes of us: a shell that is the server's parent and reads
//! from us. It stops when told so, and when we die, because its input ends.

use anyhow::{Context, Result};
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// `$1` is the folder, `$2` that of the programs; the server's settings follow. The server is asked to end at once, which
/// it lets none of its children outlive, be they stopped or not. A server that is only beginning still has the shell's
/// deafness to QUIT, but hears TERM.
const SCRIPT: &str = r#"
folder=$1 programs=$2
shift 2
exec >>"$folder/log" 2>&1
end() { cd / && rm -rf "$folder"; exit; }
begin() { "$programs/postgres" -D "$folder/data" -k "$folder" "$@" </dev/null & server=$!; }
"$programs/initdb" --pgdata="$folder/data" --no-sync --auth=trust --username=postgres --encoding=UTF8 --no-locale </dev/null || {
  echo failed >"$folder/failed"
  read -r word
  end
}
begin "$@"
while read -r word; do
  wait "$server"
  begin "$@"
done
kill -CONT "$server"
kill -TERM "$server"
kill -QUIT "$server"
wait "$server"
end
"#;

/// The shell; what it guards ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Guard(Child);

impl Guard {
    /// Makes a cluster in `folder` and starts its server with these settings, as the user whom `become_user` makes of it.
    pub(crate) fn start(
        folder: &Path,
        programs: &Path,
        settings: &[&str],
        become_user: impl FnOnce(&mut Command),
    ) -> Result<Self> {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", SCRIPT, "guard"]).arg(folder).arg(programs);
        shell.args(settings.iter().flat_map(|setting| ["-c", setting]));
        // A group of its own: Ctrl-C is for us, and then for it.
        shell.current_dir(folder).process_group(0).stdin(Stdio::piped());
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
