//! Where a Postgres is: `postgres://user:password@host:port/database?sslmode=…`, and how it is reached.
//!
//! The password is never shown: neither by `Debug`, nor by what an error says.

use super::postgres::Session;
use super::{Connection, Error, Result};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;
use std::future::poll_fn;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::{Builder, Handle};
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{AsyncMessage, Client, Config, NoTls, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;
use url::Url;

/// What a network may take to give up a peer that does not answer.
const SILENCE: Duration = Duration::from_secs(10);

/// What the way to one address may take; where several are named, one of them is expected to be silent.
const WAY: Duration = Duration::from_secs(2);
const WAY_TO_ONE_OF_SEVERAL: Duration = Duration::from_secs(1);

/// What is granted for saying who we are, once all silent addresses have been waited for.
const HANDSHAKE: Duration = Duration::from_secs(1);

/// What every session begins with. Indexes are preferred however small a table is: what a SERIALIZABLE transaction reads
/// by a walk over all rows, it is disturbed by whatever anybody writes there. A transaction that its host does not go on
/// with, because it was paused, holds nobody up for long.
const BEGINNING: &str = "SET enable_seqscan = off;
    SET idle_in_transaction_session_timeout = '3s';
    SET statement_timeout = '30s';
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') IN ('off', 'local')";

/// Where a Postgres is.
#[derive(Clone, PartialEq)]
pub struct Address {
    config: Box<Config>,
    /// The certificates that servers are proven by; none: those of this machine.
    roots: Option<PathBuf>,
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

/// As people know it: without the password.
impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let hosts = self.config.get_hosts().iter().map(|host| match host {
            Host::Tcp(name) => name.clone(),
            #[cfg(unix)]
            Host::Unix(path) => path.display().to_string(),
        });
        let hosts = hosts.collect::<Vec<_>>().join(",");
        write!(f, "postgres://{hosts}/{}", self.config.get_dbname().unwrap_or_default())
    }
}

impl Address {
    /// Reads a URL.
    ///
    /// TLS is spoken to whoever is not this machine, and the server's certificate proven, unless `sslmode=disable` is
    /// said. `sslrootcert` names the certificates to prove it by; without, those of the machine are.
    ///
    /// # Errors
    ///
    /// What is wrong with it, without repeating any of it.
    pub fn parse(text: &str) -> std::result::Result<Self, String> {
        let shape = || "must be \"postgres://USER:PASSWORD@HOST:PORT/DATABASE\"".to_owned();
        let mut url = Url::parse(text).map_err(|_| shape())?;
        let mut roots = None;
        let mut mode = None;
        let mut rest = Vec::new();
        for (key, value) in url.query_pairs() {
            match key.as_ref() {
                "sslrootcert" => roots = Some(PathBuf::from(value.as_ref())),
                "sslmode" => mode = Some(value.into_owned()),
                _ => rest.push((key.into_owned(), value.into_owned())),
            }
        }
        url.set_query(None);
        if !rest.is_empty() {
            url.query_pairs_mut().extend_pairs(rest);
        }
        let mut config: Config = url.as_str().parse().map_err(|_| shape())?;
        if config.get_hosts().is_empty() || config.get_dbname().is_none_or(str::is_empty) {
            return Err(shape());
        }
        config.ssl_mode(match mode.as_deref() {
            Some("disable") => SslMode::Disable,
            Some("require" | "verify-full") => SslMode::Require,
            None if config.get_hosts().iter().all(is_here) => SslMode::Disable,
            None => SslMode::Require,
            Some(_) => return Err("sslmode must be disable, require or verify-full: the last two are the same".into()),
        });
        let way = if config.get_hosts().len() > 1 { WAY_TO_ONE_OF_SEVERAL } else { WAY };
        config.application_name("provost").connect_timeout(way).tcp_user_timeout(SILENCE);
        // After a failover the old primary may still answer, or come back as a standby: it is not the one.
        config.keepalives_idle(SILENCE).target_session_attrs(TargetSessionAttrs::ReadWrite);
        Ok(Self { config: Box::new(config), roots })
    }

