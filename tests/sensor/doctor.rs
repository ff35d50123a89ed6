//! `doctor` says what iproute2 and ethtool say, and what `run` does then.

use talot_tests::{
    agent::{Agent, Home, ask, program},
    foreign,
    lab::{INTERFACE, Lab, Namespace},
    require,
    shell::{attempt, run, text},
};

use crate::{
    bad_input::refused,
    common::{OFTEN, dark},
};

/// What it has said, with its exit status.
struct Said {
    status: Option<i32>,
    lines: String,
    stderr: String,
}

impl Said {
    fn of(output: &std::process::Output) -> Self {
        Self {
            status: output.status.code(),
            lines: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }

    fn ask(namespace: &Namespace, home: &Home) -> Self {
        Self::of(&ask(namespace, home, &["doctor"]))
    }

    /// Grade and words of one line.
    fn about(&self, what: &str) -> (&str, &str) {
        let mut lines = self.lines.lines().filter_map(|line| {
            let (grade, rest) = line.split_once(' ')?;
            let says = rest.trim_start().strip_prefix(what)?;
            says.starts_with("  ").then_some((grade, says.trim_start()))
        });
        lines
            .next()
            .unwrap_or_else(|| panic!("nothing about {what}:\n{}", self.lines))
    }

    fn assert_missing(&self, what: &str, words: &str) {
        let (grade, says) = self.about(what);
        assert!(grade == "missing" && says.contains(words), "{}", self.lines);
        assert_eq!(self.status, Some(1), "{}", self.stderr);
        assert!(
            self.stderr.contains("run would not work here"),
            "{}",
            self.stderr
        );
    }
}

/// What a program of the namespace prints about the interface, as the value of a line `name: value`.
fn value(namespace: &Namespace, words: &[&str], name: &str) -> String {
    let output = text(&run(namespace.command(words[0]).args(&words[1..])).stdout);
    let line = output
        .lines()
        .find_map(|line| line.trim().strip_prefix(name)?.strip_prefix(": "));
    let value = line.unwrap_or_else(|| panic!("no {name} in {output}"));
    value.split(' ').next().expect("a value").to_owned()
}

#[test]
fn it_says_of_the_interface_what_ethtool_and_ip_say() {
    const TEST: &str = "it_says_of_the_interface_what_ethtool_and_ip_say";
    if !require::programs(TEST, &["ethtool"]) {
        return;
    }
    let lab = Lab::quiet();
    let home = Home::new(&format!("{}{OFTEN}", dark()));
    let sensor = &lab.sensor;
    let name = |what: &str| format!("{INTERFACE} {what}");
    for (mtu, vlan) in [(1500, "on"), (1400, "off"), (9000, "on")] {
        sensor.ip(&format!("link set {INTERFACE} mtu {mtu}"));
        run(sensor
            .command("ethtool")
            .args(["-K", INTERFACE, "rxvlan", vlan]));
        let said = Said::ask(sensor, &home);
        let driver = value(sensor, &["ethtool", "-i", INTERFACE], "driver");
        let (_, says) = said.about(&name("driver"));
        assert!(
            says.starts_with(&format!("{driver}; ")),
            "{says} for {driver}"
        );
        let link = text(&run(sensor.command("ip").args(["link", "show", INTERFACE])).stdout);
        let (_, says) = said.about(&name("MTU"));
        assert!(link.contains(&format!(" mtu {says} ")), "{says} for {link}");
        for (what, feature) in [
            ("LRO", "large-receive-offload"),
            ("VLAN offload", "rx-vlan-offload"),
        ] {
            let is = value(sensor, &["ethtool", "-k", INTERFACE], feature);
            let (_, says) = said.about(&name(what));
            assert!(says.starts_with(&is), "{what}: {says} for {is}");
        }
        assert_eq!(
            value(sensor, &["ethtool", "-k", INTERFACE], "rx-vlan-offload"),
            vlan
        );
        assert_eq!(said.status, Some(0), "{}{}", said.lines, said.stderr);
        for what in [
            "kernel",
            "BTF",
            "capabilities",
            "programs",
            "memory",
            "BPF file system",
        ] {
            assert_eq!(said.about(what).0, "ok", "{}", said.lines);
        }
        let release = text(&run(sensor.command("uname").arg("-r")).stdout);
        assert_eq!(said.about("kernel").1, release.trim());
    }
    // And nothing of all that was attached or pinned.
    let link = run(sensor
        .command("ip")
        .args(["-details", "link", "show", INTERFACE]));
    assert!(!text(&link.stdout).contains("xdp"));
    assert!(!home.pins().exists());
}

/// The mode that it foretells is that of `run`: a veth has native XDP, a loopback device has none.
#[test]
fn it_foretells_the_mode() {
    let lab = Lab::quiet();
    let home = Home::new("");
    for (interface, mode, grade) in [(INTERFACE, "native", "ok"), ("lo", "generic", "warning")] {
        home.configure(&format!("{}{OFTEN}", dark().replace(INTERFACE, interface)));
        let said = Said::ask(&lab.sensor, &home);
        let (is, says) = said.about(&format!("{interface} driver"));
        assert!(is == grade && says.contains(mode), "{}", said.lines);
        assert_eq!(said.status, Some(0), "{}", said.stderr);
        let agent = Agent::start(&lab.sensor, &home);
        let labels = [("xdp_mode", mode)];
        assert_eq!(agent.metrics().sum("talot_attached", &labels), Some(1));
        // While an agent runs, its program and its address are in nobody's way.
        let said = Said::ask(&lab.sensor, &home);
        assert!(said.about("metrics").1.starts_with("an agent runs already"));
        assert_eq!(said.status, Some(0), "{}{}", said.lines, said.stderr);
        agent.stop();
    }
    home.configure(
        &dark()
            .replace(INTERFACE, "lo")
            .replace("mode =", "xdp = \"native\"\nmode ="),
    );
    Said::ask(&lab.sensor, &home).assert_missing("lo driver", "no native XDP");
    refused(&lab.sensor, &home, 1, &["native"]);
}

#[test]
fn where_it_misses_something_run_is_refused() {
    let lab = Lab::quiet();
    let home = Home::new(&dark().replace(INTERFACE, "nowhere0"));
    Said::ask(&lab.sensor, &home).assert_missing("nowhere0", "there is no interface");
    refused(&lab.sensor, &home, 1, &["nowhere0"]);

    home.configure(&dark());
    let program_of_others = foreign::Program::attach(&lab.sensor, foreign::Mode::Native);
    Said::ask(&lab.sensor, &home).assert_missing(INTERFACE, "another XDP program");
    refused(&lab.sensor, &home, 1, &["another XDP program"]);
    drop(program_of_others);

    let taken = lab
        .sensor
        .inside(|| std::net::TcpListener::bind("127.0.0.1:9464"));
    let taken = taken.expect("an address");
    Said::ask(&lab.sensor, &home).assert_missing("metrics", "listen");
    refused(&lab.sensor, &home, 1, &["listen"]);
    drop(taken);

    home.configure(&format!(
        "{}[geo]\ncountry = \"/nowhere/country.mmdb\"\n",
        dark()
    ));
    Said::ask(&lab.sensor, &home).assert_missing("databases", "/nowhere/country.mmdb");
    refused(&lab.sensor, &home, 1, &["/nowhere/country.mmdb"]);

    home.configure(&format!(
        "{}[privacy]\nsources = \"anonymise\"\nkey_file = \"/nowhere/key\"\n",
        dark()
    ));
    Said::ask(&lab.sensor, &home).assert_missing("sources", "/nowhere/key");
    refused(&lab.sensor, &home, 1, &["/nowhere/key"]);
}

#[test]
fn a_root_without_capabilities_is_told_which() {
    let lab = Lab::quiet();
    let home = Home::new(&dark());
    let without = |command: &str| {
        let program = program();
        let mut words = lab.sensor.command("setpriv");
        words.args(["--bounding-set", "-bpf,-perfmon,-net_admin,-sys_admin"]);
        words.args([program.to_str().expect("UTF-8"), command, "--config"]);
        Said::of(&attempt(words.arg(home.configuration())))
    };
    let said = without("doctor");
    said.assert_missing("capabilities", "CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN");
    said.assert_missing("programs", "not tried");
    assert_eq!(without("run").status, Some(1));
}
