//! The servers that a host with plugins is compared with, and the provider that all of them ask.
//! Plain axum on tokio's ordinary runtime, as most would write it.

mod forward;
mod native;
mod provider;

use anyhow::Result;
use axum::Router;
use axum::serve::ListenerExt;
use std::net::SocketAddr;
use std::path::PathBuf;
use tokio::net::TcpListener;

/// Which server to be.
#[derive(Clone, Copy, clap::ValueEnum)]
pub(crate) enum Role {
    /// Does the work itself; with an upstream, asks the provider there
    Native,
    /// Hands everything to the server upstream
    Forward,
    /// The provider
    Provider,
}

impl Role {
    /// As on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Forward => "forward",
            Self::Provider => "provider",
        }
    }
}

/// What a server needs to know.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    role: Role,
    /// Whom to ask
    #[arg(long)]
    upstream: Option<SocketAddr>,
    /// For a store
    #[arg(long)]
    folder: PathBuf,
}

/// Serves until killed.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let routes = routes(arguments)?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        println!("{}", listener.local_addr()?);
        let listener = listener.tap_io(|stream| {
            // A delayed answer would be measured as a slow one.
            let _ = stream.set_nodelay(true);
        });
        Ok(axum::serve(listener, routes).await?)
    })
}

fn routes(arguments: &Arguments) -> Result<Router> {
    let upstream = arguments.upstream.map(|address| format!("http://{address}"));
    Ok(match arguments.role {
        Role::Native => native::routes(&arguments.folder, upstream)?,
        Role::Forward => forward::routes(upstream.unwrap_or_default())?,
        Role::Provider => provider::routes(),
    })
}

/// A client with a pool, as everybody has.
fn client() -> Result<reqwest::Client> {
    Ok(reqwest::Client::builder().no_proxy().tcp_nodelay(true).build()?)
}
