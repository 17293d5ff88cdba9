//! The hosts: started, killed and started again over what they left.

use crate::book::Book;
use crate::chance::Chance;
use crate::deaths::{Death, Deaths};
use crate::desk::TOKEN;
use crate::disk::Disk;
use crate::doors::Doors;
use crate::inbox::CALLBACK_SECRET;
use anyhow::{Context, Result, bail};
use reqwest::Method;
use rustix::process::{Pid, Signal, kill_process};
use simulators::bank::{API_KEY, SIGNED_WITH};
use simulators::host::{Host, free_address, ready};
use simulators::provider::{Misbehaviour, Rule};
use simulators::{Bank, Response};
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What hosts encrypt requests with: the same for all of them.
const STORE_KEY: &str = "Y2hhb3MgY2hhb3MgY2hhb3MgY2hhb3MgY2hhb3MgISE=";
/// How long a host may take to be ready.
const START: Duration = Duration::from_secs(60);
/// How long a crash point is waited for.
const TO_THE_POINT: Duration = Duration::from_secs(5);
/// How long answers are waited for before the host is killed all the same.
const TO_ANSWERS: Duration = Duration::from_secs(3);
/// How many of the bank's answers go wrong after each start, of each kind.
const FAULTS: usize = 6;
const SIGABRT: i32 = 6;

/// What every host of a run shares.
pub(crate) struct Fleet {
    pub(crate) provost: PathBuf,
    pub(crate) folder: PathBuf,
    pub(crate) bank: Arc<Bank>,
    pub(crate) merchant: String,
    pub(crate) disk: Arc<Disk>,
    pub(crate) doors: Arc<Doors>,
    /// Where their admin listeners are.
    pub(crate) desks: Arc<Doors>,
    pub(crate) book: Arc<Book>,
    pub(crate) deaths: Mutex<Deaths>,
    /// How long each start took until the host was ready, in milliseconds.
    pub(crate) starts: Mutex<Vec<u64>>,
    pub(crate) seed: u64,
}

/// One of them.
pub(crate) struct Member {
    number: usize,
    address: SocketAddr,
    admin: SocketAddr,
    host: Option<Host>,
}

impl Member {
    pub(crate) fn new(number: usize) -> Result<Self> {
        Ok(Self { number, address: free_address(0)?, admin: free_address(0)?, host: None })
    }

    pub(crate) fn number(&self) -> usize {
        self.number
    }

    /// Tells it to stop.
    pub(crate) fn terminate(&self) -> Result<()> {
        let host = self.host.as_ref().context("it was started")?;
        let id = i32::try_from(host.id()).ok().and_then(Pid::from_raw).context("a process has an id")?;
        kill_process(id, Signal::TERM).context("a process can be told to stop")
    }

    /// Waits until it has ended by itself.
    pub(crate) async fn ended(&mut self) -> Result<ExitStatus> {
        let mut host = self.host.take().context("it was started")?;
        let ended = tokio::time::timeout(START, host.exited()).await;
        Ok(ended.map_err(|_| host.trouble("does not end"))??)
    }
}

impl Fleet {
    pub(crate) fn deaths(&self) -> MutexGuard<'_, Deaths> {
        self.deaths.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a host die so many times, as planned, and hands it over alive.
    pub(crate) async fn live_and_die(&self, mut member: Member, until: u64) -> Result<Member> {
        loop {
            let death = { if self.deaths().count() < until { self.deaths().next() } else { None } };
            let Some(death) = death else {
                self.start(&mut member, None).await?;
                return Ok(member);
            };
            self.die(&mut member, death).await?;
        }
    }

    async fn die(&self, member: &mut Member, death: Death) -> Result<()> {
        let armed = match &death {
            Death::At { point, nth, .. } => Some(format!("{point}:{nth}")),
            Death::After { .. } => None,
        };
        self.have_the_bank_fail();
        let alive = self.start(member, armed.as_deref()).await?;
        let came = match &death {
            Death::At { .. } if !alive => true,
            Death::At { .. } => self.died_at_its_point(member).await?,
            Death::After { answers, millis } => {
                let _ = tokio::time::timeout(TO_ANSWERS, self.book.more_answers(*answers)).await;
                tokio::time::sleep(Duration::from_millis(*millis)).await;
                self.kill(member).await?;
                true
            }
        };
        self.gone(member);
        if came {
            self.deaths().came(&death);
        } else {
            self.kill(member).await?;
            self.deaths().missed(death);
        }
        Ok(())
    }

