//! Prometheus and its tool, as Debian has them.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::{agent, http, lab::Namespace, process::Process, shell::run};

/// Where it listens; each namespace has a loopback of its own.
const LISTEN: &str = "127.0.0.1:9090";
const PATIENCE: Duration = Duration::from_secs(30);

/// `prometheus` or `promtool`: installed, or where `cargo xtask test` has put it.
pub fn program(name: &str) -> Option<PathBuf> {
    let own = agent::workspace().join("target/tools/prometheus/usr/bin");
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain([own])
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
}

/// A server that scrapes the agent of its namespace every second, as job `talot`.
#[derive(Debug)]
pub struct Server<'lab> {
    namespace: &'lab Namespace,
    _process: Process,
    _folder: TempDir,
}

impl<'lab> Server<'lab> {
    /// Starts it, with samples in OpenMetrics from before and with rules, and waits until it answers.
    ///
    /// # Panics
    /// When it is not there or does not answer.
    pub fn start(namespace: &'lab Namespace, before: &str, rules: &Path) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let [data, samples, configuration] =
            ["data", "samples", "prometheus.yml"].map(|name| folder.path().join(name));
        fs::write(&samples, before).expect("a file");
        let promtool = program("promtool").expect("promtool");
        let mut create = Command::new(promtool);
        run(create
            .args(["tsdb", "create-blocks-from", "openmetrics"])
            .args([&samples, &data]));
        let text = format!(
            "global: {{ scrape_interval: 1s, evaluation_interval: 1s }}\nrule_files: [{rules:?}]\n\
             scrape_configs:\n  - job_name: talot\n    static_configs:\n      - targets: [\"{}\"]\n",
            agent::LISTEN
        );
        fs::write(&configuration, text).expect("a file");
        let server = program("prometheus").expect("prometheus");
        let mut command = namespace.command(server.to_str().expect("UTF-8"));
        let flag = |name: &str, value: &Path| format!("--{name}={}", value.display());
        command
            .arg(flag("config.file", &configuration))
            .arg(flag("storage.tsdb.path", &data))
            .arg("--storage.tsdb.retention.time=30d")
            .arg(format!("--web.listen-address={LISTEN}"))
            .stderr(fs::File::create(folder.path().join("log")).expect("a file"));
        let server = Self {
            namespace,
            _process: Process::start(&mut command),
            _folder: folder,
        };
        let until = Instant::now() + PATIENCE;
        while http::get(namespace, LISTEN, "/-/ready").is_err() {
            assert!(Instant::now() < until, "Prometheus does not answer");
            thread::sleep(Duration::from_millis(100));
        }
        server
    }

    /// The data of the answer to a request of its API, `query?query=…`.
    ///
    /// # Errors
    /// What Prometheus says is wrong with it.
    pub fn ask(&self, path: &str, arguments: &[(&str, &str)]) -> Result<Value, String> {
        let arguments: Vec<String> = arguments
            .iter()
            .map(|(name, value)| format!("{name}={}", escaped(value)))
            .collect();
        let path = format!("/api/v1/{path}?{}", arguments.join("&"));
        let request = format!("GET {path} HTTP/1.0\r\nHost: {LISTEN}\r\n\r\n");
        let answer = http::ask(self.namespace, LISTEN, &request).map_err(|e| e.to_string())?;
        let (_, body) = answer.split_once("\r\n\r\n").ok_or("no body")?;
        let mut body: Value = serde_json::from_str(body).map_err(|e| format!("{e}: {body}"))?;
        match body["error"].as_str() {
            Some(error) => Err(error.to_owned()),
            None => Ok(body["data"].take()),
        }
    }
}

fn escaped(text: &str) -> String {
    let escape = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(escape).collect()
}
