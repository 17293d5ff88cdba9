//! What a good client notices of thousands of connections that mean no good: they send nothing, or a byte a second of a
//! head or of a body, and come back whenever they are sent away.

use crate::case::Endpoint;
use crate::{load, provost, round};
use anyhow::{Context, Result, bail, ensure};
use serde::Serialize;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream};

/// What a good client may lose by them.
const MAY_LOSE: Duration = Duration::from_millis(25);
/// How often each sends a byte.
const DRIP: Duration = Duration::from_secs(1);
/// How long all of them may take to connect.
const GATHER: Duration = Duration::from_secs(60);
/// Connections from one address run out of ports, because the host closes them.
const ADDRESSES: usize = 64;

/// How to measure.
#[derive(clap::Args)]
pub(crate) struct Settings {
    /// The host's program
    #[arg(long)]
    provost: PathBuf,
    /// Where the sandbox plugin is
    #[arg(long)]
    plugins: PathBuf,
    /// For the store, the configuration and the log; emptied first
    #[arg(long)]
    folder: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// How many slow connections
    #[arg(long, default_value_t = 5000)]
    slow: usize,
    /// How long the good client asks, each time
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// How many connections the host takes; fewer than the slow ones show who makes room
    #[arg(long, default_value_t = 8192)]
    connections: usize,
}

/// How long answers took.
#[derive(Clone, Copy, Serialize)]
struct Latency {
    requests: usize,
    p50_ms: f64,
    p99_ms: f64,
    longest_ms: f64,
}

/// One way of asking, alone and beside the others.
#[derive(Serialize)]
struct Line {
    way: &'static str,
    quiet: Latency,
    beside: Latency,
    reached: bool,
}

/// What came out.
#[derive(Serialize)]
pub(crate) struct Report {
    slow: usize,
    connections: usize,
    /// How often one of them was sent away and came back.
    came_back: usize,
    lines: Vec<Line>,
}

/// Measures a good client alone, then beside the slow ones.
pub(crate) async fn measure(settings: &Settings) -> Result<()> {
    ensure!(settings.seconds > 0.0 && settings.slow > 0, "nothing would be measured");
    let room = ::provost::api::room_for(settings.slow);
    ensure!(room == settings.slow, "the system lets this process open no more than {room} connections: see ulimit -n");
    if settings.folder.exists() {
        fs::remove_dir_all(&settings.folder)?;
    }
    let host = provost::for_many(&settings.provost, &settings.folder, &settings.plugins, settings.connections).await?;
    let payment = round::make_pending_payment(host.address(), "sandbox").await?;
    let endpoint = Arc::new(Endpoint::status(host.address(), "sandbox", &payment));
    load::run(&endpoint, 1, Duration::from_secs(1)).await?;

    let quiet = both(&endpoint, settings).await?;
    let crowd = Arc::new(Crowd::default());
    crowd.clone().gather(host.address(), settings.slow)?;
    crowd.all_have_come(settings.slow).await?;
    let beside = both(&endpoint, settings).await?;

    let line = |(way, (quiet, beside)): (&'static str, (Latency, Latency))| {
        let reached = beside.p99_ms <= quiet.p99_ms + MAY_LOSE.as_secs_f64() * 1000.0;
        Line { way, quiet, beside, reached }
    };
    let ways = ["over a connection that is kept", "over a new connection each time"];
    let lines = ways.into_iter().zip(quiet.into_iter().zip(beside)).map(line).collect();
    let came_back = crowd.came.load(Ordering::Relaxed).saturating_sub(settings.slow);
    let report = Report { slow: settings.slow, connections: settings.connections, came_back, lines };
    if settings.json {
        println!("{}", serde_json::to_string_pretty(&report)?)
    } else {
        report.print()
    }
    Ok(())
}

