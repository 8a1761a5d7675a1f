//! The PostgreSQL server that the bench runs on: the installed binaries, durable commits, and databases that are kept.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;
use linli_tests::Server;

use crate::platform::{self, Data, RESIDENTS};
use crate::process::Fleet;

/// As in production on a machine of this size; `fsync` and `synchronous_commit` are on by themselves. Checkpoints are
/// as far apart as a run is long.
const SETTINGS: &[&str] = &["shared_buffers=1GB", "max_wal_size=8GB", "checkpoint_timeout=30min", "wal_compression=on"];
/// What the name of its folder begins with.
const NAME: &str = "postgres-";
/// A database with residents of other communities beside the demonstration's.
pub struct Grown {
    name: &'static str,
    /// Residents in all.
    residents: u32,
    /// Over how many communities those who are added are spread; none for all that there are.
    communities: Option<u32>,
}

/// The large one.
pub const MANY: Grown = Grown { name: "many", residents: 5_000_000, communities: None };
/// As many residents over as many grid cells as are counted in SQLite.
pub const MILLION: Grown = Grown { name: "million", residents: 1_000_000, communities: Some(1_300) };
/// Where the demonstration's people live. Nobody is added there, so that its pages keep their rows.
const STREET: &str = "440104022";

/// A server that ends with the value.
pub struct Cluster {
    server: Server,
    folder: PathBuf,
    fleet: Fleet,
}

impl Cluster {
    /// Starts it over the databases that are kept, or over none.
    pub fn start(root: &Path, repository: &Path, fleet: &Fleet) -> anyhow::Result<Self> {
        let folder = root.join(format!("{NAME}{}", platform::key(repository)?));
        for entry in std::fs::read_dir(root)?.flatten() {
            if entry.file_name().to_string_lossy().starts_with(NAME) && entry.path() != folder {
                std::fs::remove_dir_all(entry.path())?;
            }
        }
        let files = folder.join("server");
        std::fs::create_dir_all(&files)?;
        Ok(Self { server: Server::over(&files, SETTINGS), folder, fleet: fleet.clone() })
    }

    /// The demonstration with [`RESIDENTS`] residents.
    pub fn few(&self, repository: &Path) -> anyhow::Result<Data> {
        let data = self.data("few");
        if !self.is_ready("few") {
            self.remove(&data)?;
            self.run("createdb", &["few"])?;
            data.fill(repository, RESIDENTS, &self.fleet)?;
            self.settle("few")?;
        }
        Ok(data)
    }

    /// The same with residents of other communities beside them.
    pub fn grown(&self, few: &Data, grown: &Grown) -> anyhow::Result<Data> {
        let Grown { name, residents, communities } = *grown;
        let data = self.data(name);
        if self.is_ready(name) {
            return Ok(data);
        }
        let data = self.copy(few, name)?;
        let columns = self.ask(
            name,
            "SELECT string_agg(column_name, ',' ORDER BY ordinal_position) FROM information_schema.columns WHERE table_name = 'e_resident'",
        )?;
        let step = self.ask(name, "SELECT max(id) FROM e_resident")?.parse().context("the highest id")?;
        for round in 1..residents / RESIDENTS {
            eprintln!("  {} of {residents} residents (once)", round * RESIDENTS);
            self.ask(name, &addition(&columns, step, round, communities))?;
        }
        self.settle(name)?;
        Ok(data)
    }

    /// A copy under another name, so that no run changes what the next one meets.
    pub fn copy(&self, data: &Data, name: &str) -> anyhow::Result<Data> {
        let from = data.url.as_deref().and_then(|url| url.rsplit('/').next()).context("no database of this server")?;
        self.remove(&self.data(name))?;
        let url = self.data(name).url;
        let copied = Data { url, ..data.copy(name)? };
        self.run("createdb", &["--template", from, name])?;
        Ok(copied)
    }

    /// Drops a database and its data directory, where they are.
    pub fn remove(&self, data: &Data) -> anyhow::Result<()> {
        let name = data.directory.file_name().and_then(|name| name.to_str()).context("data without a name")?;
        self.run("dropdb", &["--if-exists", name])?;
        if data.directory.exists() { data.remove() } else { Ok(()) }
    }

    fn data(&self, name: &str) -> Data {
        Data { directory: self.folder.join(name), url: Some(self.server.url(name)) }
    }

    fn is_ready(&self, name: &str) -> bool {
        self.folder.join(format!("{name}.ready")).exists()
    }

    /// Statistics and visibility as they are some minutes after the last change; then it counts as made.
    fn settle(&self, name: &str) -> anyhow::Result<()> {
        self.ask(name, "VACUUM (ANALYZE)")?;
        self.ask(name, "CHECKPOINT")?;
        Ok(std::fs::write(self.folder.join(format!("{name}.ready")), "")?)
    }

    fn ask(&self, database: &str, text: &str) -> anyhow::Result<String> {
        self.run("psql", &["-d", database, "-v", "ON_ERROR_STOP=1", "-qAtc", text])
    }

    fn run(&self, program: &str, arguments: &[&str]) -> anyhow::Result<String> {
        let mut command: Command = self.server.client(program);
        Ok(self.fleet.output(program, command.args(arguments))?.trim().to_owned())
    }
}

/// One more copy of the first residents: other ids, other communities that there are, other numbers, which are nobody's
/// since no province has the code 99, and no household.
fn addition(columns: &str, step: i64, round: u32, communities: Option<u32>) -> String {
    let communities = communities.map_or_else(|| "ALL".to_owned(), |most| most.to_string());
    let id = format!("(r.id + {})", step * i64::from(round));
    let values: Vec<String> = columns
        .split(',')
        .map(|column| match column {
            "id" => id.clone(),
            "community" => "place.code".into(),
            "grid" => "place.code || '001'".into(),
            "id_number" => format!("'99' || lpad({id}::text, 15, '0') || 'X'"),
            "household" => "NULL".into(),
            other => format!("r.{other}"),
        })
        .collect();
    format!(
        "WITH place AS MATERIALIZED (SELECT code, row_number() OVER (ORDER BY code) - 1 AS number FROM region \
         WHERE length(code) = 12 AND code NOT LIKE '{STREET}%' ORDER BY code LIMIT {communities}) \
         INSERT INTO e_resident ({columns}) SELECT {} FROM e_resident r JOIN place ON place.number = {id} % (SELECT count(*) FROM place) \
         WHERE r.id <= {step}",
        values.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_added_lies_elsewhere_under_other_numbers() {
        let text = addition("id,name,grid,household,community,id_number", 1_000, 3, Some(7));
        assert!(text.contains(
            "SELECT (r.id + 3000), r.name, place.code || '001', NULL, place.code, '99' || lpad((r.id + 3000)::text, 15, '0') || 'X' FROM"
        ));
        assert!(text.contains("NOT LIKE '440104022%' ORDER BY code LIMIT 7") && text.ends_with("WHERE r.id <= 1000"));
    }
}
