//! Speaks TLS in front of the tests' Postgres, as a Postgres does: who connects asks for it in plain bytes, is told yes
//! or no by one, and then shakes hands.

use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, crypto};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio_rustls::TlsAcceptor;

/// What a client that wants TLS sends first: its length, and a number that is no version.
const WANTED: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// The name that the certificate is for.
pub(super) const NAME: &str = "localhost";

pub(super) struct Front {
    port: u16,
    folder: tempfile::TempDir,
}

impl Front {
    /// In front of the server whose socket is in this folder; one that refuses TLS where that is said.
    pub(super) fn start(server: &Path, refuses: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let made = rcgen::generate_simple_self_signed([NAME.to_owned()]).unwrap();
        std::fs::write(certificate(folder.path()), made.cert.pem()).unwrap();
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let acceptor = acceptor(made.cert.der().clone(), key.into());
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = server.join(".s.PGSQL.5432");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        std::thread::spawn(move || {
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).unwrap();
                while let Ok((client, _)) = listener.accept().await {
                    tokio::spawn(pass(client, server.clone(), acceptor.clone(), refuses));
                }
            });
        });
        Self { port, folder }
    }

    /// A URL of this database through it, under this name of the machine.
    pub(super) fn url(&self, machine: &str, database: &str) -> String {
        format!("postgres://postgres@{machine}:{}/{database}?sslmode=verify-full", self.port)
    }

    /// The same, with its certificate to prove it by.
    pub(super) fn proven_url(&self, machine: &str, database: &str) -> String {
        format!("{}&sslrootcert={}", self.url(machine, database), certificate(self.folder.path()).display())
    }
}

fn certificate(folder: &Path) -> PathBuf {
    folder.join("certificate.pem")
}

fn acceptor(certificate: CertificateDer<'static>, key: PrivateKeyDer<'static>) -> TlsAcceptor {
    let provider = Arc::new(crypto::aws_lc_rs::default_provider());
    let versions = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = versions.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// A client that speaks no TLS, or does not trust the certificate, gets nothing through.
async fn pass(mut client: TcpStream, server: PathBuf, acceptor: TlsAcceptor, refuses: bool) {
    let mut wanted = [0; 8];
    let asked = client.read_exact(&mut wanted).await.is_ok() && wanted == WANTED;
    let answer: &[u8] = if refuses { b"N" } else { b"S" };
    if !asked || client.write_all(answer).await.is_err() || refuses {
        return;
    }
    if let Ok(mut client) = acceptor.accept(client).await {
        let mut server = UnixStream::connect(server).await.unwrap();
        let _ = copy_bidirectional(&mut client, &mut server).await;
    }
}