    /// Starts it, and waits until it is ready, or has died at the point that it is armed with: then this says no.
    pub(crate) async fn start(&self, member: &mut Member, point: Option<&str>) -> Result<bool> {
        member.host = None;
        member.address = free_address(member.address.port())?;
        member.admin = free_address(member.admin.port())?;
        let mut environment = vec![
            ("BANK_KEY", API_KEY),
            ("BANK_WEBHOOK_KEY", SIGNED_WITH),
            ("CALLBACK_SECRET", CALLBACK_SECRET),
            ("STORE_KEY", STORE_KEY),
            ("ADMIN_TOKEN", TOKEN),
            ("PROVOST_LOG__LEVEL", "warn"),
        ];
        environment.extend(point.map(|point| ("PROVOST_CRASH_POINT", point)));
        let folder = self.folder.join(format!("host-{}", member.number));
        let begun = Instant::now();
        let configuration = self.configuration(member.address, member.admin);
        let mut host = Host::spawn(&self.provost, &folder, member.address, &configuration, &environment)?;
        tokio::select! {
            exited = host.exited() => {
                let status = exited?;
                if point.is_some() && status.signal() == Some(SIGABRT) {
                    return Ok(false);
                }
                bail!("{}", host.trouble(&format!("did not start: {status}")));
            }
            waited = tokio::time::timeout(START, ready(member.address)) => {
                waited.map_err(|_| host.trouble("is not ready after a minute"))?;
            }
        }
        let took = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.starts.lock().unwrap_or_else(PoisonError::into_inner).push(took);
        self.doors.set(member.number, Some(member.address));
        self.desks.set(member.number, Some(member.admin));
        member.host = Some(host);
        Ok(true)
    }

    /// Whether it died at its crash point in time. Any other end is a fault of the host.
    async fn died_at_its_point(&self, member: &mut Member) -> Result<bool> {
        let host = member.host.as_mut().context("it was started")?;
        let Ok(exited) = tokio::time::timeout(TO_THE_POINT, host.exited()).await else { return Ok(false) };
        let status = exited?;
        if status.signal() != Some(SIGABRT) {
            bail!("{}", host.trouble(&format!("ended by itself: {status}")));
        }
        Ok(true)
    }

    fn gone(&self, member: &Member) {
        self.doors.set(member.number, None);
        self.desks.set(member.number, None);
    }

    async fn kill(&self, member: &mut Member) -> Result<()> {
        self.gone(member);
        let mut host = member.host.take().context("it was started")?;
        // What ended before it was killed ended by itself.
        if let Ok(exited) = tokio::time::timeout(Duration::ZERO, host.exited()).await {
            bail!("{}", host.trouble(&format!("ended by itself: {}", exited?)));
        }
        host.kill().await.context("a process can be killed")
    }

    /// Some of the bank's next answers go wrong, each in its own way, with its work done or not.
    fn have_the_bank_fail(&self) {
        let mut chance = Chance::of(self.seed, "faults", self.deaths().count());
        let ways = [
            Misbehaviour::Close,
            Misbehaviour::Reset,
            Misbehaviour::StallInBody,
            Misbehaviour::StallBeforeHeaders,
            Misbehaviour::garbage(),
            Misbehaviour::Answer(Response::status(500)),
            Misbehaviour::html(502),
        ];
        self.bank.heal();
        for (method, gap) in [(Method::POST, 12), (Method::GET, 40)] {
            let mut skipped = 0;
            for _ in 0..FAULTS {
                skipped += usize::try_from(chance.below(gap)).unwrap_or_default();
                let does = chance.pick(&ways);
                let fault = if chance.once_in(2) { does.before() } else { does.after() };
                self.bank.fail(Rule::new(method.clone(), "/entries", fault).skipping(skipped));
            }
        }
    }

    fn configuration(&self, address: SocketAddr, admin: SocketAddr) -> String {
        let (bank, merchant, store) = (self.bank.url(), &self.merchant, self.disk.url());
        let plugins = self.folder.join("plugins");
        format!(
            r#"[api]
listen = "{address}"
public_url = "https://pay.example.com"

[admin]
listen = "{admin}"
token = {{ env = "ADMIN_TOKEN" }}

[store]
url = {store:?}
key = {{ env = "STORE_KEY" }}

[shutdown]
keep_listening = "2s"

[plugins]
dir = {plugins:?}
limits = {{ deadline = "3s" }}

[callbacks]
url = "{merchant}"
secret = {{ env = "CALLBACK_SECRET" }}
schedule = [{callbacks}]
timeout = "3s"

[operations]
share_wait = "1s"
lease_margin = "1s"
ask_gap = "200ms"

[recovery]
unknown = [{unknown}]
pending = ["1s", "2s"]

[providers.bank]
allow = [{{ origin = "{bank}", private = true }}]
settings = {{ base_url = "{bank}" }}
secrets.api_key = {{ env = "BANK_KEY", origins = ["{bank}"] }}
secrets.webhook = {{ env = "BANK_WEBHOOK_KEY" }}
"#,
            callbacks = gaps(&["0s", "100ms", "300ms"], "1s"),
            unknown = gaps(&["1s"], "2s"),
        )
    }
}

/// These, and then so many of the last one that a run ends first.
fn gaps(first: &[&str], last: &str) -> String {
    let all: Vec<_> = first.iter().copied().chain([last; 400]).map(|gap| format!("{gap:?}")).collect();
    all.join(", ")
}
