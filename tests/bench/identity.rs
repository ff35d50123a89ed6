//! Whether what is measured is what `talot-agent run` attaches.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use talot_tests::{
    agent::{Agent, Home},
    lab::{INTERFACE, Lab},
};

use crate::{
    contestant::Contestant as _,
    ours::{self, Ours},
    world::{FEW, Setting},
};

/// Starts the agent, and stops where its program is another than the bench's.
pub(crate) fn check(lab: &Lab) -> Result<()> {
    let home = Home::new(&Setting::DARK.text(INTERFACE));
    let agent = Agent::start(&lab.sensor, &home);
    let output = lab
        .sensor
        .command("ip")
        .args(["-details", "-json", "link", "show", "dev", INTERFACE])
        .output()
        .context("starting ip")?;
    agent.stop();
    let answer: Value = serde_json::from_slice(&output.stdout).context("ip's JSON")?;
    let attached = answer[0]["xdp"]["prog"]["tag"]
        .as_str()
        .with_context(|| format!("ip shows no XDP program: {answer}"))?;
    let measured = Ours::load(ours::capacity(4, FEW), Setting::DARK)?.tag()?;
    ensure!(
        attached == measured,
        "the agent attaches program {attached}, and {measured} would be measured: build both anew"
    );
    eprintln!("program {measured}, which the agent attaches");
    Ok(())
}
