//! Too much of something: time, memory, stack, bytes.

use std::hint::black_box;

use linli_sdk::NoInput;
use linli_sdk::prelude::*;

use crate::got_through;

/// Never comes back, never calls the host.
pub fn endless_loop(_: NoInput) -> Result<View> {
    let mut n = 0_u64;
    loop {
        n = black_box(n.wrapping_add(1));
        if n == u64::MAX {
            return got_through("counted to the end");
        }
    }
}

/// Never comes back, and spends its time in the host.
pub fn host_loop(_: NoInput) -> Result<View> {
    loop {
        if clock::now().is_empty() {
            return got_through("time stood still");
        }
    }
}

/// Takes memory, and touches it, until there is no more.
pub fn memory(_: NoInput) -> Result<View> {
    let mut blocks = Vec::new();
    while blocks.len() < 4096 {
        blocks.push(black_box(vec![1_u8; 1024 * 1024]));
    }
    got_through(blocks.len().to_string())
}

/// Recurses until the stack is at its end.
#[allow(unconditional_recursion)]
pub fn recursion(_: NoInput) -> Result<View> {
    fn down(n: u64) -> u64 {
        let frame = black_box([n; 32]);
        down(frame[7] + 1) + frame[8]
    }
    got_through(down(black_box(0)).to_string())
}

/// Answers with 16 MiB.
pub fn output(_: NoInput) -> Result<View> {
    Ok(View::new("x".repeat(16 * 1024 * 1024)))
}

/// Panics; message and place belong into the plugin's log.
pub fn panic(_: NoInput) -> Result<View> {
    panic!("hostile panic");
}

/// Writes 1 GiB into the log.
pub fn log_flood(_: NoInput) -> Result<View> {
    let line = "flood ".repeat(10_000);
    for _ in 0..20_000 {
        log::error(&line);
    }
    got_through("1 GiB of log")
}

/// Asks for more random bytes than the contract gives at once.
pub fn random(_: NoInput) -> Result<View> {
    let bytes: [u8; 2_048] = random::bytes()?;
    got_through(bytes.len().to_string())
}
