//! The plugin's own log, which its developer reads. It must not hold personal data.

use crate::bindings::linli::platform::log as host;

pub use host::Level;

/// Writes one entry.
pub fn write(level: Level, message: &str) {
    host::write(level, message);
}

/// For development.
pub fn debug(message: &str) {
    write(Level::Debug, message);
}

/// Worth knowing.
pub fn info(message: &str) {
    write(Level::Info, message);
}

/// Should be looked at.
pub fn warn(message: &str) {
    write(Level::Warn, message);
}

/// Went wrong.
pub fn error(message: &str) {
    write(Level::Error, message);
}
