//! Whom a provider's client trusts beside what the system trusts, and what it shows of itself.

use super::client::new_client;
use crate::model::SecretBytes;
use reqwest::{Certificate, ClientBuilder, Identity};
use zeroize::Zeroizing;

/// Certificates and a key, as PEM, which work together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    authorities: Option<Vec<u8>>,
    /// The certificates, the client's own first, and the key behind them.
    identity: Option<SecretBytes>,
}

/// Why TLS cannot be spoken with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    /// The authorities.
    #[error("is not PEM with at least one certificate of an authority")]
    Authorities,
    /// The client's certificate and its key.
    #[error("certificate and key are not PEM, or do not belong together")]
    Identity,
}

impl Tls {
    /// `authorities` are trusted too; `identity` is the client's certificate, with those between it and an authority, and
    /// its key.
    pub fn new(authorities: Option<Vec<u8>>, identity: Option<(&[u8], &SecretBytes)>) -> Result<Self, TlsError> {
        let joined =
            |(certificate, key): (&[u8], &SecretBytes)| SecretBytes::new([certificate, b"\n", key.expose()].concat());
        let tls = Self { authorities, identity: identity.map(joined) };
        let trusting = Self { identity: None, ..tls.clone() };
        trusting.of(new_client()).and_then(ClientBuilder::build).map_err(|_| TlsError::Authorities)?;
        tls.of(new_client()).and_then(ClientBuilder::build).map_err(|_| TlsError::Identity)?;
        match tls.has_authority() {
            true => Ok(tls),
            false => Err(TlsError::Authorities),
        }
    }

    /// A file without any certificate would be taken, and trust nobody more.
    fn has_authority(&self) -> bool {
        let Some(pem) = &self.authorities else { return true };
        Certificate::from_pem_bundle(pem).is_ok_and(|found| !found.is_empty())
    }

    /// A client that speaks so.
    pub(super) fn of(&self, mut client: ClientBuilder) -> reqwest::Result<ClientBuilder> {
        if let Some(pem) = &self.authorities {
            client = client.tls_certs_merge(Certificate::from_pem_bundle(pem)?);
        }
        if let Some(pem) = &self.identity {
            client = client.identity(Identity::from_pem(&Zeroizing::new(pem.expose().to_vec()))?);
        }
        Ok(client)
    }
}

#[cfg(test)]
mod tests {
    use super::super::certificates::{PAPERS, Papers};
    use super::super::{AnswerLimits, Egress, Error, Grant, Origin, Request, Settings};
    use super::*;
    use rustls::pki_types::pem::PemObject as _;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use rustls::server::WebPkiClientVerifier;
    use rustls::{RootCertStore, ServerConfig};
    use std::sync::Arc;
    use std::time::Duration;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    fn key(pem: &str) -> SecretBytes {
        SecretBytes::new(pem.as_bytes().to_vec())
    }

    #[test]
    fn what_is_no_certificate_or_belongs_to_another_key_is_refused_before_it_is_used() {
        let Papers { authority, server, client } = &*PAPERS;
        let (identity, certificate) = (key(&client.key), client.certificate.as_bytes());
        assert!(Tls::new(Some(authority.clone().into()), Some((certificate, &identity))).is_ok());
        for authorities in ["", "garbage", &client.key] {
            assert_eq!(Tls::new(Some(authorities.into()), None), Err(TlsError::Authorities));
        }
        for (certificate, key) in [
            (certificate, key(&server.key)),
            (b"", key(&client.key)),
            (certificate, key("")),
            (certificate, key("garbage")),
        ] {
            assert_eq!(Tls::new(None, Some((certificate, &key))), Err(TlsError::Identity));
        }
        assert!(!format!("{:?}", Tls::new(None, Some((certificate, &identity)))).contains("PRIVATE"));
    }

    /// A provider with a certificate of an authority that only this operator trusts, who wants one of the client as well.
    async fn provider() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("https://{}", listener.local_addr().unwrap());
        let mut trusted = RootCertStore::empty();
        trusted.add(CertificateDer::from_pem_slice(PAPERS.authority.as_bytes()).unwrap()).unwrap();
        let crypto = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(trusted), crypto.clone()).build().unwrap();
        let config = ServerConfig::builder_with_provider(crypto).with_safe_default_protocol_versions().unwrap();
        let chain = vec![CertificateDer::from_pem_slice(PAPERS.server.certificate.as_bytes()).unwrap()];
        let key = PrivateKeyDer::from_pem_slice(PAPERS.server.key.as_bytes()).unwrap();
        let config = config.with_client_cert_verifier(clients).with_single_cert(chain, key).unwrap();
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let Ok(mut stream) = acceptor.accept(stream).await else { continue };
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(b"HTTP/1.1 204 X\r\nConnection: close\r\n\r\n").await;
                let _ = stream.shutdown().await;
            }
        });
        origin
    }

    async fn asked(egress: &Egress, origin: &str, tls: Option<Tls>) -> Result<u16, Error> {
        let settings = Settings { tls: tls.map(Arc::new), ..Settings::default() };
        let request = Request { method: "GET".into(), url: format!("{origin}/"), headers: Vec::new(), body: None };
        let grant = Grant { private: true, ..Grant::to(Origin::parse(origin).unwrap()) };
        let cleared = egress.clear(request, &[grant], &[], 0)?;
        let time = Duration::from_secs(5);
        let pass = egress.enter("acme", &settings, false, time).await?;
        let limits = AnswerLimits { headers: 1 << 10, body: 1 << 10 };
        egress.send(pass, cleared, limits, time).await.map(|answer| answer.status)
    }

    #[tokio::test]
    async fn a_provider_s_own_authority_is_trusted_and_the_client_s_certificate_shown_and_only_there() {
        let (origin, egress) = (provider().await, Egress::new());
        let (authority, identity) = (PAPERS.authority.as_bytes().to_vec(), key(&PAPERS.client.key));
        let identity = (PAPERS.client.certificate.as_bytes(), &identity);
        let whole = Tls::new(Some(authority.clone()), Some(identity)).unwrap();
        assert_eq!(asked(&egress, &origin, Some(whole.clone())).await, Ok(204));
        let stranger = asked(&egress, &origin, None).await;
        assert!(matches!(stranger, Err(Error::Unreachable(_))), "not trusted by the system: {stranger:?}");
        let silent = Tls::new(Some(authority), None).unwrap();
        assert!(asked(&egress, &origin, Some(silent)).await.is_err(), "no certificate is shown");
        let unknowing = Tls::new(None, Some(identity)).unwrap();
        assert!(matches!(asked(&egress, &origin, Some(unknowing)).await, Err(Error::Unreachable(_))));
        assert_eq!(asked(&egress, &origin, Some(whole)).await, Ok(204), "changed settings have clients of their own");
    }
}
