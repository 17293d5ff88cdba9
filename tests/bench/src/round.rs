//! Measuring: every server at its place, then round after round, each case in each.

use crate::case::{Case, Endpoint, Way, Work, pending_payment};
use crate::process::{Server, cpu_time};
use crate::servers::Role;
use crate::summary::{Measurement, Summary};
use crate::{Settings, inprocess, load, provost};
use anyhow::{Context, Result, ensure};
use simulators::host::Host;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Long enough for pools to fill and plugins to be paged in.
const WARM_UP: Duration = Duration::from_millis(500);

/// What serves one case, whatever the number of connections.
struct Place {
    case: Case,
    endpoint: Arc<Endpoint>,
    /// Whose CPU time counts. The provider's does not: it is somebody else's machine.
    processes: Vec<u32>,
    _servers: Vec<Server>,
    _host: Option<Host>,
}

/// Sets everything up, measures, and sums up.
pub(crate) async fn measure(settings: &Settings) -> Result<Summary> {
    ensure!(settings.seconds > 0.0 && settings.rounds > 0, "nothing would be measured");
    if settings.folder.exists() {
        fs::remove_dir_all(&settings.folder)?;
    }
    let provider = Server::start(Role::Provider, &settings.folder, None).await?;
    let mut places = Vec::new();
    for case in Case::all().into_iter().filter(|case| case.connections == 1) {
        eprintln!("bench: setting up {case}");
        let place = set_up(settings, case, provider.address).await.with_context(|| format!("{case}"))?;
        load::run(&place.endpoint, 16, WARM_UP).await.with_context(|| format!("{case}"))?;
        places.push(place);
    }

    let mut cases = Case::all();
    let mut measured = Vec::new();
    for round in 1..=settings.rounds {
        eprintln!("bench: round {round} of {}", settings.rounds);
        for case in &cases {
            let measurement = measure_case(settings, &places, *case).await.with_context(|| format!("{case}"))?;
            measured.push((*case, measurement));
        }
        // Nobody profits from always following the same neighbour.
        cases.rotate_left(1);
    }
    let in_process = inprocess::measure(settings).await?;
    Ok(Summary::of(settings, &measured, in_process))
}

async fn measure_case(settings: &Settings, places: &[Place], case: Case) -> Result<Measurement> {
    let of_case = |place: &&Place| place.case == Case { connections: place.case.connections, ..case };
    let place = places.iter().find(of_case).context("every case has a place")?;
    let before = cpu_time(&place.processes)?;
    let duration = Duration::from_secs_f64(settings.seconds);
    let answered = load::run(&place.endpoint, case.connections, duration).await?;
    let cpu = cpu_time(&place.processes)?.saturating_sub(before);
    Measurement::of(answered, cpu)
}

async fn set_up(settings: &Settings, case: Case, provider: SocketAddr) -> Result<Place> {
    let folder = settings.folder.join(case.to_string().replace([',', ' ', '+'], "-"));
    let mut place = match case.way {
        Way::Native => native(case, &folder, provider).await?,
        Way::Plugin => plugin(settings, case, &folder, provider).await?,
        Way::Forward => forward(case, &folder, provider).await?,
        Way::Microservice => microservice(settings, case, &folder, provider).await?,
    };
    if case.work == Work::Status {
        let address = place.endpoint.address;
        let payment = make_pending_payment(address, external(case)).await?;
        place.endpoint = Arc::new(Endpoint::status(address, external(case), &payment));
    }
    Ok(place)
}

fn external(case: Case) -> &'static str {
    match (case.way, case.outbound) {
        (Way::Microservice, _) => "service",
        (_, true) => "acme",
        (_, false) => "sandbox",
    }
}

async fn native(case: Case, folder: &Path, provider: SocketAddr) -> Result<Place> {
    let server = Server::start(Role::Native, folder, case.outbound.then_some(provider)).await?;
    Ok(place(case, vec![server], None))
}

async fn forward(case: Case, folder: &Path, provider: SocketAddr) -> Result<Place> {
    let service = Server::start(Role::Native, folder, case.outbound.then_some(provider)).await?;
    let gateway = Server::start(Role::Forward, folder, Some(service.address)).await?;
    Ok(place(case, vec![gateway, service], None))
}

async fn plugin(settings: &Settings, case: Case, folder: &Path, provider: SocketAddr) -> Result<Place> {
    let host = match case.outbound {
        false => provost::with_sandbox(settings, &provost::Place::file(folder)).await?,
        true => provost::with_acme(settings, &provost::Place::file(folder), provider).await?,
    };
    Ok(place(case, Vec::new(), Some(host)))
}

async fn microservice(settings: &Settings, case: Case, folder: &Path, provider: SocketAddr) -> Result<Place> {
    let service = Server::start(Role::Native, &folder.join("service"), case.outbound.then_some(provider)).await?;
    let host = provost::Place::file(&folder.join("host"));
    let host = provost::with_microservice(settings, &host, service.address).await?;
    Ok(place(case, vec![service], Some(host)))
}

/// The first of them is the one to ask.
fn place(case: Case, servers: Vec<Server>, host: Option<Host>) -> Place {
    let hosts = host.iter().map(|host| (host.address(), host.id()));
    let all: Vec<_> = hosts.chain(servers.iter().map(|server| (server.address, server.id))).collect();
    let (address, _) = all[0];
    let processes = all.iter().map(|(_, id)| *id).collect();
    let endpoint = Arc::new(Endpoint::pay(address, external(case)));
    Place { case, endpoint, processes, _servers: servers, _host: host }
}

/// Makes a payment that stays pending, and returns its id.
pub(crate) async fn make_pending_payment(address: SocketAddr, external: &str) -> Result<String> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let request = client.post(format!("http://{address}/v3/{external}/pay")).body(pending_payment());
    let answer = request.header("content-type", "application/json").send().await?.bytes().await?;
    let text = String::from_utf8_lossy(&answer).into_owned();
    let answer: serde_json::Value = serde_json::from_slice(&answer).with_context(|| text.clone())?;
    Ok(answer["paymentId"].as_str().with_context(|| format!("no payment was made: {text}"))?.to_owned())
}
