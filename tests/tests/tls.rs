//! TLS to PostgreSQL: connections that read and the one that writes are encrypted as `sslmode` says, and whoever can't be
//! trusted is refused with what and where.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop loudly")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use linli_store::model::Core;
use linli_store::{Database, Store, StoreError};
use linli_tests::{Server, scratch};

/// How long the server may take over what it was told.
const PATIENCE: Duration = Duration::from_secs(60);

/// Who may come in how: `certified` with a certificate, `sealed` encrypted, `linli` in any way.
const WAYS: &str = "hostssl all certified 127.0.0.1/32 trust clientcert=verify-ca\n\
                    hostssl all sealed 127.0.0.1/32 trust\n\
                    host all linli 127.0.0.1/32 trust\n";

/// Somebody who signs certificates.
struct Authority(PathBuf);

impl Authority {
    fn new() -> Self {
        let authority = Self(scratch());
        openssl(&authority.extensions("basicConstraints = critical, CA:TRUE"), &authority.0, "root", &[]);
        authority
    }

    fn root(&self) -> String {
        self.file("root.pem")
    }

    /// Makes a certificate for a host's name, and the key to it, in a folder.
    fn certify(&self, name: &str, folder: &Path, file: &str) {
        let extensions = self.extensions(&format!("basicConstraints = critical, CA:FALSE\nsubjectAltName = DNS:{name}"));
        openssl(&extensions, folder, file, &["-CA", &self.root(), "-CAkey", &self.file("root.key")]);
    }

    fn extensions(&self, said: &str) -> String {
        let name = self.0.display();
        let text = format!("[req]\nprompt = no\ndistinguished_name = name\n[name]\nCN = {name}\n[said]\n{said}\n");
        fs::write(self.file("openssl.cnf"), text).unwrap();
        self.file("openssl.cnf")
    }

    fn file(&self, name: &str) -> String {
        path(&self.0.join(name))
    }
}

