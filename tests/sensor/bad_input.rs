//! Wrong configurations and circumstances: a clear message with what to do, and the right exit
//! status.

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::{PermissionsExt as _, chown},
};

use talot_tests::{
    agent::{Agent, Ended, Home, LISTEN, ask},
    lab::{Lab, Namespace},
    shell::text,
};

use crate::common::dark;

/// Checks that a run was refused with this status, and that the message has these words.
pub(crate) fn assert_refused(ended: &Ended, status: i32, words: &[&str]) {
    let Ended { stderr, .. } = ended;
    assert_eq!(ended.status.code(), Some(status), "{stderr}");
    for word in words {
        assert!(
            stderr.contains(word),
            "the message does not say {word:?}:\n{stderr}"
        );
    }
    for word in ["panicked", "RUST_BACKTRACE"] {
        assert!(!stderr.contains(word), "{stderr}");
    }
}

/// Starts `run` with this configuration and waits for it to be refused.
pub(crate) fn refused(namespace: &Namespace, home: &Home, status: i32, words: &[&str]) {
    assert_refused(&Agent::launch(namespace, home).end(), status, words);
}

#[test]
fn a_mistake_is_named_with_its_line_and_what_is_allowed() {
    let lab = Lab::quiet();
    let home = Home::new("");
    let data = format!("data_dir = {:?}\n", home.data());
    for (configuration, words) in [
        ("colour = \"red\"\n", vec![":2:", "colour", "timezone"]),
        ("[[point]\n", vec![":2:"]),
        (
            "timezone = \"Mars/Olympus\"\n",
            vec![":2:", "timezone", "Mars/Olympus"],
        ),
        (
            "\n[[point]]\nname = \"a\"\ninterface = \"x\"\nmode = \"dead\"\n",
            vec![":6:", "mode", "live", "dark"],
        ),
        (
            "[[point]]\nname = \"A B\"\ninterface = \"x\"\n",
            vec![":3:", "name", "A B"],
        ),
        (
            "[drain]\ninterval = \"soon\"\n",
            vec![":3:", "interval", "soon"],
        ),
        ("[metrics]\nlisten = 9464\n", vec![":3:", "listen"]),
        (
            "[kernel]\nkeys = \"many\"\nlocks = 1\n",
            vec![":3:", "keys", ":4:", "locks", "keys6"],
        ),
    ] {
        home.configure_exactly(&format!("{data}{configuration}"));
        for command in ["run", "check", "export", "status"] {
            let more: &[&str] = if command == "export" {
                &["--table", "ports"]
            } else {
                &[]
            };
            let output = ask(&lab.sensor, &home, &[&[command], more].concat());
            let ended = Ended {
                status: output.status,
                stdout: text(&output.stdout),
                stderr: text(&output.stderr),
            };
            assert_refused(&ended, 2, &words);
            assert_refused(&ended, 2, &["talot.toml"]);
        }
    }
}

#[test]
fn wrong_usage_has_status_2() {
    let lab = Lab::quiet();
    let home = Home::new(&dark());
    for words in [
        &["walk"][..],
        &["export"],
        &["export", "--table", "chairs"],
        &["export", "--table", "ports", "--day", "yesterday"],
        &["run", "--colour"],
    ] {
        let output = ask(&lab.sensor, &home, words);
        assert_eq!(
            output.status.code(),
            Some(2),
            "{words:?}: {}",
            text(&output.stderr)
        );
        assert!(output.stdout.is_empty());
    }
    let missing = home.folder().join("missing.toml");
    fs::rename(home.configuration(), &missing).expect("the configuration can be renamed");
    refused(&lab.sensor, &home, 2, &["talot.toml"]);
}

#[test]
fn a_right_configuration_is_said_to_be_right() {
    let lab = Lab::quiet();
    let home = Home::new(&dark());
    let output = ask(&lab.sensor, &home, &["check"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(!home.data().exists(), "a check leaves nothing behind");
}

#[test]
fn a_port_in_use_is_named() {
    let lab = Lab::quiet();
    let home = Home::new(&dark());
    let _holder = lab
        .sensor
        .inside(|| TcpListener::bind(LISTEN).expect("a free port"));
    refused(&lab.sensor, &home, 1, &[LISTEN, "listen"]);
}

#[test]
fn without_root_it_says_what_it_needs() {
    let lab = Lab::quiet();
    let home = Home::new(&dark());
    fs::create_dir(home.data()).expect("the data directory");
    for path in [home.folder().to_owned(), home.data()] {
        chown(&path, Some(65_534), Some(65_534)).expect("a folder of nobody's");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a readable folder");
    }
    let nobody = [
        "setpriv",
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
    ];
    let ended = Agent::launch_by(&lab.sensor, &nobody, &home, &[]).end();
    assert_refused(&ended, 1, &["root"]);
}
