//! A PostgreSQL of the tests' own: a throw-away cluster, a fresh database a test.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, OnceLock};

use rand::Rng;

/// A running cluster, stopped and removed when dropped.
#[derive(Debug)]
pub struct Cluster {
    child: Child,
    dir: PathBuf,
    url: String,
}

fn binaries() -> PathBuf {
    if let Ok(dir) = std::env::var("AVOUCH_TEST_PG_BIN") {
        return dir.into();
    }
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .expect("PostgreSQL is not installed: run `cargo xtask test`, which installs it, or set AVOUCH_TEST_PG_BIN")
        .map(|e| e.unwrap().path().join("bin"))
        .filter(|p| p.join("initdb").exists())
        .collect();
    versions.sort();
    versions.pop().expect("no initdb under /usr/lib/postgresql: install the package postgresql")
}

/// PostgreSQL refuses to run as root; the account `postgres` comes with its package.
fn command(program: &Path) -> Command {
    let root = Command::new("id").arg("-u").output().is_ok_and(|o| o.stdout.starts_with(b"0\n"));
    if root {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
        command
    } else {
        Command::new(program)
    }
}

impl Cluster {
    /// Makes and starts a cluster on a free loopback port.
    pub fn start() -> Self {
        let bin = binaries();
        let dir = std::env::temp_dir().join(format!("avouch-pg-{:016x}", rand_u64()));
        std::fs::create_dir(&dir).unwrap();
        let made = Command::new("chown").arg("postgres").arg(&dir).output();
        drop(made);
        let data = dir.join("data");
        let out = command(&bin.join("initdb"))
            .args(["-U", "avouch", "-A", "trust", "-E", "UTF8", "--locale=C", "-D"])
            .arg(&data)
            .current_dir(&dir)
            .output()
            .unwrap();
        assert!(out.status.success(), "initdb: {}", String::from_utf8_lossy(&out.stderr));
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        // The shell stops PostgreSQL when this process goes, however it goes: its standard input closes then.
        let script = format!(
            "'{}/postgres' -D '{}' -p {port} -k '' -c listen_addresses=127.0.0.1 -c max_connections=300 & pid=$!; \
             cat >/dev/null; kill -INT $pid; wait $pid; rm -rf '{}'",
            bin.display(),
            data.display(),
            dir.display()
        );
        let mut child = command(Path::new("sh"))
            .args(["-c", &script])
            .current_dir(&dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let url = format!("postgres://avouch@127.0.0.1:{port}/postgres");
        for _ in 0..600 {
            if command(&bin.join("pg_isready")).args(["-q", "-d", &url]).status().is_ok_and(|s| s.success()) {
                return Self { child, dir, url };
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        let _ended = child.kill().and_then(|()| child.wait());
        panic!("PostgreSQL did not start in 30 seconds; see {}", dir.display());
    }

    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ended = self.child.wait();
        let _removed = std::fs::remove_dir_all(&self.dir);
    }
}

fn rand_u64() -> u64 {
    use rand::SeedableRng;
    rand::rngs::StdRng::try_from_rng(&mut rand::rngs::SysRng).map(|mut r| r.next_u64()).unwrap()
}

/// The shared cluster's URL: from `AVOUCH_TEST_PG_URL`, else of a cluster started for this process.
pub fn shared() -> String {
    static OWN: OnceLock<Mutex<Option<Cluster>>> = OnceLock::new();
    if let Ok(url) = std::env::var("AVOUCH_TEST_PG_URL") {
        return url;
    }
    let own = OWN.get_or_init(|| Mutex::new(Some(Cluster::start())));
    own.lock().unwrap().as_ref().unwrap().url().to_owned()
}

/// A fresh, empty database; its URL.
pub async fn database() -> String {
    let url = shared();
    let name = format!("t{:016x}", rand_u64());
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
    let running = tokio::spawn(connection);
    client.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
    drop(client);
    let _closed = running.await;
    format!("{}/{name}", url.rsplit_once('/').unwrap().0)
}

/// For `test-postgres`: runs a cluster, prints its URL, and stops when standard input closes.
pub fn serve() {
    let cluster = Cluster::start();
    let mut out = std::io::stdout();
    writeln!(out, "{}", cluster.url()).unwrap();
    out.flush().unwrap();
    for line in BufReader::new(std::io::stdin()).lines() {
        if line.is_err() {
            break;
        }
    }
}
