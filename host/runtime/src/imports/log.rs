//! `log`: the plugin's own log. A flood is cut off, and says so once.

use linli_store::plugin::LogLine;

use crate::contract::linli::platform::log::{Host, Level};
use crate::invocation::State;

impl Host for State {
    fn write(&mut self, level: Level, message: String) -> wasmtime::Result<()> {
        let level = match level {
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warn => "warn",
            Level::Error => "error",
        };
        if self.quota.take_log(message.len() + 32) {
            self.add_line(level, message);
        } else if self.lines.last().is_some_and(|line| line.message != CUT) {
            self.add_line("warn", CUT.to_owned());
        }
        Ok(())
    }
}

const CUT: &str = "… the rest of this call's log was cut off: it reached its limit";

impl State {
    fn add_line(&mut self, level: &str, message: String) {
        let message = message.chars().map(|sign| if sign.is_control() && sign != '\n' { '\u{FFFD}' } else { sign }).collect();
        let entry_point = self.circumstances.entry.log_name.clone();
        self.lines.push(LogLine { at: jiff::Timestamp::now().as_millisecond(), entry_point, level: level.to_owned(), message });
    }
}
