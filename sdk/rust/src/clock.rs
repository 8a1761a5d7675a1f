//! The time, from the host.

use crate::Date;
use crate::bindings::linli::platform::clock as host;

/// Now, RFC 3339 in UTC.
pub fn now() -> String {
    host::now()
}

/// The date in the community's time zone.
pub fn today() -> Date {
    Date::new(host::today())
}
