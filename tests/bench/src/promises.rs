//! What each promise costs a pay: the same payment with and without what keeps it, all in one run.

use crate::case::Endpoint;
use crate::process::{Server, cpu_time};
use crate::provost::{self, Place};
use crate::scale::Merchant;
use crate::servers::Role;
use crate::summary::{Measurement, median};
use crate::{Settings, load};
use anyhow::{Context, Result, ensure};
use serde::Serialize;
use simulators::host::Host;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use test_postgres::{Cluster, Database, Durability};

const CONNECTIONS: usize = 16;
const WARM_UP: Duration = Duration::from_millis(500);

/// A payment through a host, with some of the promises kept.
struct Way {
    what: &'static str,
    /// The way that lacks one promise of this one's; none: it is measured for others.
    without: Option<usize>,
    endpoint: Arc<Endpoint>,
    host: Host,
}

/// What one of them came to.
#[derive(Serialize)]
struct Line {
    what: &'static str,
    requests_per_second: f64,
    /// Of the host alone: what a database does is not counted.
    cpu_us: f64,
    /// How many times as much of the host's CPU as without, and how many times as long.
    #[serde(skip_serializing_if = "Option::is_none")]
    against: Option<Against>,
}

#[derive(Serialize)]
struct Against {
    what: &'static str,
    cpu: f64,
    time: f64,
}

/// Measures, and prints what came out.
pub(crate) async fn measure(settings: &Settings) -> Result<()> {
    ensure!(settings.seconds > 0.0 && settings.rounds > 0, "nothing would be measured");
    if settings.folder.exists() {
        std::fs::remove_dir_all(&settings.folder)?;
    }
    let provider = Server::start(Role::Provider, &settings.folder, None).await?;
    let cluster = Cluster::start(Durability::Machine)?;
    let databases = (0..3).map(|_| Database::create_in(&cluster)).collect::<Result<Vec<_>>>()?;
    let merchant = Merchant::fast()?;
    let ways = ways(settings, provider.address, &databases, merchant.address()).await?;
    let mut measured = vec![Vec::new(); ways.len()];
    for round in 0..settings.rounds {
        eprintln!("bench: round {} of {}", round + 1, settings.rounds);
        // Nobody profits from always following the same neighbour.
        for turn in 0..ways.len() {
            let number = (turn + round) % ways.len();
            measured[number].push(load_once(settings, &ways[number]).await?);
        }
    }
    print(settings, &lines(&ways, &measured))
}

async fn ways(
    settings: &Settings,
    provider: SocketAddr,
    databases: &[Database],
    merchant: SocketAddr,
) -> Result<Vec<Way>> {
    let file = |name: &str| Place::file(&settings.folder.join(name));
    let server = |number: usize| Place::server(&settings.folder.join(number.to_string()), databases[number].url());
    let on_disk = provost::with_sandbox(settings, &file("file")).await?;
    let told = provost::with_sandbox_and_merchant(settings, &file("told"), merchant).await?;
    let asked = provost::with_acme(settings, &file("asked"), provider).await?;
    let in_server = provost::with_sandbox(settings, &server(0)).await?;
    let unsealed = provost::with_acme(settings, &server(1), provider).await?;
    let sealed = provost::with_acme(settings, &server(2).with_key(), provider).await?;
    let started = [
        ("on disk before the answer", None, on_disk, "sandbox"),
        ("and told to a merchant", Some(0), told, "sandbox"),
        ("and asked for, on disk before that leaves", Some(0), asked, "acme"),
        ("in a Postgres", Some(0), in_server, "sandbox"),
        ("in a Postgres, and asked for", Some(3), unsealed, "acme"),
        ("the same, and what was asked is kept sealed", Some(4), sealed, "acme"),
    ];
    let mut ways = Vec::new();
    for (what, without, host, external) in started {
        let endpoint = Arc::new(Endpoint::pay(host.address(), external));
        load::run(&endpoint, CONNECTIONS, WARM_UP).await.context(what)?;
        ways.push(Way { what, without, endpoint, host });
    }
    Ok(ways)
}

async fn load_once(settings: &Settings, way: &Way) -> Result<Measurement> {
    let processes = [way.host.id()];
    let before = cpu_time(&processes)?;
    let answered = load::run(&way.endpoint, CONNECTIONS, Duration::from_secs_f64(settings.seconds)).await;
    let answered = answered.context(way.what)?;
    Measurement::of(answered, cpu_time(&processes)?.saturating_sub(before))
}

fn lines(ways: &[Way], measured: &[Vec<Measurement>]) -> Vec<Line> {
    let over = |number: usize, value: fn(&Measurement) -> f64| median(measured[number].iter().map(value).collect());
    let ratio = |number: usize, to: usize, value: fn(&Measurement) -> f64| {
        let rounds = std::iter::zip(&measured[number], &measured[to]);
        median(rounds.map(|(one, other)| value(one) / value(other)).collect())
    };
    let line = |(number, way): (usize, &Way)| Line {
        what: way.what,
        requests_per_second: over(number, |round| round.requests_per_second),
        cpu_us: over(number, |round| round.cpu_us),
        against: way.without.map(|to| Against {
            what: ways[to].what,
            cpu: ratio(number, to, |round| round.cpu_us),
            time: ratio(number, to, |round| 1.0 / round.requests_per_second),
        }),
    };
    ways.iter().enumerate().map(line).collect()
}

fn print(settings: &Settings, lines: &[Line]) -> Result<()> {
    if settings.json {
        println!("{}", serde_json::to_string_pretty(lines)?);
        return Ok(());
    }
    println!("Pay, {CONNECTIONS} connections, {} rounds of {} s; medians.\n", settings.rounds, settings.seconds);
    for Line { what, requests_per_second, cpu_us, against } in lines {
        print!("{what:<52} {requests_per_second:>8.0} /s {cpu_us:>7.0} µs");
        match against {
            Some(Against { what, cpu, time }) => println!("   {cpu:.2} times the CPU, {time:.2} the time of: {what}"),
            None => println!(),
        }
    }
    Ok(())
}
