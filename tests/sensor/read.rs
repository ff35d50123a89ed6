//! `talot-agent read`: the same records from a capture as the sensor's, as tshark reads it too.

use std::{fs, path::Path, process::Command};

use talot_tests::{
    agent::Home,
    capture::{Capture, Captured},
    cases,
    lab::{DARK_V4, DARK_V6, Lab, SENSOR_V4, SENSOR_V6, mac},
    oracle::{self, Reading, Watched},
    packet::SENSOR_MAC,
    random::Random,
    require,
    send::Sender,
    shell::{attempt, run, text},
};

use crate::common::{assert_recorded, dark, live};

/// The programs that make and read the captures.
const PROGRAMS: [&str; 4] = ["tcpdump", "tshark", "editcap", "gzip"];

/// Every kind of packet, in a random order, on its way to the sensor and captured there.
fn handmade() -> Captured {
    let mut cases = cases::all();
    Random::new().shuffle(&mut cases);
    let frames: Vec<(Vec<u8>, u32)> = cases.into_iter().map(|case| (case.frame, 2)).collect();
    let lab = Lab::quiet();
    let capture = Capture::start(&lab.sensor);
    Sender::open(&lab).send_counted(&frames);
    capture.stop()
}

/// The capture without what the sensor's host has sent: of that, frames do not say who sent it.
fn inbound(captured: &Captured, to: &Path) {
    let filter = format!("eth.src != {}", mac(SENSOR_MAC));
    let mut tshark = Command::new("tshark");
    tshark.arg("-r").arg(captured.path()).args(["-Y", &filter]);
    run(tshark.args(["-F", "pcap", "-w"]).arg(to));
}

/// Reads a capture with this configuration, and compares the records with what tshark reads.
fn check(configuration: &str, capture: &Path, expected: &Reading) {
    let home = Home::new(configuration);
    let name = capture.to_str().expect("a plain path");
    let said = text(&run(&mut home.command(&["read", name])).stdout);
    println!("{said}");
    let coverage = assert_recorded(&home, &expected.rows, &expected.dispositions);
    assert!(
        coverage.note.contains("read from a capture: "),
        "{coverage:?}"
    );
    assert_eq!((coverage.overflow, coverage.missed), (0, 0));
    assert_eq!(coverage.conversations_forgotten, 0);
}

#[test]
fn records_what_tshark_reads_in_every_format_that_editcap_writes() {
    const TEST: &str = "read::records_what_tshark_reads_in_every_format_that_editcap_writes";
    if !require::programs(TEST, &PROGRAMS) {
        return;
    }
    const DARK: Watched<'_> = Watched {
        addresses: &[DARK_V4, DARK_V6],
        live: false,
    };
    handmade().check(|captured| {
        let expected = oracle::read(captured, DARK);
        assert!(expected.rows.len() > 100, "{} rows", expected.rows.len());
        let folder = tempfile::tempdir().expect("a temporary folder");
        let capture = folder.path().join("inbound");
        inbound(captured, &capture);
        check(&dark(), &capture, &expected);
        for format in ["pcap", "nsecpcap", "pcapng"] {
            let copy = folder.path().join(format);
            let mut editcap = Command::new("editcap");
            run(editcap.args(["-F", format]).args([&capture, &copy]));
            check(&dark(), &copy, &expected);
            run(Command::new("gzip").arg(&copy));
            check(&dark(), &copy.with_extension("gz"), &expected);
        }
    });
}

#[test]
fn what_a_live_host_answers_to_is_as_tshark_reads_it() {
    const TEST: &str = "read::what_a_live_host_answers_to_is_as_tshark_reads_it";
    if !require::programs(TEST, &[&PROGRAMS[..], &["ping", "nmap"]].concat()) {
        return;
    }
    const LIVE: Watched<'_> = Watched {
        addresses: &[SENSOR_V4, SENSOR_V6],
        live: true,
    };
    let lab = Lab::new();
    let capture = Capture::start(&lab.sensor);
    let scan = format!("nmap -n -Pn -T5 --max-retries 0 -sS -p 1-200 {SENSOR_V4}");
    run(lab
        .attacker
        .command("timeout")
        .arg("60")
        .args(scan.split(' ')));
    let ping = format!("-n -c 3 -i 0.2 {}", talot_tests::lab::ATTACKER_V4);
    run(lab.sensor.command("ping").args(ping.split(' ')));
    talot_tests::send::settle();
    capture.stop().check(|captured| {
        let expected = oracle::read(captured, LIVE);
        assert!(
            expected.count("access") >= 200,
            "{:?}",
            expected.dispositions
        );
        assert!(
            expected.count("solicited") >= 3,
            "{:?}",
            expected.dispositions
        );
        let configuration = live().replace(
            "mode =",
            &format!("addresses = [\"{SENSOR_V4}\", \"{SENSOR_V6}\"]\nmode ="),
        );
        let home = Home::new(&configuration);
        let path = captured.path();
        run(&mut home.command(&["read", path.to_str().expect("a plain path")]));
        let counted = talot_tests::records::counted(&home.sources());
        talot_tests::rows::assert_same("sources", &expected.rows, &counted);
        let [coverage] = home.coverage().try_into().expect("one coverage record");
        // Of what the host sends by other addresses than the point's, the capture does not say who
        // sent it; all of it is link control or elsewhere.
        let compared = ["malformed", "solicited", "backscatter", "stray", "access"];
        for disposition in compared {
            assert_eq!(
                coverage.dispositions()[disposition],
                expected.count(disposition),
                "{disposition}"
            );
        }
    });
}

