//! The program in the kernel against the parser in user space, packet by packet.

use std::time::Instant;

use talot_agent::{
    config::{self, Mode, PointConfig, Prefix, XdpChoice},
    kernel::test_run::{Outcome, SHORTEST_FRAME, TestRun},
};
use talot_common::port_type::Kind;
use talot_tests::random::Random;

use crate::{
    generate, user_space,
    verdict::{Counted, Verdict, WATCHED_V4, WATCHED_V6},
};

/// Packets of the normal suite, and of the long one.
const SAMPLES: [u64; 2] = [5_000, 1_000_000];
/// The program finds the headers of longer frames in their first buffer alone.
const LONGEST: usize = 2048;

#[test]
fn the_kernel_decides_as_user_space_does() {
    let packets = SAMPLES[usize::from(std::env::var_os("TALOT_TEST_LONG").is_some())];
    let mut random = Random::new();
    let mut kernel = TestRun::new(&[dark_point()], &[]).expect("the programs are loaded");
    let mut frame = Vec::new();
    let mut runts = 0;
    let start = Instant::now();
    for number in 0..packets {
        generate::frame(&mut random, &mut frame, LONGEST);
        if frame.len() < SHORTEST_FRAME {
            runts += 1;
            continue;
        }
        let outcome = kernel.decide(&frame).expect("a test run");
        let user_space = user_space::verdict(&frame);
        assert_eq!(
            verdict(outcome),
            user_space,
            "packet {number}: {frame:02x?}"
        );
    }
    let compared = packets - runts;
    println!(
        "{compared} packets in {:?}; {runts} are too short for the kernel",
        start.elapsed()
    );
    assert!(runts < packets / 20);
}

fn dark_point() -> PointConfig {
    let prefix = |text: &str| {
        let (address, length) = text.split_once('/').unwrap();
        Prefix {
            address: address.parse().unwrap(),
            length: length.parse().unwrap(),
        }
    };
    PointConfig {
        name: "dark".to_owned(),
        interface: "none".to_owned(),
        addresses: Some([WATCHED_V4, WATCHED_V6].map(prefix).into()),
        mode: Mode::Dark,
        xdp: XdpChoice::Auto,
        verdict: config::Verdict::Pass,
    }
}

fn verdict(outcome: Outcome) -> Verdict {
    let counted = outcome.counted.map(|(subject, source)| Counted {
        protocol: subject.aim.protocol(),
        port: subject.aim.port(),
        fragment: subject.aim.kind == Kind::Fragment,
        source: source.expect("room for a source"),
    });
    Verdict {
        disposition: outcome.disposition.name(),
        counted,
    }
}
