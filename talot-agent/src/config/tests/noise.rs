use std::fs;

use super::{Config, EXAMPLE, parse};

/// A linear congruential generator (Knuth, MMIX): the same bytes at every run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % end
    }
}

#[test]
fn nothing_makes_it_panic() {
    let print = |text: &str| {
        if let Err(mistakes) = parse(text) {
            assert!(mistakes.iter().len() > 0, "{text:?}");
            let lines = text.lines().count().max(1);
            for mistake in mistakes.iter() {
                assert!(
                    mistake
                        .line()
                        .is_none_or(|line| (1..=lines).contains(&line)),
                    "{text:?}"
                );
            }
            assert_eq!(
                mistakes.to_string().lines().count(),
                mistakes.iter().len(),
                "{text:?}"
            );
        }
    };
    let mut random = Random(2011);
    for end in 0..=EXAMPLE.len() {
        if EXAMPLE.is_char_boundary(end) {
            print(&EXAMPLE[..end]);
        }
    }
    let pieces: Vec<char> = "[]{}\"'=.,#\n\r\t\0 0123456789-+_:/azTZ\u{e9}\u{feff}"
        .chars()
        .collect();
    for _ in 0..3_000 {
        let mut text: Vec<char> = EXAMPLE.chars().collect();
        for _ in 0..=random.below(8) {
            let at = random.below(text.len());
            match random.below(3) {
                0 => text[at] = pieces[random.below(pieces.len())],
                1 => text.insert(at, pieces[random.below(pieces.len())]),
                _ => drop(text.drain(at..(at + random.below(40)).min(text.len()))),
            }
        }
        print(&text.iter().collect::<String>());
        let noise: String = (0..random.below(60))
            .map(|_| pieces[random.below(pieces.len())])
            .collect();
        print(&noise);
    }
}

#[test]
fn nor_do_random_bytes_in_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("talot.toml");
    let mut random = Random(1102);
    for _ in 0..300 {
        let mut bytes = EXAMPLE.as_bytes()[..random.below(EXAMPLE.len())].to_vec();
        for _ in 0..=random.below(20) {
            bytes.insert(random.below(bytes.len() + 1), random.below(256) as u8);
        }
        fs::write(&file, &bytes).unwrap();
        if let Err(mistakes) = Config::load(&file) {
            let lines = mistakes.to_string().lines().count();
            assert_eq!(lines, mistakes.iter().len(), "{bytes:?}");
        }
    }
}