#[test]
fn of_a_capture_cut_off_what_is_there_is_recorded_with_status_1() {
    const TEST: &str = "read::of_a_capture_cut_off_what_is_there_is_recorded_with_status_1";
    if !require::programs(TEST, &PROGRAMS) {
        return;
    }
    handmade().check(|captured| {
        let bytes = fs::read(captured.path()).expect("the capture");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let cut = folder.path().join("cut.pcap");
        fs::write(&cut, &bytes[..bytes.len() - 1]).expect("the cut capture");
        let home = Home::new(&dark());
        let name = cut.to_str().expect("a plain path");
        let output = attempt(&mut home.command(&["read", name]));
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let said = text(&output.stderr);
        assert!(said.contains("cut.pcap is damaged at byte "), "{said}");
        let [coverage] = home.coverage().try_into().expect("one coverage record");
        let whole = Home::new(&dark());
        let path = captured.path();
        run(&mut whole.command(&["read", path.to_str().expect("a plain path")]));
        let [complete] = whole.coverage().try_into().expect("one coverage record");
        assert_eq!(coverage.seen, complete.seen - 1);
        let again = attempt(&mut home.command(&["read", path.to_str().expect("a plain path")]));
        assert_eq!(again.status.code(), Some(1), "{again:?}");
        assert!(
            text(&again.stderr).contains("nothing was written"),
            "{again:?}"
        );
    });
}

#[test]
fn the_kernels_program_decides_the_same() {
    const TEST: &str = "read::the_kernels_program_decides_the_same";
    if !require::programs(TEST, &PROGRAMS) {
        return;
    }
    let rules = "[[exclude]]\nport = 23\n[[exclude]]\nprotocol = \"icmpv6\"\n";
    handmade().check(|captured| {
        for rules in ["", rules] {
            let home = Home::new(&format!("{}{rules}", dark()));
            let path = captured.path();
            let words = ["read", "--kernel", path.to_str().expect("a plain path")];
            let said = text(&run(&mut home.command(&words)).stdout);
            assert!(said.contains(" packets compared, 0 differ;"), "{said}");
            let [coverage] = home.coverage().try_into().expect("one coverage record");
            assert_eq!(coverage.excluded > 0, !rules.is_empty(), "{coverage:?}");
        }
    });
}

#[test]
fn packets_captured_without_their_headers_are_named() {
    const TEST: &str = "read::packets_captured_without_their_headers_are_named";
    if !require::programs(TEST, &PROGRAMS) {
        return;
    }
    handmade().check(|captured| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let cut = folder.path().join("cut");
        let mut editcap = Command::new("editcap");
        run(editcap.args(["-s", "40"]).args([&captured.path(), &cut]));
        let coverage = [captured.path(), cut].map(|capture| {
            let home = Home::new(&dark());
            run(&mut home.command(&["read", capture.to_str().expect("a plain path")]));
            let [coverage] = home.coverage().try_into().expect("one coverage record");
            coverage
        });
        let [whole, cut] = coverage;
        assert!(!whole.note.contains("too little"), "{whole:?}");
        assert_eq!(whole.seen, cut.seen);
        let more = cut.malformed - whole.malformed;
        assert!(more > 0, "{cut:?}");
        let named = cut.note.split(", ").find_map(|part| {
            let number = part.strip_suffix(" of which the capture holds too little")?;
            number.split(' ').next()?.parse().ok()
        });
        // Some would be malformed in any case.
        assert!(named.is_some_and(|named: i64| named >= more), "{cut:?}");
    });
}

#[test]
fn without_addresses_it_refuses_with_status_2() {
    let home = Home::new(&live());
    let folder = tempfile::tempdir().expect("a temporary folder");
    let empty = folder.path().join("empty.pcap");
    fs::write(&empty, b"").expect("a file");
    let output = attempt(&mut home.command(&["read", empty.to_str().expect("a plain path")]));
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(
        text(&output.stderr).contains("which addresses"),
        "{output:?}"
    );
}
