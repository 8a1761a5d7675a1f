//! Another program at work in a host's database.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};

use crate::postgres::binaries;

/// Keeps a host from changing records until it is dropped.
#[derive(Debug)]
pub struct Lock(Held);

#[derive(Debug)]
enum Held {
    File(rusqlite::Connection),
    Server(Child),
}

impl Lock {
    /// On a SQLite file.
    pub(crate) fn of_file(file: &std::path::Path) -> Self {
        let connection = rusqlite::Connection::open(file).unwrap();
        connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        Self(Held::File(connection))
    }

    /// On a PostgreSQL database.
    pub(crate) fn of_database(url: &str) -> Self {
        let mut command = Command::new(binaries().join("psql"));
        let mut psql = command.args(["-qAt", url]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let input = psql.stdin.as_mut().unwrap();
        writeln!(input, "BEGIN; LOCK TABLE journal IN EXCLUSIVE MODE; SELECT 'locked';").unwrap();
        let mut line = String::new();
        BufReader::new(psql.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line.trim(), "locked");
        Self(Held::Server(psql))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        match &mut self.0 {
            Held::File(connection) => connection.execute_batch("ROLLBACK").unwrap(),
            Held::Server(psql) => {
                drop(psql.stdin.take());
                let _ = psql.wait();
            }
        }
    }
}