fn openssl(config: &str, folder: &Path, file: &str, signed_by: &[&str]) {
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-days", "2", "-extensions", "said", "-config", config, "-nodes"]);
    openssl.args(["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]).args(signed_by);
    openssl.arg("-keyout").arg(folder.join(file).with_extension("key")).arg("-out").arg(folder.join(file).with_extension("pem"));
    let done = openssl.output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

fn path(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

/// A server that shows a certificate for `localhost`, and the authority that signed it.
struct Secured {
    server: Server,
    authority: Authority,
    /// Where its certificate and key lie.
    shown: PathBuf,
}

impl Secured {
    fn new() -> Self {
        let (authority, shown) = (Authority::new(), scratch());
        authority.certify("localhost", &shown, "server");
        let ways = shown.join("ways");
        fs::write(&ways, WAYS).unwrap();
        let settings = [
            "fsync=off".to_owned(),
            "ssl=on".to_owned(),
            format!("ssl_cert_file={}", path(&shown.join("server.pem"))),
            format!("ssl_key_file={}", path(&shown.join("server.key"))),
            format!("ssl_ca_file={}", authority.root()),
            format!("hba_file={}", path(&ways)),
        ];
        let server = Server::over(&scratch(), &settings.each_ref().map(String::as_str));
        let secured = Self { server, authority, shown };
        secured.ask("CREATE ROLE certified SUPERUSER LOGIN; CREATE ROLE sealed SUPERUSER LOGIN");
        secured
    }

    /// What the server says to a statement.
    fn ask(&self, statement: &str) -> String {
        let said = self.server.client("psql").args(["-d", "postgres", "-Atc", statement]).output().unwrap();
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
        String::from_utf8(said.stdout).unwrap().trim().to_owned()
    }

    /// Shows the certificate that lies there now to whoever connects from here on.
    fn show_anew(&self) {
        let loaded = || self.ask("SELECT pg_conf_load_time()");
        let (before, deadline) = (loaded(), Instant::now() + PATIENCE);
        self.ask("SELECT pg_reload_conf()");
        while loaded() == before {
            assert!(Instant::now() < deadline, "the server does not read its certificate again");
        }
    }

    /// Ends the connections that read: all but the one that holds the writer's lock.
    fn end_readers(&self) {
        self.ask(
            "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE application_name = 'linli' \
                  AND pid NOT IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory')",
        );
    }

    /// Whether each connection of a host to a database is encrypted.
    fn encrypted(&self, database: &str) -> Vec<bool> {
        let name = database.rsplit('/').next().unwrap();
        let each = "SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'linli'";
        self.ask(&format!("{each} AND datname = '{name}'")).lines().map(|ssl| ssl == "t").collect()
    }

    /// A new database's address, at `localhost`.
    fn database(&self) -> String {
        self.server.database(None).replace("127.0.0.1", "localhost")
    }

    /// An address that trusts who an authority signed.
    fn trusting(&self, mode: &str, authority: &Authority) -> String {
        format!("{}?sslmode={mode}&sslrootcert={}", self.database(), authority.root())
    }
}

async fn open(address: &str) -> Result<Store, StoreError> {
    Store::open(&Database::at(address)?, Core { codes: Vec::new(), schemas: &[] }).await
}

/// Opens a store, reads, and says how its connections were made.
async fn connect(secured: &Secured, address: &str) -> Vec<bool> {
    let store = open(address).await.unwrap();
    assert!(store.is_healthy().await);
    let encrypted = secured.encrypted(address.split('?').next().unwrap());
    assert!(encrypted.len() >= 2, "one that writes and one that reads: {encrypted:?}");
    store.close().await;
    encrypted
}

/// Why no store is opened, and that it is said where.
async fn refused(address: &str) -> String {
    let error = open(address).await.unwrap_err().to_string();
    let place = address.split('?').next().unwrap().replace("linli@", "").replace("sealed@", "").replace("certified@", "");
    assert!(error.starts_with(&format!("no connection to {place}: ")), "{error}");
    error
}

fn test<F: Future<Output = ()>>(test: impl FnOnce(Secured) -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(test(Secured::new()));
}

#[test]
fn connections_are_encrypted_or_not_as_the_address_says() {
    test(|secured| async move {
        for (mode, is_encrypted) in [("require", true), ("prefer", true), ("disable", false)] {
            let made = connect(&secured, &format!("{}?sslmode={mode}", secured.database())).await;
            assert!(made.iter().all(|made| *made == is_encrypted), "{mode}: {made:?}");
        }
        let sealed = secured.database().replace("linli@", "sealed@");
        assert!(connect(&secured, &format!("{sealed}?sslmode=require")).await.iter().all(|made| *made));
        let open = refused(&format!("{sealed}?sslmode=disable")).await;
        assert!(open.contains("no pg_hba.conf entry") && open.contains("no encryption"), "{open}");
    });
}

#[test]
fn a_server_is_believed_for_its_authority_and_its_name() {
    test(|secured| async move {
        let (known, stranger) = (&secured.authority, Authority::new());
        for mode in ["verify-full", "verify-ca"] {
            assert!(connect(&secured, &secured.trusting(mode, known)).await.iter().all(|made| *made), "{mode}");
            let refused = refused(&secured.trusting(mode, &stranger)).await;
            assert!(refused.contains("invalid peer certificate: UnknownIssuer"), "{mode}: {refused}");
        }
        let elsewhere = |mode| secured.trusting(mode, known).replace("localhost", "127.0.0.1");
        assert!(connect(&secured, &elsewhere("verify-ca")).await.iter().all(|made| *made));
        let refused = refused(&elsewhere("verify-full")).await;
        assert!(refused.contains("certificate not valid for name \"127.0.0.1\"") && refused.contains("localhost"), "{refused}");
        let missing = format!("{}?sslmode=verify-full&sslrootcert=/nowhere/root.pem", secured.database());
        let missing = open(&missing).await.unwrap_err().to_string();
        assert!(missing.contains("sslrootcert /nowhere/root.pem"), "{missing}");
    });
}

/// What a reader is told whose connections have ended.
async fn told(store: &Store) -> Result<(), String> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match store.grants().await {
            Ok(_) => return Ok(()),
            Err(error @ StoreError::Unreachable { .. }) => return Err(error.to_string()),
            // The end of the connection before is on its way.
            Err(error) => assert!(Instant::now() < deadline, "{error}"),
        }
        tokio::task::yield_now().await;
    }
}

#[test]
fn whoever_reads_looks_at_the_certificate_of_each_connection_too() {
    test(|secured| async move {
        let address = secured.trusting("verify-full", &secured.authority);
        let store = open(&address).await.unwrap();
        let place = address.split('?').next().unwrap().replace("linli@", "");
        let shown = async |authority: &Authority, name: &str| {
            authority.certify(name, &secured.shown, "server");
            secured.show_anew();
            secured.end_readers();
            told(&store).await
        };
        let stranger = shown(&Authority::new(), "localhost").await.unwrap_err();
        assert!(stranger.starts_with(&format!("no connection to {place}: ")), "{stranger}");
        assert!(stranger.ends_with("invalid peer certificate: UnknownIssuer"), "{stranger}");
        let elsewhere = shown(&secured.authority, "elsewhere").await.unwrap_err();
        assert!(elsewhere.starts_with(&format!("no connection to {place}: ")), "{elsewhere}");
        assert!(elsewhere.contains("not valid for name \"localhost\"") && elsewhere.contains("elsewhere"), "{elsewhere}");
        assert_eq!(shown(&secured.authority, "localhost").await, Ok(()));
        store.close().await;
    });
}

#[test]
fn a_host_shows_the_server_a_certificate_of_its_own() {
    test(|secured| async move {
        secured.authority.certify("host", &secured.shown, "host");
        let address = secured.trusting("verify-full", &secured.authority).replace("linli@", "certified@");
        let nameless = refused(&address).await;
        assert!(nameless.contains("connection requires a valid client certificate"), "{nameless}");
        let file = |name: &str| path(&secured.shown.join(name));
        let address = format!("{address}&sslcert={}&sslkey={}", file("host.pem"), file("host.key"));
        assert!(connect(&secured, &address).await.iter().all(|made| *made));
    });
}
