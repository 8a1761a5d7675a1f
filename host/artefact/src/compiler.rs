//! How the host has a component compiled: by a child that it can end.

use std::io;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};

use crate::artefact::Artefact;
use crate::bounds::Bounds;

/// The largest artefact, bytes.
const MAX_ARTEFACT: u64 = 512 << 20;
/// What the child ends with where it says why there is no artefact.
const REFUSED: i32 = 1;
/// How much of the child's complaints is read, bytes.
const MAX_WORDS: u64 = 4 << 10;

/// Why a component can't be compiled.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// The compiler says so.
    #[error("the component can't be compiled: {0}")]
    Refused(String),
    /// It came to a bad end, most likely at one of its bounds.
    #[error(
        "the compiler did not get to its end ({how}); it may take at most {} MiB of memory, {} s of processor time and {} s on the clock: make the plugin smaller",
        bounds.memory >> 20, bounds.seconds(), bounds.wall.as_secs_f32()
    )]
    Bounds {
        /// Which end.
        how: String,
        /// The bounds.
        bounds: Bounds,
    },
    /// The artefact is too large.
    #[error("the compiled component has more than {} MiB: make the plugin smaller", MAX_ARTEFACT >> 20)]
    TooLarge,
    /// The host's own fault: the child can't be started or heard.
    #[error("the compiler can't be run: {0}")]
    Compiler(#[from] io::Error),
}

/// Starts the program that compiles.
#[derive(Debug)]
pub(crate) struct Compiler {
    /// It is called with `compile --memory BYTES --seconds N`.
    pub program: PathBuf,
    pub bounds: Bounds,
}

impl Compiler {
    /// Compiles a component. Dropped, it takes the child with it.
    pub async fn compile(&self, component: &[u8]) -> Result<Artefact, CompileError> {
        let bounds = self.bounds;
        let mut command = Command::new(&self.program);
        command.arg("compile").args(["--memory", &bounds.memory.to_string(), "--seconds", &bounds.seconds().to_string()]);
        // Its allocator else takes a gibibyte of address space before anything is compiled.
        command.env_clear().env("MIMALLOC_ARENA_RESERVE", "16MiB").current_dir("/").kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        match tokio::time::timeout(bounds.wall, exchange(&mut child, component)).await {
            Ok(said) => self.judge(said?),
            Err(_elapsed) => {
                child.kill().await?;
                Err(CompileError::Bounds { how: "it was not done in time".to_owned(), bounds })
            }
        }
    }

    fn judge(&self, said: Said) -> Result<Artefact, CompileError> {
        if said.artefact.len() as u64 > MAX_ARTEFACT {
            return Err(CompileError::TooLarge);
        }
        let words = String::from_utf8_lossy(&said.words).trim().to_owned();
        match said.status.code() {
            Some(0) => Ok(Artefact::fresh(said.artefact)),
            Some(REFUSED) => Err(CompileError::Refused(words)),
            // Out of memory, a Rust program aborts or panics; out of processor time, the system kills it.
            _ => {
                tracing::warn!(status = %said.status, words, "a compiler came to a bad end");
                Err(CompileError::Bounds { how: said.status.to_string(), bounds: self.bounds })
            }
        }
    }
}

/// What a child said until it ended.
struct Said {
    artefact: Vec<u8>,
    words: Vec<u8>,
    status: ExitStatus,
}

/// Hands the component over and listens. All at once, so that neither side waits for a full pipe.
async fn exchange(child: &mut Child, component: &[u8]) -> io::Result<Said> {
    let (input, output, error) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let hand_over = async {
        // A child that ends early does not listen to the end; its status says why.
        if let Some(mut input) = input {
            let _ = input.write_all(component).await;
        }
    };
    let ((), artefact, words) = tokio::join!(hand_over, listen(output, MAX_ARTEFACT + 1), listen(error, MAX_WORDS));
    Ok(Said { artefact: artefact?, words: words?, status: child.wait().await? })
}

async fn listen(from: Option<impl AsyncRead + Unpin>, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(from) = from {
        from.take(most).read_to_end(&mut bytes).await?;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;
    use std::time::Duration;

    use super::*;

    /// A compiler that does what a script says.
    fn scripted(folder: &Path, script: &str, wall: Duration) -> Compiler {
        let (written, program) = (folder.join("written"), folder.join("compiler"));
        fs::write(&written, format!("#!/bin/sh\n{script}\n")).unwrap();
        // Copied by a process of its own: a child that another test starts meanwhile would hold on to a file that was
        // written here, and what is open for writing can't be run.
        assert!(std::process::Command::new("cp").args([&written, &program]).status().unwrap().success());
        fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
        Compiler { program, bounds: Bounds { memory: 1 << 30, processor: Duration::from_millis(1_500), wall } }
    }

    async fn said_by(script: &str, component: &[u8]) -> Result<Vec<u8>, CompileError> {
        let folder = tempfile::tempdir().unwrap();
        let compiler = scripted(folder.path(), script, Duration::from_secs(60));
        compiler.compile(component).await.map(|artefact| artefact.code().to_vec())
    }

    #[tokio::test]
    async fn the_child_is_told_its_bounds_and_nothing_of_the_hosts_environment() {
        let said = said_by(r#"echo "$@ in $PWD, $HOME$CARGO""#, b"").await.unwrap();
        assert_eq!(String::from_utf8(said).unwrap(), "compile --memory 1073741824 --seconds 2 in /, \n");
    }

    #[tokio::test]
    async fn component_and_artefact_pass_through_pipes_of_any_length() {
        let component = vec![7; 3 << 20];
        assert_eq!(said_by("exec /bin/cat", &component).await.unwrap(), component);
    }

    #[tokio::test]
    async fn a_child_that_ends_early_is_heard() {
        let refused = said_by("echo wrong >&2; exit 1", &[0; 1 << 20]).await;
        assert!(matches!(refused, Err(CompileError::Refused(words)) if words == "wrong"));
        let killed = said_by("kill -9 $$", &[]).await;
        assert!(matches!(killed, Err(CompileError::Bounds { how, .. }) if how == "signal: 9 (SIGKILL)"));
    }

    #[tokio::test]
    async fn a_child_that_never_ends_is_ended() {
        let folder = tempfile::tempdir().unwrap();
        let noted = folder.path().join("process");
        let script = format!("echo $$ >{}; exec /bin/sleep 86400", noted.display());
        let late = scripted(folder.path(), &script, Duration::from_millis(500)).compile(b"").await;
        assert!(matches!(late, Err(CompileError::Bounds { how, .. }) if how == "it was not done in time"));
        if let Ok(process) = fs::read_to_string(noted) {
            assert!(!Path::new("/proc").join(process.trim()).exists());
        }
    }
}
