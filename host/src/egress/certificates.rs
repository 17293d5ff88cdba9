//! Certificates for tests: an authority that nobody else trusts, and what it has signed. They are made, never kept.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair};
use std::sync::LazyLock;

/// All of it, as PEM.
pub(crate) struct Papers {
    pub(crate) authority: String,
    pub(crate) server: Paper,
    pub(crate) client: Paper,
}

pub(crate) struct Paper {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

/// Made once: who trusts the authority in one test trusts it in another.
pub(crate) static PAPERS: LazyLock<Papers> = LazyLock::new(|| {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let signed = |name: &str, usage| {
        let (mut params, key) = (CertificateParams::new([name.to_owned()]).unwrap(), KeyPair::generate().unwrap());
        params.extended_key_usages = vec![usage];
        Paper { certificate: params.signed_by(&key, &authority).unwrap().pem(), key: key.serialize_pem() }
    };
    Papers {
        server: signed("127.0.0.1", ExtendedKeyUsagePurpose::ServerAuth),
        client: signed("host.example", ExtendedKeyUsagePurpose::ClientAuth),
        authority: authority.pem(),
    }
});
