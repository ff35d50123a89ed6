//! What a running agent says of itself: one JSON document on a socket in its data directory.

use std::{
    fmt::Write as _,
    fs,
    io::{ErrorKind, Read as _},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use jiff::Timestamp;
use log::{debug, warn};
use serde::{Deserialize, Serialize};
use talot_common::words::Disposition;
use tokio::{io::AsyncWriteExt as _, net::UnixListener};

use crate::{figures::PointState, kernel::Fill};

/// The whole answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Status {
    /// Version of the running agent.
    pub version: String,
    /// Since when it runs.
    pub since: Timestamp,
    /// When the kernel was drained last.
    pub last_drain: Option<Timestamp>,
    /// Why nothing has become durable since, or a day is not closed, if so.
    pub trouble: Vec<String>,
    /// The kernel's tables, and how full they are.
    pub tables: Vec<(String, Fill)>,
    /// What countries and networks are looked up in.
    pub databases: Vec<String>,
    /// In what form sources are written.
    pub sources_form: String,
    /// Every point, in the order of the configuration.
    pub points: Vec<PointStatus>,
}

/// One point.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PointStatus {
    /// What is known of it.
    pub state: PointState,
    /// Packets that the kernel has counted since the last drain.
    pub in_kernel: u64,
    /// The port types with most accesses today.
    pub top: Vec<(String, u64)>,
}

fn socket(data_dir: &Path) -> PathBuf {
    data_dir.join("status.sock")
}

/// A socket that listens for `status`.
///
/// # Errors
///
/// If it cannot be created in the data directory.
pub fn listen(data_dir: &Path) -> Result<UnixListener> {
    let path = socket(data_dir);
    // A killed agent leaves it behind; the data directory is locked, so it is nobody's.
    match fs::remove_file(&path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("removing {}", path.display()));
        }
        _ => {}
    }
    UnixListener::bind(&path).with_context(|| {
        format!(
            "listening on {} (a data_dir may have about 90 bytes at most)",
            path.display()
        )
    })
}

/// Answers as long as the agent runs.
pub async fn serve(listener: UnixListener, status: impl Fn() -> Status) {
    loop {
        let mut stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of descriptors, most likely: that passes.
                warn!("accepting a connection for status: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let answer = serde_json::to_vec(&status()).unwrap_or_default();
        tokio::spawn(async move {
            // A reader that does not read gets no answer.
            let write = tokio::time::timeout(Duration::from_secs(2), stream.write_all(&answer));
            if let Ok(Err(error)) = write.await {
                debug!("answering status: {error}");
            }
        });
    }
}

/// Asks the agent that runs on this data directory.
///
/// # Errors
///
/// If none answers.
pub fn ask(data_dir: &Path) -> Result<Status> {
    let path = socket(data_dir);
    let mut stream = match UnixStream::connect(&path) {
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::NotFound | ErrorKind::ConnectionRefused
            ) =>
        {
            bail!(
                "no agent runs on {}: start one with `talot-agent run`, or name the configuration of \
                 the running one with --config",
                data_dir.display()
            );
        }
        stream => stream.with_context(|| format!("connecting to {}", path.display()))?,
    };
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut answer = Vec::new();
    stream
        .read_to_end(&mut answer)
        .with_context(|| format!("reading the agent's answer from {}", path.display()))?;
    serde_json::from_slice(&answer).context(
        "the agent's answer is not that of this version: restart the agent after an upgrade",
    )
}

impl Status {
    /// For people.
    pub fn text(&self) -> Result<String> {
        let Self {
            version,
            since,
            last_drain,
            trouble,
            tables,
            databases,
            sources_form,
            points,
        } = self;
        let mut text = String::new();
        writeln!(text, "talot-agent {version}, running since {since:.0}")?;
        match last_drain {
            Some(moment) => writeln!(text, "last drain {moment:.0}")?,
            None => writeln!(text, "not drained yet")?,
        }
        for trouble in trouble {
            writeln!(text, "TROUBLE: {trouble}")?;
        }
        for (name, Fill { entries, capacity }) in tables {
            writeln!(
                text,
                "table {name}: {entries} keys in the fullest since the last drain, of {capacity}"
            )?;
        }
        for database in databases {
            writeln!(text, "{database}")?;
        }
        writeln!(text, "sources are written as {sources_form}")?;
        for point in points {
            point.write(&mut text)?;
        }
        Ok(text)
    }
}

impl PointStatus {
    fn write(&self, text: &mut String) -> Result<()> {
        let PointState {
            name,
            interface,
            mode,
            xdp_mode,
            addresses,
            day,
            today,
            identity_difference,
            observed_seconds,
            excluded,
        } = &self.state;
        let attached = match xdp_mode {
            Some(mode) => format!("attached to {interface}, {mode} XDP"),
            None => format!("NOT ATTACHED to {interface}"),
        };
        writeln!(text, "\npoint {name} ({mode}): {attached}")?;
        writeln!(text, "  addresses        {addresses}")?;
        writeln!(
            text,
            "  today            {day}, observed {observed_seconds:.0} s"
        )?;
        writeln!(text, "  seen             {}", today.seen)?;
        for disposition in Disposition::ALL {
            writeln!(
                text,
                "    {:<14} {}",
                disposition.name(),
                today.of(disposition)
            )?;
        }
        for (rule, packets) in excluded {
            writeln!(
                text,
                "  excluded by rule {rule}: {packets} since the agent began"
            )?;
        }
        writeln!(text, "  overflow         {}", today.overflow)?;
        writeln!(text, "  missed           {}", today.missed)?;
        writeln!(
            text,
            "  forgotten        {} conversations",
            today.conversations_forgotten
        )?;
        writeln!(text, "  identity         difference {identity_difference}")?;
        writeln!(
            text,
            "  in the kernel    {} packets since the last drain",
            self.in_kernel
        )?;
        let top: Vec<String> = self
            .top
            .iter()
            .map(|(port, packets)| format!("{port} {packets}"))
            .collect();
        writeln!(
            text,
            "  top accesses     {}",
            if top.is_empty() {
                "none".into()
            } else {
                top.join(", ")
            }
        )?;
        Ok(())
    }
}
