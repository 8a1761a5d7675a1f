//! From where somebody asks.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::HeaderMap;
use axum::http::request::Parts;

/// Names who asked a proxy; each proxy adds the last entry by itself.
const FORWARDED: &str = "x-forwarded-for";

/// The network address of whoever asks. Behind a proxy on this machine it is the one that the proxy names; where it names
/// none, it is nobody's in particular.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Peer(pub Option<IpAddr>);

impl<S: Send + Sync> FromRequestParts<S> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let address = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        Ok(Self(address.and_then(|address| asker(address, &parts.headers)).map(network)))
    }
}

/// Only a proxy of this machine is believed: whoever comes from elsewhere writes the header at will.
fn asker(address: IpAddr, headers: &HeaderMap) -> Option<IpAddr> {
    if !address.to_canonical().is_loopback() {
        return Some(address);
    }
    let last = headers.get_all(FORWARDED).iter().next_back()?.to_str().ok()?;
    last.rsplit(',').next()?.trim().parse().ok()
}

/// What one household or office has: an address, or the first half of one.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(from: &str, forwarded: &[&'static str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for named in forwarded {
            headers.append(FORWARDED, axum::http::HeaderValue::from_static(named));
        }
        asker(from.parse().unwrap(), &headers).map(network).map(|address| address.to_string())
    }

    #[test]
    fn a_proxy_of_this_machine_is_believed_and_no_other() {
        assert_eq!(asked("203.0.113.9", &["198.51.100.1"]).as_deref(), Some("203.0.113.9"));
        assert_eq!(asked("127.0.0.1", &["198.51.100.1, 198.51.100.2"]).as_deref(), Some("198.51.100.2"));
        assert_eq!(asked("::ffff:127.0.0.1", &["198.51.100.1", "198.51.100.3"]).as_deref(), Some("198.51.100.3"));
        assert_eq!(asked("::1", &[]), None);
        assert_eq!(asked("127.0.0.1", &["unknown"]), None);
    }

    #[test]
    fn half_an_address_of_the_sixth_version_is_one_network() {
        assert_eq!(asked("2001:db8:1:2:3:4:5:6", &[]).as_deref(), Some("2001:db8:1:2::"));
        assert_eq!(asked("::ffff:203.0.113.9", &[]).as_deref(), Some("203.0.113.9"));
    }
}
