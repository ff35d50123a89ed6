//! Which points a capture is for.

use clap::Parser;

use crate::{
    capture::{Arguments, Usage},
    config::{Config, Mistakes, Mode},
};

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    arguments: Arguments,
}

fn configuration(words: &[&str]) -> anyhow::Result<Config> {
    let words = ["read", "capture.pcap"].iter().chain(words);
    Line::try_parse_from(words)?.arguments.configuration()
}

fn with_file(text: &str, words: &[&str]) -> anyhow::Result<Config> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    let path = file.path().to_str().unwrap();
    configuration(&[&["--config", path], words].concat())
}

fn names(config: &Config) -> Vec<&str> {
    config
        .points
        .iter()
        .map(|point| point.name.as_str())
        .collect()
}

const TWO_INTERFACES: &str = "
    [[point]]
    name = \"a\"
    interface = \"eth0\"
    addresses = [\"192.0.2.1\"]
    [[point]]
    name = \"b\"
    interface = \"eth1\"
    addresses = [\"198.51.100.0/24\"]
    mode = \"dark\"
    [[point]]
    name = \"c\"
    interface = \"eth1\"
    addresses = [\"198.51.100.0/28\"]
    [[point]]
    name = \"d\"
    interface = \"eth2\"
";

#[test]
fn flags_make_one_point() {
    let config = configuration(&["--address", "198.51.100.0/24", "--address", "2001:db8::7"]);
    let config = config.unwrap();
    assert_eq!(
        (names(&config), config.points[0].mode),
        (vec!["capture"], Mode::Live)
    );
    let flags = [
        "--address",
        "192.0.2.1",
        "--mode",
        "dark",
        "--point",
        "mine",
        "--data-dir",
        "/x",
    ];
    let config = configuration(&flags).unwrap();
    assert_eq!(
        (names(&config), config.points[0].mode),
        (vec!["mine"], Mode::Dark)
    );
    assert_eq!(config.data_dir.to_str(), Some("/x"));
}

#[test]
fn a_named_point_brings_those_of_its_interface() {
    let named = |name| with_file(TWO_INTERFACES, &["--point", name]);
    assert_eq!(names(&named("a").unwrap()), ["a"]);
    assert_eq!(names(&named("c").unwrap()), ["b", "c"]);
}

#[test]
fn what_a_capture_cannot_say_must_be_said() {
    let cases = [
        (configuration(&[]), "give a configuration"),
        (with_file("", &[]), "has no [[point]]"),
        (with_file(TWO_INTERFACES, &[]), "choose one with --point"),
        (
            with_file(TWO_INTERFACES, &["--point", "e"]),
            "there are a, b, c, d",
        ),
        (with_file(TWO_INTERFACES, &["--point", "d"]), "point d: "),
    ];
    for (result, says) in cases {
        let error = result.unwrap_err();
        assert!(error.is::<Usage>(), "{error}");
        assert!(error.to_string().contains(says), "{error}");
    }
    assert!(with_file("nonsense", &[]).unwrap_err().is::<Mistakes>());
    for wrong in [
        ["--address", "192.0.2.1/24"],
        ["--address", "192.0.2.0/33"],
        ["--point", "Big"],
        ["--mode", "dead"],
    ] {
        let error = configuration(&wrong).unwrap_err();
        assert!(error.is::<clap::Error>(), "{error}");
    }
    assert!(with_file(TWO_INTERFACES, &["--address", "192.0.2.1"]).is_err());
}
