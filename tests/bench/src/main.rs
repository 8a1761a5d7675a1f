//! `make bench`: the platform beside a hand-written native service on the same data, on this machine, in one go.
//!
//! Writes `tests/bench/out/latest.json` (flat names to numbers) and prints a table. What counts are the ratios; absolute
//! figures move with the machine. See docs/performance.md for what bounds each.

mod api;
mod cases;
mod cluster;
mod disk;
mod floor;
mod load;
mod package;
mod platform;
mod process;
mod report;
mod run;

use std::process::ExitCode;

use clap::Parser;

use process::Fleet;

/// Measures the platform against a hand-written service.
#[derive(Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    run: run::Options,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Serves the hand-written service alone.
    Floor(floor::Options),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.command {
        Some(Command::Floor(options)) => serve(options),
        None => bench(&arguments.run),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("linli-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn serve(options: floor::Options) -> anyhow::Result<()> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(floor::serve(options))
}

fn bench(options: &run::Options) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let fleet = Fleet::default();
    runtime.spawn(end_on_signal(fleet.clone()));
    run::run(options, &fleet, &runtime)
}

/// On Ctrl-C or a request to end: what was started ends first, then the bench.
async fn end_on_signal(fleet: Fleet) {
    let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) else { return };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
    eprintln!("\nending what was started");
    let _ = tokio::task::spawn_blocking(move || fleet.end_all()).await;
    std::process::exit(130);
}
