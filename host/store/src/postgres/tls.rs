//! TLS to PostgreSQL, as `sslmode`, `sslrootcert`, `sslcert` and `sslkey` say (libpq's words and their meaning).

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{self, PemObject as _};
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

/// What certificates and keys are read from.
#[derive(Debug, Default)]
pub(super) struct Credentials {
    /// Authorities beside the public ones.
    pub root: Option<Pem>,
    /// What the host shows of itself, and the key to it.
    pub certificate: Option<Pem>,
    pub key: Option<Pem>,
}

/// PEM: where it is, or itself.
#[derive(Debug)]
pub(super) enum Pem {
    File(String),
    Text(String),
}

impl Pem {
    /// From what an address of sqlx's says in place of what it was told: `file: ` before a path.
    pub fn said(text: &str) -> Self {
        text.strip_prefix("file: ").map_or_else(|| Self::Text(text.to_owned()), |file| Self::File(file.to_owned()))
    }

    /// Reads what `read` makes of it.
    fn read<T>(&self, what: &str, read: impl FnOnce(&[u8]) -> Result<T, pem::Error>) -> Result<T, StoreError> {
        match self {
            Self::Text(text) => read(text.as_bytes()).map_err(|reason| StoreError::Address(format!("{what}: {reason}"))),
            Self::File(file) => {
                let read = std::fs::read(file).map_err(pem::Error::Io).and_then(|bytes| read(&bytes));
                read.map_err(|reason| StoreError::Address(format!("{what} {file}: {reason}")))
            }
        }
    }
}

/// How connections become encrypted.
pub(super) fn connect(trust: Trust, credentials: &Credentials) -> Result<MakeRustlsConnect, StoreError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions().map_err(unusable)?;
    let authorities = if trust == Trust::Anyone { None } else { Some(authorities(credentials.root.as_ref(), &provider)?) };
    let verifier = Verifier { trust, authorities, provider };
    let config = config.dangerous().with_custom_certificate_verifier(Arc::new(verifier));
    let config = match (&credentials.certificate, &credentials.key) {
        (None, None) => config.with_no_client_auth(),
        (Some(certificate), Some(key)) => {
            let key = key.read("sslkey", PrivateKeyDer::from_pem_slice)?;
            config.with_client_auth_cert(certificates("sslcert", certificate)?, key).map_err(unusable)?
        }
        _ => return Err(StoreError::Address("sslcert and sslkey go together".into())),
    };
    Ok(MakeRustlsConnect::new(config))
}

fn authorities(root: Option<&Pem>, provider: &Arc<CryptoProvider>) -> Result<Arc<WebPkiServerVerifier>, StoreError> {
    let mut store = RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    for certificate in root.map(|root| certificates("sslrootcert", root)).transpose()?.unwrap_or_default() {
        store.add(certificate).map_err(unusable)?;
    }
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::clone(provider));
    verifier.build().map_err(|reason| StoreError::Address(reason.to_string()))
}

fn certificates(what: &str, pem: &Pem) -> Result<Vec<CertificateDer<'static>>, StoreError> {
    pem.read(what, |bytes| CertificateDer::pem_slice_iter(bytes).collect())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pem_is_read_from_the_file_that_is_named_or_is_what_was_said() {
        let said = |text: &str| certificates("sslrootcert", &Pem::said(text)).map(|read| read.len()).map_err(|error| error.to_string());
        assert_eq!(said("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"), Ok(1));
        assert!(said("file: /nowhere/root.pem").unwrap_err().contains("sslrootcert /nowhere/root.pem: "));
    }
}
