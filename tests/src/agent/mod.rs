//! The agent, started and asked as its users do it.

mod home;

use std::{
    collections::BTreeSet,
    env, fs,
    fs::File,
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Output},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

pub use self::home::Home;
pub(crate) use self::home::sweep_pins;
use crate::{
    http,
    lab::Namespace,
    metrics::Metrics,
    process::Process,
    shell::{attempt, text},
};

/// Where every agent of these tests serves its metrics; each namespace has a loopback of its own.
pub const LISTEN: &str = "127.0.0.1:9464";

/// How long an agent may take to attach, or to end: a virtual machine in software that shares a busy one
/// is slow.
const PATIENCE: Duration = Duration::from_secs(180);

/// The program under test: `TALOT_AGENT`, else the workspace's release or debug build.
///
/// # Panics
/// When there is none.
pub fn program() -> PathBuf {
    let target = workspace().join("target");
    let built = ["release", "debug"].map(|profile| target.join(profile).join("talot-agent"));
    let named = env::var_os("TALOT_AGENT").map(PathBuf::from);
    let mut candidates = named.into_iter().chain(built);
    let found = candidates.find(|path| path.is_file()).expect(
        "talot-agent is built (cargo build --release -p talot-agent), or TALOT_AGENT names it",
    );
    fs::canonicalize(found).expect("the path of a file")
}

/// The program with faults on demand (`talot-agent/src/failpoint.rs`): `TALOT_AGENT_FAILPOINTS`, else
/// what `cargo xtask test` has left in the workspace; none where it is not built.
pub fn program_with_failpoints() -> Option<PathBuf> {
    let named = env::var_os("TALOT_AGENT_FAILPOINTS").map(PathBuf::from);
    let built = workspace().join("target/release/talot-agent-failpoints");
    let found = named.into_iter().chain([built]).find(|path| path.is_file());
    found.map(|path| fs::canonicalize(path).expect("the path of a file"))
}

/// Top of the workspace.
pub fn workspace() -> &'static Path {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("tests is a folder of the workspace")
}

/// A running agent.
#[derive(Debug)]
pub struct Agent<'lab> {
    process: Process,
    namespace: &'lab Namespace,
    output: [PathBuf; 2],
    _folder: TempDir,
}

/// An agent that has ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// How it ended.
    pub status: ExitStatus,
    /// What it wrote to stdout.
    pub stdout: String,
    /// What it wrote to stderr.
    pub stderr: String,
}

impl<'lab> Agent<'lab> {
    /// Starts `run` inside a namespace and waits until it watches every point.
    ///
    /// # Panics
    /// When it does not.
    pub fn start(namespace: &'lab Namespace, home: &Home) -> Self {
        Self::launch(namespace, home).watching()
    }

    /// Starts `run --keep` inside a namespace and waits until it watches every point.
    ///
    /// # Panics
    /// When it does not.
    pub fn start_and_keep(namespace: &'lab Namespace, home: &Home) -> Self {
        Self::launch_by(namespace, &[], home, &["--keep"]).watching()
    }

    fn watching(mut self) -> Self {
        self.wait_until_it_watches();
        self
    }

    /// Waits until it watches every point.
    ///
    /// # Panics
    /// When it ends or time is up.
    pub fn wait_until_it_watches(&mut self) {
        self.wait_until("it watches", |metrics| {
            let points: BTreeSet<&str> = metrics
                .label_values("talot_attached", "point")
                .into_iter()
                .collect();
            metrics.sum("talot_attached", &[]) == Some(points.len() as i64)
        });
    }