    /// Connects, on a runtime of its own.
    pub(in crate::store) fn connect(&self) -> Result<Connection> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Error::gone(&error.to_string()))?;
        let client = runtime.block_on(self.client(runtime.handle(), |_| {}))?;
        Ok(Connection::Postgres(Box::new(Session::new(runtime, client, BEGINNING)?)))
    }

    /// A client, whose other half runs on `runtime` and ends with it; whoever asks next is told that it is closed.
    /// `hear` is told whenever somebody calls out, and by which process.
    pub(super) async fn client(&self, runtime: &Handle, hear: impl Fn(i32) + Send + 'static) -> Result<Client> {
        if self.config.get_ssl_mode() == SslMode::Disable {
            return self.speaking(NoTls, runtime, hear).await;
        }
        self.speaking(MakeRustlsConnect::new(self.tls()?), runtime, hear).await
    }

    async fn speaking<T: MakeTlsConnect<Socket>>(
        &self,
        tls: T,
        runtime: &Handle,
        hear: impl Fn(i32) + Send + 'static,
    ) -> Result<Client>
    where
        T::Stream: Send + 'static,
    {
        #[expect(clippy::disallowed_methods, reason = "the one place that connects to a database")]
        let connecting = self.config.connect(tls);
        let connected = tokio::time::timeout(self.patience(), connecting).await;
        let (client, mut connection) = connected.map_err(|_| Error::gone("the database does not answer"))??;
        runtime.spawn(async move {
            while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
                if let AsyncMessage::Notification(called) = message {
                    hear(called.process_id());
                }
            }
        });
        Ok(client)
    }

    /// Enough to reach the last of the addresses though all before it are silent.
    fn patience(&self) -> Duration {
        let ways = u32::try_from(self.config.get_hosts().len()).unwrap_or(u32::MAX);
        self.config.get_connect_timeout().copied().unwrap_or(WAY).saturating_mul(ways) + HANDSHAKE
    }

    fn tls(&self) -> Result<ClientConfig> {
        let failed = |error: rustls::Error| Error::gone(&format!("TLS: {error}"));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder =
            ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().map_err(failed)?;
        match &self.roots {
            Some(path) => Ok(builder.with_root_certificates(roots_in(path)?).with_no_client_auth()),
            None => Ok(builder.with_platform_verifier().map_err(failed)?.with_no_client_auth()),
        }
    }
}

fn is_here(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => name == "localhost" || name.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback()),
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

fn roots_in(path: &Path) -> Result<RootCertStore> {
    let failed = |error: String| Error::gone(&format!("{}: {error}", path.display()));
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| failed(error.to_string()))? {
        let certificate = certificate.map_err(|error| failed(error.to_string()))?;
        roots.add(certificate).map_err(|error| failed(error.to_string()))?;
    }
    Ok(roots)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_where_and_never_the_password() {
        let address = Address::parse("postgres://me:hush-hush@db.example:5433/pay?sslmode=require").unwrap();
        assert_eq!(address.to_string(), "postgres://db.example/pay");
        assert!(!format!("{address:?}").contains("hush"));
        for wrong in
            ["postgres://me:hush-hush@db:port/pay", "postgres://me:hush-hush@db", "postgres://db/x?sslmode=hush"]
        {
            assert!(!Address::parse(wrong).unwrap_err().contains("hush"), "{wrong}");
        }
    }

    #[test]
    fn the_last_of_several_addresses_is_reached_though_those_before_are_silent() {
        for (url, silent) in
            [("postgres://me@a/pay", 0), ("postgres://me@a,b/pay", 1), ("postgres://me@a,b,c,d/pay", 3)]
        {
            let address = Address::parse(url).unwrap();
            let waited = *address.config.get_connect_timeout().unwrap() * silent;
            assert!(address.patience() >= waited + HANDSHAKE + WAY_TO_ONE_OF_SEVERAL, "{url}");
        }
    }

    #[test]
    fn tls_is_spoken_to_whoever_is_elsewhere() {
        for (url, expected) in [
            ("postgres:///pay?host=/run/postgresql&user=me", SslMode::Disable),
            ("postgres://me@localhost/pay", SslMode::Disable),
            ("postgres://me@127.0.0.1/pay", SslMode::Disable),
            ("postgres://me@10.0.0.1/pay", SslMode::Require),
            ("postgresql://me@db.example/pay", SslMode::Require),
            ("postgres://me@db.example/pay?sslmode=disable", SslMode::Disable),
            ("postgres://me@localhost/pay?sslmode=verify-full", SslMode::Require),
        ] {
            assert_eq!(Address::parse(url).unwrap().config.get_ssl_mode(), expected, "{url}");
        }
    }
}