impl Report {
    fn print(&self) {
        let Self { slow, connections, came_back, .. } = self;
        println!(
            "{slow} slow connections to a listener of {connections}; {came_back} times one was sent away and came back."
        );
        println!(
            "{:<34} {:>8} {:>10} {:>10} {:>12} {:>12}",
            "status", "", "requests", "p50, ms", "p99, ms", "longest, ms"
        );
        for Line { way, quiet, beside, reached } in &self.lines {
            for (when, of) in [("quiet", quiet), ("beside", beside)] {
                println!(
                    "{way:<34} {when:>8} {:>10} {:>10.2} {:>12.2} {:>12.2}",
                    of.requests, of.p50_ms, of.p99_ms, of.longest_ms
                );
            }
            println!("{} p99 within {} ms of the quiet one", verdict(*reached), MAY_LOSE.as_millis());
        }
    }
}

fn verdict(reached: bool) -> &'static str {
    if reached { "reached" } else { "MISSED " }
}

/// The same questions over a connection that is kept, and over a new one each.
async fn both(endpoint: &Arc<Endpoint>, settings: &Settings) -> Result<[Latency; 2]> {
    let duration = Duration::from_secs_f64(settings.seconds);
    let kept = load::run(endpoint, 1, duration).await?.latencies;
    let (mut new, until) = (Vec::new(), Instant::now() + duration);
    while Instant::now() < until {
        let start = Instant::now();
        load::once(endpoint).await?;
        new.push(start.elapsed());
        // Nobody pays as quickly as that over new connections; the ports would run out.
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    Ok([Latency::of(kept)?, Latency::of(new)?])
}

impl Latency {
    fn of(mut latencies: Vec<Duration>) -> Result<Self> {
        ensure!(!latencies.is_empty(), "not one request was answered");
        latencies.sort_unstable();
        let last = latencies.len() - 1;
        let quantile = |part: usize| latencies[last * part / 100].as_secs_f64() * 1e3;
        Ok(Self { requests: last + 1, p50_ms: quantile(50), p99_ms: quantile(99), longest_ms: quantile(100) })
    }
}

/// The slow ones.
#[derive(Default)]
struct Crowd {
    /// How often one has connected.
    came: AtomicUsize,
}

impl Crowd {
    /// On a thread of its own, so that the good client's time is its own. They end with the program.
    fn gather(self: Arc<Self>, host: SocketAddr, slow: usize) -> Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let gather = move || {
            runtime.block_on(async {
                for number in 0..slow {
                    tokio::spawn(self.clone().one(host, number));
                    // A few at a time, so that none is lost in the listener's queue.
                    if number % 100 == 99 {
                        tokio::time::sleep(Duration::from_millis(20)).await;
                    }
                }
                std::future::pending::<()>().await;
            });
        };
        thread::Builder::new().name("crowd".to_owned()).spawn(gather)?;
        Ok(())
    }

    async fn one(self: Arc<Self>, host: SocketAddr, number: usize) {
        let begin: &[u8] = match number % 3 {
            0 => b"",
            1 => b"POST /v3/sandbox/pay HTTP/1.1\r\nHost: x\r\nX-Slow: ",
            _ => b"POST /v3/sandbox/pay HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n",
        };
        loop {
            if let Ok(mut stream) = connect(host, number).await {
                self.came.fetch_add(1, Ordering::Relaxed);
                let mut said = stream.write_all(begin).await;
                while said.is_ok() {
                    tokio::time::sleep(DRIP).await;
                    // Who sends nothing looks whether it is still connected.
                    said = if begin.is_empty() { still_there(&stream) } else { stream.write_all(b"x").await };
                }
            }
            tokio::time::sleep(DRIP / 10).await;
        }
    }

    async fn all_have_come(&self, slow: usize) -> Result<()> {
        let began = Instant::now();
        while self.came.load(Ordering::Relaxed) < slow {
            if began.elapsed() > GATHER {
                bail!("only {} of {slow} have connected", self.came.load(Ordering::Relaxed));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }
}

fn still_there(stream: &TcpStream) -> std::io::Result<()> {
    match stream.try_read(&mut [0; 64]) {
        Ok(0) => Err(std::io::ErrorKind::UnexpectedEof.into()),
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => Ok(()),
        Err(error) => Err(error),
    }
}

async fn connect(host: SocketAddr, number: usize) -> Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    let last = u8::try_from(number % ADDRESSES).context("a small number")? + 1;
    socket.bind((Ipv4Addr::new(127, 0, 1, last), 0).into())?;
    Ok(socket.connect(host).await?)
}
