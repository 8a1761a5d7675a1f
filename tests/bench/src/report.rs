//! What was measured: flat names to numbers, as JSON and as a table.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context as _;

use crate::load::Measured;

/// All figures of a run of the bench.
#[derive(Debug, Default)]
pub struct Report {
    figures: BTreeMap<String, f64>,
}

/// What the platform must reach: name, least or most.
const TARGETS: &[(&str, Target)] = &[
    ("page.rps_ratio", Target::AtLeast(0.6)),
    ("page_bound.rps_ratio", Target::AtLeast(0.75)),
    ("page_pg.rps_ratio", Target::AtLeast(0.7)),
    ("page_bound_pg.rps_ratio", Target::AtLeast(0.8)),
    ("growth.p50_ratio", Target::AtMost(1.3)),
    ("growth.few_p50_us", Target::Report),
    ("growth.many_p50_us", Target::Report),
    ("scope.decide_us", Target::AtMost(5.0)),
    ("create.rps_ratio", Target::AtLeast(0.5)),
    ("invoke.p50_us", Target::Report),
    ("invoke.ratio", Target::AtMost(1.3)),
    ("invoke.bare_p50_us", Target::Report),
    ("invoke.recorded_p50_us", Target::Report),
    ("aggregate.ratio", Target::AtMost(1.2)),
    ("aggregate.ms", Target::Report),
    ("aggregate_pg.ratio", Target::AtMost(1.2)),
    ("aggregate_pg.ms", Target::Report),
    ("plugins.pss_kib_each", Target::Report),
    ("fsync.p50_us", Target::Report),
    ("fsync.p99_us", Target::Report),
    ("page.log_entries", Target::Report),
    ("page.answers", Target::Report),
];

#[derive(Clone, Copy, Debug)]
enum Target {
    AtLeast(f64),
    AtMost(f64),
    Report,
}

impl Report {
    pub fn set(&mut self, name: impl Into<String>, figure: f64) {
        self.figures.insert(name.into(), figure);
    }

    pub fn get(&self, name: &str) -> Option<f64> {
        self.figures.get(name).copied()
    }

    /// The medians of several runs of one side, and its processor time a request.
    pub fn side(&mut self, prefix: &str, runs: &[(Measured, f64)]) {
        let median = |of: fn(&(Measured, f64)) -> f64| percentile(&mut runs.iter().map(of).collect::<Vec<_>>(), 0.50);
        self.set(format!("{prefix}.rps"), median(|(run, _)| run.per_second));
        self.set(format!("{prefix}.p50_us"), median(|(run, _)| run.p50_us));
        self.set(format!("{prefix}.p99_us"), median(|(run, _)| run.p99_us));
        self.set(format!("{prefix}.cpu_us"), median(|(_, processor)| *processor));
    }

    /// Writes the figures, all of them or none.
    pub fn write(&self, file: &Path) -> anyhow::Result<()> {
        let rounded: BTreeMap<_, _> = self.figures.iter().map(|(name, figure)| (name, (figure * 1e4).round() / 1e4)).collect();
        let text = serde_json::to_string_pretty(&rounded)? + "\n";
        let unfinished = file.with_extension("part");
        std::fs::create_dir_all(file.parent().unwrap_or(Path::new(".")))
            .and_then(|()| std::fs::write(&unfinished, text))
            .and_then(|()| std::fs::rename(&unfinished, file))
            .with_context(|| format!("writing {}", file.display()))
    }

    /// The table that people read.
    pub fn table(&self) -> String {
        let mut out = format!(
            "{:<14}{:>4} {:>10} {:>10} {:>7} {:>9} {:>9} {:>9} {:>9}\n",
            "case", "c", "req/s", "floor", "ratio", "p50 µs", "p99 µs", "cpu µs", "floor cpu"
        );
        for (name, rate) in &self.figures {
            let Some((case, connections)) = case(name) else { continue };
            let figure = |side: &str, what: &str| self.get(&format!("{side}{case}.{connections}.{what}"));
            let floor = figure("floor.", "rps");
            let ratio = floor.map(|floor| rate / floor);
            let _ = writeln!(
                out,
                "{case:<14}{:>4} {rate:>10.0} {:>10} {:>7} {:>9} {:>9} {:>9} {:>9}",
                connections.trim_start_matches('c'),
                cell(floor, 0),
                cell(ratio, 2),
                cell(figure("", "p50_us"), 0),
                cell(figure("", "p99_us"), 0),
                cell(figure("", "cpu_us"), 1),
                cell(figure("floor.", "cpu_us"), 1),
            );
        }
        out.push('\n');
        for (name, target) in TARGETS {
            let Some(figure) = self.get(name) else { continue };
            let (wanted, reached) = match *target {
                Target::AtLeast(least) => (format!("≥ {least}"), figure >= least),
                Target::AtMost(most) => (format!("≤ {most}"), figure <= most),
                Target::Report => (String::new(), true),
            };
            let _ = writeln!(out, "{name:<24}{figure:>12.2}  {wanted:<6}{}", if reached { "" } else { "  not reached" });
        }
        out
    }
}

/// `page.c16.rps` → `page`, `c16`; the floor's own figures stand beside the platform's.
fn case(name: &str) -> Option<(&str, &str)> {
    let (case, connections) = name.strip_suffix(".rps")?.rsplit_once('.')?;
    (!case.starts_with("floor.")).then_some((case, connections))
}

fn cell(figure: Option<f64>, digits: usize) -> String {
    figure.map_or_else(|| "–".to_owned(), |figure| format!("{figure:.digits$}"))
}

/// The value below which a share of the values lies. Sorts them.
pub fn percentile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    // A share of a length is never negative and never beyond it.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
    let at = (last as f64 * share).round() as usize;
    values.get(at).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_sorted_values() {
        let mut values = [9.0, 1.0, 5.0];
        assert_eq!([percentile(&mut values, 0.0), percentile(&mut values, 0.5), percentile(&mut values, 0.99)], [1.0, 5.0, 9.0]);
        assert!(percentile(&mut [], 0.5).is_nan());
    }

    #[test]
    fn both_sides_stand_in_one_line() {
        let mut report = Report::default();
        let run = |per_second| (Measured { answers: 1, per_second, p50_us: 10.0, p99_us: 20.0 }, 5.0);
        report.side("page.c16", &[run(50.0), run(70.0), run(60.0)]);
        report.side("floor.page.c16", &[run(120.0)]);
        report.set("page.rps_ratio", 0.5);
        let table = report.table();
        let line = table.lines().find(|line| line.starts_with("page ")).unwrap();
        assert_eq!(line.split_whitespace().collect::<Vec<_>>(), ["page", "16", "60", "120", "0.50", "10", "20", "5.0", "5.0"]);
        assert!(table.contains("page.rps_ratio") && !table.contains("not reached"));
    }
}