    /// Starts `run` inside a namespace.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn launch(namespace: &'lab Namespace, home: &Home) -> Self {
        Self::launch_by(namespace, &[], home, &[])
    }

    /// Starts `run`, with more words, inside a namespace by way of other programs that lead to it
    /// (`setpriv …`).
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn launch_by(namespace: &'lab Namespace, by: &[&str], home: &Home, more: &[&str]) -> Self {
        let program = program();
        let program = program.to_str().expect("a path in UTF-8");
        let mut words = by.iter().chain([&program, &"run", &"--config"]);
        let mut command = namespace.command(words.next().expect("there is a program"));
        command.args(words).arg(home.configuration()).args(more);
        Self::spawn(namespace, command)
    }

    /// Starts `run` inside a namespace with these faults.
    ///
    /// # Panics
    /// When it cannot be started, or is not built.
    pub fn launch_with_faults(namespace: &'lab Namespace, home: &Home, faults: &str) -> Self {
        let program = program_with_failpoints().expect("the agent with failpoints is built");
        let mut command = namespace.command(program.to_str().expect("a path in UTF-8"));
        command.args(["run", "--config"]).arg(home.configuration());
        command.env("TALOT_FAILPOINT", faults);
        Self::spawn(namespace, command)
    }

    fn spawn(namespace: &'lab Namespace, mut command: Command) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let output = ["stdout", "stderr"].map(|name| folder.path().join(name));
        let [stdout, stderr] = [0, 1].map(|at| File::create(&output[at]).expect("a file"));
        command.stdout(stdout).stderr(stderr);
        Self {
            process: Process::start(&mut command),
            namespace,
            output,
            _folder: folder,
        }
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// What it has written to stderr so far; of very much (a verifier's log) the beginning and the
    /// end.
    ///
    /// # Panics
    /// When the file cannot be read.
    pub fn stderr(&self) -> String {
        let said = text(&fs::read(&self.output[1]).expect("its output"));
        let lines: Vec<&str> = said.lines().collect();
        if lines.len() <= 80 {
            return said;
        }
        let end = lines[lines.len() - 20..].join("\n");
        format!("{}\n[…]\n{end}", lines[..20].join("\n"))
    }

    /// Whether it has written this to stderr.
    ///
    /// # Panics
    /// When the file cannot be read.
    pub fn says(&self, words: &str) -> bool {
        text(&fs::read(&self.output[1]).expect("its output")).contains(words)
    }

    /// A scrape of its metrics; none when it does not answer.
    pub fn try_metrics(&self) -> Option<Metrics> {
        let text = http::get(self.namespace, LISTEN, "/metrics").ok()?;
        Some(Metrics::parse(&text))
    }

    /// A scrape of its metrics.
    ///
    /// # Panics
    /// When it does not answer.
    pub fn metrics(&self) -> Metrics {
        self.try_metrics()
            .unwrap_or_else(|| panic!("no metrics on {LISTEN}; it says:\n{}", self.stderr()))
    }

    /// Waits until its metrics show something.
    ///
    /// # Panics
    /// When it ends or time is up.
    pub fn wait_until(&mut self, what: &str, shows: impl Fn(&Metrics) -> bool) {
        let until = Instant::now() + PATIENCE;
        while !self.try_metrics().is_some_and(|metrics| shows(&metrics)) {
            let ended = self.process.ended();
            let said = self.stderr();
            assert!(
                ended.is_none(),
                "the agent ended ({ended:?}) before {what}:\n{said}"
            );
            assert!(
                Instant::now() < until,
                "no sign that {what}; the agent says:\n{said}"
            );
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits until it has said something on stderr.
    ///
    /// # Panics
    /// When time is up.
    pub fn wait_for_words(&self, words: &[&str]) {
        let until = Instant::now() + PATIENCE;
        while !words.iter().all(|word| self.stderr().contains(word)) {
            let said = self.stderr();
            assert!(
                Instant::now() < until,
                "the agent does not say {words:?}, but:\n{said}"
            );
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        self.process.ended().is_none()
    }

    /// Stops it with SIGTERM, which drains and detaches.
    ///
    /// # Panics
    /// When it does not end in time, or not with status 0.
    pub fn stop(self) -> Ended {
        let ended = self.terminate();
        assert!(
            ended.status.success(),
            "{}:\n{}",
            ended.status,
            ended.stderr
        );
        ended
    }

    /// Stops it with SIGTERM, whatever its exit status.
    ///
    /// # Panics
    /// When it does not end in time.
    pub fn terminate(self) -> Ended {
        self.process.signal(libc::SIGTERM);
        self.end()
    }

    /// Sends it a signal.
    ///
    /// # Panics
    /// When it is gone.
    pub fn signal(&self, signal: i32) {
        self.process.signal(signal);
    }

    /// Kills it.
    ///
    /// # Panics
    /// When it has ended already.
    pub fn kill(self) -> Ended {
        self.process.signal(libc::SIGKILL);
        self.end()
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// When it does not come in time.
    pub fn end(mut self) -> Ended {
        let status = self.process.wait(PATIENCE);
        let stderr = self.stderr();
        Ended {
            status: status.unwrap_or_else(|| panic!("the agent does not end; it says:\n{stderr}")),
            stdout: text(&fs::read(&self.output[0]).expect("its output")),
            stderr,
        }
    }
}

/// Runs a command of the agent inside a namespace to its end, whatever its exit status.
///
/// # Panics
/// When it cannot be started.
pub fn ask(namespace: &Namespace, home: &Home, words: &[&str]) -> Output {
    let program = program();
    let mut command = namespace.command(program.to_str().expect("a path in UTF-8"));
    attempt(
        command
            .args(words)
            .arg("--config")
            .arg(home.configuration()),
    )
}
