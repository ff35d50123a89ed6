//! The same counting by nftables: a dynamic set of (source, destination port) with a counter in
//! each element, at the ingress hook of the device.

use std::{io::Write as _, process::Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use talot_tests::{
    bench::report::Verdict,
    lab::{INTERFACE, Namespace},
};

const TABLE: &str = "netdev bench";

/// A table with a set and the rule that fills it.
pub(crate) fn count(namespace: &Namespace, keys: u32, verdict: Verdict) -> Result<()> {
    let verdict = name(verdict);
    // The counter behind the update counts what the update has let through.
    script(
        namespace,
        &format!(
            "table {TABLE} {{
                set seen {{
                    type ipv4_addr . inet_service
                    size {}
                    flags dynamic
                    counter
                }}
                chain arriving {{
                    type filter hook ingress device \"{INTERFACE}\" priority 0; policy {verdict};
                    tcp flags syn update @seen {{ ip saddr . tcp dport }} counter {verdict}
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
            }} }}"
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
    let mut command = namespace.command("nft");
    command.args(["--json", "list", "chain", "netdev", "bench", "arriving"]);
    let output = command.output().context("starting nft")?;
    ensure!(
        output.status.success(),
        "nft: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let answer: Value = serde_json::from_slice(&output.stdout).context("nft's JSON")?;
    find_packets(&answer).with_context(|| format!("nft shows no counter: {answer}"))
}

/// The rule's counter, wherever it stands.
fn find_packets(value: &Value) -> Option<u64> {
    match value {
        Value::Object(fields) => fields
            .get("counter")
            .and_then(|counter| counter.get("packets")?.as_u64())
            .or_else(|| fields.values().find_map(find_packets)),
        Value::Array(values) => values.iter().find_map(find_packets),
        _ => None,
    }
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
