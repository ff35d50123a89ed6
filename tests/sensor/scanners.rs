//! Real scanners, against tcpdump's capture of the same interface, read by tshark.

use std::{
    net::{TcpListener, UdpSocket},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use talot_tests::{
    agent::{Agent, Home},
    capture::Capture,
    lab::{ATTACKER_INTERFACE, ATTACKER_V4, DARK_V4, DARK_V6, Lab, SENSOR_V4, SENSOR_V6, mac},
    oracle::{self, Watched},
    packet::{ATTACKER_MAC, SENSOR_MAC},
    require,
    send::settle,
    shell::attempt,
};

use crate::common::{OFTEN, alone, assert_recorded, dark, live};

const DARK: Watched<'_> = Watched {
    addresses: &[DARK_V4, DARK_V6],
    live: false,
};
const LIVE: Watched<'_> = Watched {
    addresses: &[SENSOR_V4, SENSOR_V6],
    live: true,
};

/// nmap without name resolution and without retries, as fast as it can.
const NMAP: &str = "nmap -n -T5 --max-retries 0 --min-rate 500 --disable-arp-ping";

/// Runs every scan (program and words) against a point, and compares the records with the capture
/// row by row.
fn scan(test: &str, watched: Watched<'_>, scans: &[String]) {
    let name = |scan: &String| scan.split(' ').next().expect("a program").to_owned();
    let mut programs: Vec<String> = scans.iter().map(name).collect();
    programs.extend(["tcpdump".into(), "tshark".into(), "timeout".into()]);
    let programs: Vec<&str> = programs.iter().map(String::as_str).collect();
    if !require::programs(test, &programs) {
        return;
    }
    let _alone = alone();
    let lab = Lab::new();
    // Something is open on the live point.
    let _served = lab.sensor.inside(|| {
        let open = |port| TcpListener::bind(("::", port)).expect("a free port");
        let datagrams = UdpSocket::bind(("::", 9)).expect("a free port");
        ([22, 80].map(open), datagrams)
    });
    let point = if watched.live { live() } else { dark() };
    let home = Home::new(&format!("{point}{OFTEN}"));
    let agent = Agent::start(&lab.sensor, &home);
    let capture = Capture::start(&lab.sensor);
    let chatter = Chatter::begin(&lab);
    for scan in scans {
        println!("{scan}");
        let mut command = lab.attacker.command("timeout");
        let output = attempt(command.arg("60").args(scan.split(' ')));
        // hping3 ends with status 1 when nobody answers.
        let silence = scan.starts_with("hping3") && output.status.code() == Some(1);
        assert!(output.status.success() || silence, "{scan}: {output:?}");
    }
    drop(chatter);
    settle();
    let captured = capture.stop();
    agent.stop();
    captured.check(|captured| {
        let reading = oracle::read(captured, watched);
        println!("{:?}, {} rows", reading.dispositions, reading.rows.len());
        assert!(!reading.rows.is_empty(), "the scanner has sent nothing");
        let coverage = assert_recorded(&home, &reading.rows, &reading.dispositions);
        assert_eq!(coverage.missed, 0);
        check_marks(&home, scans);
    });
}

/// Every SYN of masscan, and everything of ZMap, carries its mark; no other scanner's carries
/// masscan's or Mirai's. (ZMap's is one value of 16 bits, which others may hit upon.)
fn check_marks(home: &Home, scans: &[String]) {
    let by = |program| scans.iter().all(|scan: &String| scan.starts_with(program));
    let accesses = home.sources().into_iter();
    for row in accesses.filter(|row| row.class == "access") {
        let marks = row.marks.as_str();
        if by("masscan") && row.protocol == 6 {
            assert!(matches!(marks, "masscan" | "masscan,zmap"), "{row:?}");
        } else if by("zmap") {
            assert_eq!(marks, "zmap", "{row:?}");
        } else {
            assert!(matches!(marks, "" | "zmap"), "{row:?}");
        }
    }
}

/// Datagrams from the sensor's host to the attacker's: masscan ends only when something arrives.
struct Chatter {
    over: Arc<AtomicBool>,
    speaker: Option<JoinHandle<()>>,
}

impl Chatter {
    fn begin(lab: &Lab) -> Self {
        let bind = |address| UdpSocket::bind((address, 0)).expect("a free port");
        let listens = lab.attacker.inside(|| bind(ATTACKER_V4));
        let speaks = lab.sensor.inside(|| bind(SENSOR_V4));
        let over = Arc::new(AtomicBool::new(false));
        let speaker = thread::spawn({
            let over = Arc::clone(&over);
            move || {
                let to = listens.local_addr().expect("bound");
                while !over.load(Ordering::Relaxed) {
                    speaks.send_to(b"chatter", to).expect("sent");
                    thread::sleep(Duration::from_millis(100));
                }
            }
        });
        Self {
            over,
            speaker: Some(speaker),
        }
    }
}

