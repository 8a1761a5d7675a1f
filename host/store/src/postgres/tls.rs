//! TLS to PostgreSQL, as `sslmode`, `sslrootcert`, `sslcert` and `sslkey` say (libpq's words and their meaning).

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::error::StoreError;

/// Whose certificate is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// Anybody's (`prefer`, `require`): against who listens, not against who stands between.
    Anyone,
    /// One that a known authority signed (`verify-ca`).
    Signed,
    /// Such a one, for the host's name (`verify-full`).
    Named,
}

/// PEM files, by name.
#[derive(Debug, Default)]
pub(super) struct Files {
    /// Authorities beside the public ones.
    pub root: Option<String>,
    /// What the host shows of itself, and the key to it.
    pub certificate: Option<String>,
    pub key: Option<String>,
}

/// How connections become encrypted.
pub(super) fn connect(trust: Trust, files: &Files) -> Result<MakeRustlsConnect, StoreError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions().map_err(unusable)?;
    let authorities = if trust == Trust::Anyone { None } else { Some(authorities(files.root.as_deref(), &provider)?) };
    let verifier = Verifier { trust, authorities, provider };
    let config = config.dangerous().with_custom_certificate_verifier(Arc::new(verifier));
    let config = match (&files.certificate, &files.key) {
        (None, None) => config.with_no_client_auth(),
        (Some(certificate), Some(key)) => {
            let key = PrivateKeyDer::from_pem_file(key).map_err(|reason| unreadable("sslkey", key, &reason))?;
            config.with_client_auth_cert(certificates("sslcert", certificate)?, key).map_err(unusable)?
        }
        _ => return Err(StoreError::Address("sslcert and sslkey go together".into())),
    };
    Ok(MakeRustlsConnect::new(config))
}

fn authorities(file: Option<&str>, provider: &Arc<CryptoProvider>) -> Result<Arc<WebPkiServerVerifier>, StoreError> {
    let mut store = RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    for certificate in file.map(|file| certificates("sslrootcert", file)).transpose()?.unwrap_or_default() {
        store.add(certificate).map_err(unusable)?;
    }
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::clone(provider));
    verifier.build().map_err(|reason| StoreError::Address(reason.to_string()))
}

fn certificates(what: &str, file: &str) -> Result<Vec<CertificateDer<'static>>, StoreError> {
    let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect);
    read.map_err(|reason| unreadable(what, file, &reason))
}

fn unreadable(what: &str, file: &str, reason: &rustls::pki_types::pem::Error) -> StoreError {
    StoreError::Address(format!("{what} {file}: {reason}"))
}

fn unusable(reason: Error) -> StoreError {
    StoreError::Address(reason.to_string())
}

/// Takes certificates as [`Trust`] says. Signatures are checked in any case.
#[derive(Debug)]
struct Verifier {
    trust: Trust,
    authorities: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(authorities) = &self.authorities else { return Ok(ServerCertVerified::assertion()) };
        match authorities.verify_server_cert(certificate, between, name, ocsp, now) {
            Err(Error::InvalidCertificate(CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }))
                if self.trust == Trust::Signed =>
            {
                Ok(ServerCertVerified::assertion())
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
