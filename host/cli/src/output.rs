//! What a command says: results on standard output, what happens meanwhile on standard error.
//!
//! Whoever reads may leave before the end (`linli … | head`). What nobody reads is dropped; the command goes on, and
//! its exit code says how it ended.

use std::fmt;
use std::io::{self, IsTerminal as _, Write as _};

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Writes a line of the result: `say!("…", …)?`.
macro_rules! say {
    ($($part:tt)*) => { $crate::output::line(format_args!($($part)*)) };
}

/// Writes a line about what happens.
macro_rules! note {
    ($($part:tt)*) => { $crate::output::aside(format_args!($($part)*)) };
}

pub(crate) use {note, say};

/// Writes a line to standard output.
pub fn line(text: fmt::Arguments<'_>) -> Result<()> {
    unless_closed(writeln!(io::stdout().lock(), "{text}")).context("standard output can't be written")
}

/// Writes a line to standard error. Where that fails there is nowhere left to say so.
pub fn aside(text: fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// A bar that shows how much of `length` is done; none where nobody watches.
pub fn bar(length: u64, template: &str) -> ProgressBar {
    let bar = ProgressBar::new(length);
    if !io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

fn unless_closed(written: io::Result<()>) -> io::Result<()> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_who_left_is_no_error_and_a_full_disk_is_one() {
        assert!(unless_closed(Err(io::ErrorKind::BrokenPipe.into())).is_ok());
        assert!(unless_closed(Err(io::ErrorKind::StorageFull.into())).is_err());
    }
}
