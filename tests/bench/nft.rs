//! The same counting by nftables: a dynamic set of (source, destination port) with a counter in
//! each element, at the ingress hook of the device.

use std::{io::Write as _, process::Stdio};

use anyhow::{Context as _, Result, bail};
use talot_tests::{
    bench::report::Verdict,
    lab::{INTERFACE, Namespace},
};

use crate::nft_counter;

const TABLE: &str = "netdev bench";
const COUNTER: &str = "passed";

/// A table with a set and the rule that fills it.
pub(crate) fn count(namespace: &Namespace, keys: u32, verdict: Verdict) -> Result<()> {
    let verdict = name(verdict);
    // The counter behind the update counts what the update has let through.
    script(
        namespace,
        &format!(
            "table {TABLE} {{
                counter {COUNTER} {{ }}
                set seen {{
                    type ipv4_addr . inet_service
                    size {}
                    flags dynamic
                    counter
                }}
                chain arriving {{
                    type filter hook ingress device \"{INTERFACE}\" priority 0; policy {verdict};
                    tcp flags syn update @seen {{ ip saddr . tcp dport }} counter name {COUNTER} {verdict}
                }}
            }}",
            keys * 2
        ),
    )
}

/// A table that drops everything, behind the packet sockets.
pub(crate) fn drop_all(namespace: &Namespace) -> Result<()> {
    script(
        namespace,
        &format!(
            "table {TABLE} {{ chain arriving {{
                type filter hook ingress device \"{INTERFACE}\" priority 0; policy drop;
            }}
            }}"
        ),
    )
}

const fn name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Drop => "drop",
        Verdict::Pass => "accept",
    }
}

/// Takes either table off.
pub(crate) fn remove(namespace: &Namespace) -> Result<()> {
    script(namespace, &format!("delete table {TABLE}"))
}

/// Packets that the rule has counted.
pub(crate) fn counted(namespace: &Namespace) -> Result<u64> {
    namespace.inside(|| nft_counter::packets("bench", COUNTER))
}

fn script(namespace: &Namespace, text: &str) -> Result<()> {
    let mut command = namespace.command("nft");
    command
        .args(["-f", "-"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command
        .spawn()
        .context("starting nft (Debian's package nftables)")?;
    let mut stdin = child.stdin.take().context("nft's stdin")?;
    stdin.write_all(text.as_bytes()).context("writing to nft")?;
    drop(stdin);
    let output = child.wait_with_output().context("waiting for nft")?;
    if !output.status.success() {
        bail!(
            "nft refuses this:\n{text}\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(())
}
