//! The configuration, from whatever text.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use talot_agent::config::Config;
use talot_common::layout::POINTS;

fuzz_target!(|text: &str| {
    // Nothing is there that a relative path could name.
    match Config::parse(Path::new("/nonexistent/talot.toml"), text) {
        Ok(config) => is_consistent(&config),
        Err(mistakes) => {
            assert!(mistakes.iter().len() > 0, "refused without a reason");
            let printed = mistakes.to_string();
            assert_eq!(
                printed.lines().count(),
                mistakes.iter().len(),
                "one line each"
            );
            let lines = text.lines().count().max(1);
            for mistake in mistakes.iter() {
                assert!(
                    mistake
                        .line()
                        .is_none_or(|line| (1..=lines).contains(&line))
                );
            }
        }
    }
});

fn is_consistent(config: &Config) {
    assert!(config.data_dir.is_absolute() && config.kernel.pin_dir.is_absolute());
    assert!(config.kernel.keys > 0 && config.kernel.keys6 > 0);
    assert!(!config.drain.interval.is_zero() && config.records.keep_days > 0);
    assert!(config.points.len() <= POINTS);
    for (index, point) in config.points.iter().enumerate() {
        let mut name = point.name.bytes();
        let may_begin = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        assert!(name.next().is_some_and(may_begin));
        assert!(name.all(|byte| may_begin(byte) || byte == b'-'));
        let before = &config.points[..index];
        assert!(before.iter().all(|other| other.name != point.name));
        assert!(
            point
                .addresses
                .as_ref()
                .is_none_or(|addresses| !addresses.is_empty())
        );
    }
}
