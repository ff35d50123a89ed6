//! tcpdump beside the agent.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _},
    path::PathBuf,
    process::{ChildStderr, Stdio},
    time::Duration,
};

use tempfile::TempDir;

use crate::{
    lab::{INTERFACE, Namespace},
    process::Process,
};

/// A capture under way of all that passes the sensor's interface, both ways.
#[derive(Debug)]
pub struct Capture {
    process: Process,
    says: BufReader<ChildStderr>,
    captured: Captured,
}

/// A finished capture.
#[derive(Debug)]
pub struct Captured {
    folder: TempDir,
}

impl Capture {
    /// Starts tcpdump and waits until it listens.
    ///
    /// # Panics
    /// When it does not.
    pub fn start(namespace: &Namespace) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let captured = Captured { folder };
        let mut command = namespace.command("tcpdump");
        command.args([
            "-i",
            INTERFACE,
            "-n",
            "--immediate-mode",
            "-U",
            "-Z",
            "root",
        ]);
        command.args(["-B", "65536", "-w"]).arg(captured.path());
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        let mut process = Process::start(&mut command);
        let mut says = BufReader::new(process.take_stderr().expect("a pipe"));
        let mut line = String::new();
        while !line.contains("listening on") {
            line.clear();
            let length = says.read_line(&mut line).expect("tcpdump speaks");
            assert!(length > 0, "tcpdump does not listen");
        }
        Self {
            process,
            says,
            captured,
        }
    }

    /// Ends the capture.
    ///
    /// # Panics
    /// When tcpdump has lost packets: the test proves nothing then.
    pub fn stop(mut self) -> Captured {
        self.process.signal(libc::SIGINT);
        let mut said = String::new();
        self.says.read_to_string(&mut said).expect("tcpdump speaks");
        let complete = said
            .lines()
            .any(|line| line == "0 packets dropped by kernel");
        assert!(
            complete,
            "tcpdump has lost packets, the test is void:\n{said}"
        );
        let status = self.process.wait(Duration::from_secs(5));
        assert!(
            status.is_some_and(|status| status.success()),
            "tcpdump: {status:?}"
        );
        self.captured
    }
}

impl Captured {
    /// The pcap file.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("capture.pcap")
    }

    /// Runs a check; when it fails, the capture is kept for whoever looks into it.
    ///
    /// # Panics
    /// When the check does.
    pub fn check(self, check: impl FnOnce(&Self)) {
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check(&self)));
        if let Err(panic) = result {
            let name = format!("talot-test-{}.pcap", std::process::id());
            let kept = std::env::temp_dir().join(name);
            fs::copy(self.path(), &kept).expect("the capture can be copied");
            eprintln!("the capture is kept as {}", kept.display());
            std::panic::resume_unwind(panic);
        }
    }
}
