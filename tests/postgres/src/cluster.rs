//! A server with a folder of its own.

use crate::guard::Guard;
use crate::process;
use crate::programs::{COLUMN, Programs, ROW};
use anyhow::{Context, Result, anyhow, bail};
use rustix::process::Signal;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

const START: Duration = Duration::from_secs(60);
const GLANCE: Duration = Duration::from_millis(10);
/// Everybody's connections together: many tests at once, each with a host or two.
const CONNECTIONS: &str = "max_connections=400";

/// What a commit survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// The death of the server, not of the machine: all that tests can inflict, and much faster.
    Process,
    /// That of the machine too: what is measured is then what an operator gets.
    Machine,
}

/// A server; it ends, and its folder goes, when this is dropped or this process dies, however that comes.
#[derive(Debug)]
pub struct Cluster {
    folder: PathBuf,
    guard: Guard,
    programs: Programs,
}

impl Cluster {
    /// Makes one and waits until it takes connections.
    ///
    /// # Errors
    /// Where Postgres is not installed, with what to install; where it does not start, with what it says.
    pub fn start(durability: Durability) -> Result<Self> {
        let programs = Programs::find()?;
        let owner = Owner::choose()?;
        let folder = make_folder(&owner)?;
        let mut settings = vec!["listen_addresses=", CONNECTIONS];
        if durability == Durability::Process {
            settings.push("fsync=off");
        }
        let guard = Guard::start(&folder, programs.folder(), &settings, |command| owner.run(command))?;
        let cluster = Self { folder, guard, programs };
        cluster.wait_until_ready()?;
        Ok(cluster)
    }

    /// The address of a database of this cluster. Everybody may connect as `postgres`, and nobody from outside.
    pub fn address_of(&self, database: &str) -> String {
        format!("postgres:///{database}?host={}&user=postgres", self.folder.display())
    }

    /// The address of the database that is always there: what [`ADDRESS`](crate::ADDRESS) holds.
    pub fn address(&self) -> String {
        self.address_of("postgres")
    }

    /// Ends the server as a power cut would, with all that it is doing.
    ///
    /// # Errors
    /// Where it does not run.
    pub fn kill(&self) -> Result<()> {
        let family = self.family()?;
        process::signal(&family, Signal::KILL)?;
        wait("the server does not die", || !family.iter().any(|id| process::lives(*id)))
    }

    /// Stops the server's processes where they are: connections stay, and nothing answers.
    ///
    /// # Errors
    /// Where it does not run.
    pub fn pause(&self) -> Result<()> {
        process::signal(&self.family()?, Signal::STOP)
    }

    /// Lets them go on.
    ///
    /// # Errors
    /// Where it does not run.
    pub fn resume(&self) -> Result<()> {
        process::signal(&self.family()?, Signal::CONT)
    }

    /// Starts it again after [`Cluster::kill`], over what it left, and waits until it takes connections.
    ///
    /// # Errors
    /// Where it does not start, with what it says.
    pub fn start_again(&mut self) -> Result<()> {
        // What the dead one wrote down would be taken for the new one's.
        let _ = fs::remove_file(self.data().join("postmaster.pid"));
        self.guard.again()?;
        self.wait_until_ready()
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn family(&self) -> Result<Vec<i32>> {
        Ok(process::family(process::postmaster(&self.data()).context("the server does not run")?))
    }

    fn wait_until_ready(&self) -> Result<()> {
        let failed = self.folder.join("failed");
        let answers = || failed.exists() || self.programs.ask(&self.address(), "SELECT 1").is_ok();
        let started = wait("the server does not start", answers);
        if failed.exists() { Err(anyhow!("no cluster can be made")) } else { started }.with_context(|| {
            let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            format!("what it said:\n{log}")
        })
    }
}

impl Programs {
    /// Runs statements through `psql`, in one transaction, and hands back what they print.
    pub(crate) fn ask(&self, address: &str, sql: &str) -> Result<String> {
        let mut psql = Command::new(self.path("psql"));
        psql.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"]);
        psql.args(["--record-separator", ROW, "--field-separator", COLUMN, "--command", sql]);
        let output = psql.arg(address).stdin(Stdio::null()).output().context("cannot start psql")?;
        if !output.status.success() {
            bail!("{sql}: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim_end_matches([char::from(0x1e), '\n']).to_owned())
    }
}

/// Whose processes they are: Postgres does not run as root.
struct Owner(Option<(u32, u32)>);

impl Owner {
    fn choose() -> Result<Self> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Self(None));
        }
        let users = fs::read_to_string("/etc/passwd").context("cannot read /etc/passwd")?;
        let found = ["postgres", "nobody"].iter().find_map(|name| ids(&users, name));
        Ok(Self(Some(found.context("this is root, and there is neither a user postgres nor nobody to run Postgres")?)))
    }

    fn run(&self, command: &mut Command) {
        if let Self(Some((user, group))) = self {
            command.uid(*user).gid(*group);
        }
    }
}

/// `name:password:user:group:…`, passwd(5).
fn ids(users: &str, name: &str) -> Option<(u32, u32)> {
    let fields = users.lines().map(|line| line.split(':').collect::<Vec<_>>()).find(|fields| fields[0] == name)?;
    Some((fields.get(2)?.parse().ok()?, fields.get(3)?.parse().ok()?))
}

/// In `/tmp`, whatever the environment says: the path of a socket has room for 107 bytes.
fn make_folder(owner: &Owner) -> Result<PathBuf> {
    static MADE: AtomicU32 = AtomicU32::new(0);
    let number = MADE.fetch_add(1, Ordering::Relaxed);
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed().context("the clock is before 1970")?;
    let folder = format!("/tmp/provost-postgres-{}-{number}-{}", std::process::id(), since.subsec_nanos());
    let folder = PathBuf::from(folder);
    fs::create_dir(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755))?;
    if let Owner(Some((user, group))) = owner {
        chown(&folder, Some(*user), Some(*group))?;
    }
    Ok(folder)
}

fn wait(trouble: &str, mut until: impl FnMut() -> bool) -> Result<()> {
    let begun = Instant::now();
    while !until() {
        if begun.elapsed() > START {
            bail!("{trouble}");
        }
        std::thread::sleep(GLANCE);
    }
    Ok(())
}