impl Drop for Chatter {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        let ended = self.speaker.take().map(JoinHandle::join);
        assert!(matches!(ended, Some(Ok(()))) || thread::panicking());
    }
}

/// These kinds of nmap scans of a target.
fn nmap(kinds: &[&str], target: &str) -> Vec<String> {
    let scans = kinds.iter().map(|kind| format!("{NMAP} {kind} {target}"));
    scans.collect()
}

const NMAP_KINDS: [&str; 9] = [
    "-Pn -sS -D 203.0.113.7,203.0.113.8,ME -p 300-350",
    "-Pn -sS -p 1-200",
    "-Pn -sU -p 1-100",
    "-Pn -sN -p 1-100",
    "-Pn -sF -p 1-100",
    "-Pn -sX -p 1-100",
    "-Pn -sA -p 1-100",
    "-sn -PE -PP -PM -PS80 -PA443 -PU40125 -PY9",
    "-Pn -sS -f -p 1-100",
];

const NMAP_KINDS_V6: [&str; 6] = [
    "-6 -Pn -sS -p 1-200",
    "-6 -Pn -sU -p 1-100",
    "-6 -Pn -sN -p 1-100",
    "-6 -Pn -sF -p 1-100",
    "-6 -Pn -sX -p 1-100",
    "-6 -sn -PE -PS80 -PA443 -PU40125",
];

#[test]
fn nmap_at_a_dark_point() {
    let mut scans = nmap(&NMAP_KINDS, "198.51.100.8/31");
    scans.extend(nmap(&NMAP_KINDS_V6, "2001:db8:51::8"));
    scan("nmap_at_a_dark_point", DARK, &scans);
}

#[test]
fn nmap_at_a_live_point() {
    let mut scans = nmap(&NMAP_KINDS, SENSOR_V4);
    scans.extend(nmap(&NMAP_KINDS_V6, SENSOR_V6));
    scan("nmap_at_a_live_point", LIVE, &scans);
}

#[test]
fn masscan_at_a_dark_point() {
    let ends = format!(
        "-e {ATTACKER_INTERFACE} --adapter-mac {} --router-mac {}",
        mac(ATTACKER_MAC),
        mac(SENSOR_MAC),
    );
    let how = "--rate 3000 --wait 0 --retries 0";
    scan(
        "masscan_at_a_dark_point",
        DARK,
        &[
            format!(
                "masscan 198.51.100.0/26 -p 1-40,U:53,U:161 --ping {how} {ends} --adapter-ip {ATTACKER_V4}"
            ),
            format!(
                "masscan 198.51.100.0/28 -p 445 {how} {ends} --adapter-ip 203.0.113.16-203.0.113.31"
            ),
        ],
    );
}

#[test]
fn zmap_at_a_dark_point() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let empty = folder.path().join("empty");
    std::fs::write(&empty, "").expect("an empty file");
    let empty = empty.display();
    let how = format!(
        "-C {empty} -b {empty} -o /dev/null -q -i {ATTACKER_INTERFACE} -S {ATTACKER_V4} -G {} \
         -r 2000 -c 1 --disable-syslog",
        mac(SENSOR_MAC),
    );
    let probes = [
        "-p 443",
        "-M icmp_echoscan",
        "-M udp -p 1900 --probe-args=text:hello",
    ];
    let scans = probes.map(|probe| format!("zmap {probe} {how} {DARK_V4}"));
    scan("zmap_at_a_dark_point", DARK, &scans);
}

/// These kinds of hping3 packets at a target, two hundred each.
fn hping3(kinds: &[&str], target: &str) -> Vec<String> {
    let how = format!("hping3 -n -q -I {ATTACKER_INTERFACE} -c 200 -i u1000");
    let scans = kinds.iter().map(|kind| format!("{how} {kind} {target}"));
    scans.collect()
}

const HPING3_KINDS: [&str; 10] = [
    "-S -p ++1",
    "-A -p ++1",
    "-R -p ++1",
    "-S -A -s 80 -k -p ++1",
    "-F -P -U -p ++1",
    "-S -p 22 -d 64 -f",
    "--udp -p ++1",
    "--icmp",
    "--icmp --icmptype 13",
    "--rawip --ipproto 47 -d 20",
];

#[test]
fn hping3_at_a_dark_point() {
    let mut scans = hping3(&HPING3_KINDS, "198.51.100.9");
    scans.extend(hping3(
        &["-S -p 23 --rand-source", "--udp -p 53 --rand-source"],
        "198.51.100.10",
    ));
    scan("hping3_at_a_dark_point", DARK, &scans);
}

#[test]
fn hping3_at_a_live_point() {
    scan(
        "hping3_at_a_live_point",
        LIVE,
        &hping3(&HPING3_KINDS, SENSOR_V4),
    );
}
