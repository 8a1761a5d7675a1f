//! `linli import ENTITY FILE.csv`: streams a table, shows progress, reports each bad line and loses no good one.

use std::fs::File;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;
use csv::{ByteRecord, ReaderBuilder};
use indicatif::ProgressBar;
use linli_entry::table::{LineError, Row};
use serde_json::{Value, json};

use super::http::{Client, part};
use crate::Server;
use crate::output::{self, note, say};

/// Rows a request.
const CHUNK: usize = 200;

/// `linli import`.
#[derive(Args)]
pub struct Options {
    /// The entity type: `resident`, `household`, `dwelling`.
    entity: String,
    /// A CSV file in UTF-8; its first line names the fields.
    file: PathBuf,
    /// Go on at this line, as an interrupted import said.
    #[arg(long, default_value_t = 2)]
    from_line: u64,
    /// The key of an interrupted import, as it said: what was entered already is not entered again.
    #[arg(long)]
    key: Option<String>,
    /// On what evidence the values are entered.
    #[arg(long)]
    evidence: Option<String>,
    #[command(flatten)]
    server: Server,
}

struct Import<'a> {
    client: Client,
    options: &'a Options,
    /// Each request has a key of this and its first line.
    key: String,
    columns: Vec<String>,
    bar: ProgressBar,
    entered: u64,
    rejected: u64,
    next_line: u64,
}

/// Imports; the exit code is 1 where a line was rejected.
pub fn run(options: &Options) -> Result<ExitCode> {
    let client = Client::signed_in(&options.server)?;
    let file = File::open(&options.file).with_context(|| format!("{} can't be read", options.file.display()))?;
    let size = file.metadata().map(|data| data.len()).unwrap_or(0);
    let mut reader = ReaderBuilder::new().flexible(true).has_headers(false).from_reader(file);
    let mut head = ByteRecord::new();
    if !reader.read_byte_record(&mut head).context("the head can't be read")? {
        bail!("{} is empty", options.file.display());
    }
    let columns = head.iter().enumerate().map(|(at, name)| column(at, name)).collect::<Result<Vec<_>>>()?;
    let mut import = Import {
        client,
        options,
        key: options.key.clone().map_or_else(new_key, Ok)?,
        columns,
        bar: output::bar(size, "{bar:30} {percent}%  {msg}  {elapsed}"),
        entered: 0,
        rejected: 0,
        next_line: options.from_line,
    };
    match import.stream(&mut reader) {
        Ok(()) => {}
        Err(error) => {
            import.bar.abandon();
            note!(
                "中断于第 {0} 行之前；继续： Interrupted before line {0}; to go on: linli import {1} {2} --from-line {0} --key {3}",
                import.next_line,
                options.entity,
                options.file.display(),
                import.key
            );
            return Err(error);
        }
    }
    import.bar.finish_and_clear();
    say!("录入 entered {}  拒绝 rejected {}", import.entered, import.rejected)?;
    Ok(if import.rejected > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn new_key() -> Result<String> {
    let mut random = [0; 16];
    getrandom::fill(&mut random)?;
    Ok(data_encoding::HEXLOWER.encode(&random))
}

fn column(at: usize, name: &[u8]) -> Result<String> {
    // Spreadsheets put a byte order mark in front of UTF-8.
    let name = if at == 0 { name.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(name) } else { name };
    let name = std::str::from_utf8(name).with_context(|| format!("line 1, column {}: is no UTF-8; save the file as CSV UTF-8", at + 1))?;
    Ok(name.trim().to_owned())
}

impl Import<'_> {
    fn stream(&mut self, reader: &mut csv::Reader<File>) -> Result<()> {
        let mut rows = Vec::with_capacity(CHUNK);
        let mut record = ByteRecord::new();
        loop {
            let more = reader.read_byte_record(&mut record).context("the file can't be read")?;
            let line = record.position().map_or(0, csv::Position::line);
            if more && line >= self.options.from_line {
                match cells(line, &record) {
                    Ok(row) => rows.push(row),
                    Err(error) => self.reject(&error),
                }
            }
            if rows.len() >= CHUNK || !more {
                self.send(&mut rows)?;
                self.next_line = reader.position().line();
                self.bar.set_position(reader.position().byte());
            }
            if !more {
                return Ok(());
            }
        }
    }

    fn send(&mut self, rows: &mut Vec<Row>) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let body = json!({"columns": self.columns, "rows": rows, "evidence": self.options.evidence});
        let key = format!("{}-{}", self.key, rows.first().map_or(0, |row| row.line));
        let answer = self.client.post_once(&format!("/records/{}/import", part(&self.options.entity)), &body, &key)?;
        rows.clear();
        self.entered += answer.get("entered").and_then(Value::as_u64).unwrap_or(0);
        let rejected: Vec<LineError> = answer.get("rejected").cloned().map(serde_json::from_value).transpose()?.unwrap_or_default();
        let mut last = 0;
        for error in &rejected {
            self.print(error);
            self.rejected += u64::from(error.line != last);
            last = error.line;
        }
        if answer.get("head").and_then(Value::as_bool) == Some(false) {
            bail!("the head does not fit the entity type {}", self.options.entity);
        }
        self.bar.set_message(format!("录入 entered {}  拒绝 rejected {}", self.entered, self.rejected));
        Ok(())
    }

    fn reject(&mut self, error: &LineError) {
        self.rejected += 1;
        self.print(error);
    }

    fn print(&self, error: &LineError) {
        let column = error.column.map(|column| format!(", 列 column {column}")).unwrap_or_default();
        let field = error.field.as_ref().map(|field| format!(" ({field})")).unwrap_or_default();
        self.bar.suspend(|| note!("行 line {}{column}{field}: {}", error.line, error.reason));
    }
}

fn cells(line: u64, record: &ByteRecord) -> Result<Row, LineError> {
    let mut cells = Vec::with_capacity(record.len());
    for (at, cell) in record.iter().enumerate() {
        match std::str::from_utf8(cell) {
            Ok(text) => cells.push(text.to_owned()),
            Err(_) => {
                return Err(LineError {
                    line,
                    column: Some(at + 1),
                    field: None,
                    reason: "is no UTF-8; save the file as CSV UTF-8".into(),
                });
            }
        }
    }
    Ok(Row { line, cells })
}
