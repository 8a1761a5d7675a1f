//! The disk below the data directory: which file system it has, and what a durable write costs.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::Instant;

use anyhow::Context as _;

use crate::report::{Report, percentile};

/// A database writes pages of 4 KiB; a small commit is about two.
const BLOCK: [u8; 8_192] = [0x5a; 8_192];
const WRITES: usize = 1_000;

/// Refuses file systems on which a commit costs nothing.
pub fn check(directory: &Path) -> anyhow::Result<()> {
    let directory = directory.canonicalize().with_context(|| format!("{}", directory.display()))?;
    let mounts = std::fs::read_to_string("/proc/mounts").context("/proc/mounts")?;
    let kind = file_system(&mounts, &directory).with_context(|| format!("no mount holds {}", directory.display()))?;
    anyhow::ensure!(
        matches!(kind, "ext4" | "xfs"),
        "{} is on {kind}; the bench needs a real disk with ext4 or xfs (set LINLI_BENCH_DIR)",
        directory.display()
    );
    Ok(())
}

/// The type of the innermost mount, the last where several lie on each other.
fn file_system<'a>(mounts: &'a str, directory: &Path) -> Option<&'a str> {
    let mounts = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ').skip(1);
        Some((Path::new(fields.next()?), fields.next()?))
    });
    let holding = mounts.filter(|(point, _)| directory.starts_with(point));
    holding.max_by_key(|(point, _)| point.components().count()).map(|(_, kind)| kind)
}

/// Appends and syncs, as a write-ahead log does.
pub fn measure_sync(directory: &Path, report: &mut Report) -> anyhow::Result<()> {
    let path = directory.join("fsync");
    let mut file = File::create(&path).with_context(|| format!("{}", path.display()))?;
    let mut times = Vec::with_capacity(WRITES);
    for _ in 0..WRITES {
        let start = Instant::now();
        file.write_all(&BLOCK)?;
        file.sync_data()?;
        times.push(start.elapsed().as_secs_f64() * 1e6);
    }
    std::fs::remove_file(&path)?;
    report.set("fsync.p50_us", percentile(&mut times, 0.50));
    report.set("fsync.p99_us", percentile(&mut times, 0.99));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_mount_counts() {
        let mounts = "/dev/vda / ext4 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\ntmpfs /tmpfiles tmpfs rw 0 0\n/dev/vdb /tmp/disk xfs rw 0 0\n";
        let kind = |path: &str| file_system(mounts, Path::new(path));
        assert_eq!(
            [kind("/home/a"), kind("/tmp/x"), kind("/tmp/disk/x"), kind("/tmpother")],
            [Some("ext4"), Some("tmpfs"), Some("xfs"), Some("ext4")]
        );
    }

    #[test]
    fn memory_is_no_disk() {
        if Path::new("/dev/shm").exists() {
            assert!(check(Path::new("/dev/shm")).unwrap_err().to_string().contains("tmpfs"));
        }
    }
}
