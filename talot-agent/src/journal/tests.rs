use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    thread,
};

use jiff::{ToSpan as _, civil::Date};
use tempfile::TempDir;

use super::{
    Journal, Section,
    model::{Model, Random, day, random_row, random_section, section},
};

fn files(dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(dir) else {
        return Vec::new();
    };
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn drains_of(data_dir: &Path) -> Vec<PathBuf> {
    let mut files = files(&data_dir.join("journal"));
    files.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "drain")
    });
    files
}

fn random_drain(random: &mut Random, day: Date) -> Vec<Section> {
    let points = ["tokyo-1", "osaka-1"];
    let mut sections: Vec<_> = points
        .map(|point| random_section(random, day, point))
        .into();
    if random.below(10) == 0 {
        sections.push(random_section(random, day.tomorrow().unwrap(), "tokyo-1"));
    }
    if random.below(10) == 0 {
        // The same day and point twice in one drain.
        sections.push(random_section(random, day, "osaka-1"));
    }
    sections
}

fn append(journal: &mut Journal, model: &mut Model, mut sections: Vec<Section>) {
    model.add(&sections);
    journal.append(&mut sections).unwrap();
}

#[test]
fn it_holds_what_was_appended_across_merges_reopens_and_closed_days() {
    for seed in 0..2 {
        let mut random = Random(seed);
        let dir = TempDir::new().unwrap();
        let mut journal = Journal::open(dir.path()).unwrap();
        let mut model = Model::default();
        let mut today = day();
        for drain in 1..=400 {
            let sections = random_drain(&mut random, today);
            append(&mut journal, &mut model, sections);
            if random.below(40) == 0 {
                drop(journal);
                journal = Journal::open(dir.path()).unwrap();
                for closed in &journal.days() - &model.days.keys().cloned().collect() {
                    journal.forget(closed.0, &closed.1).unwrap();
                }
            }
            if drain % 150 == 0 {
                for point in ["tokyo-1", "osaka-1"] {
                    journal.forget(today, point).unwrap();
                    model.days.remove(&(today, point.to_owned()));
                }
                today = today.checked_add(1.day()).unwrap();
            }
            if random.below(20) == 0 {
                model.check(journal.drains());
            }
            assert!(
                drains_of(dir.path()).len() <= 3 * super::FAN_IN,
                "drain {drain}"
            );
        }
        model.check(journal.drains());
        // A reader finds what is closed in the records.
        let mut reader = Journal::read_only(dir.path()).unwrap();
        reader.forgotten = journal.drains().forgotten.clone();
        model.check(&reader);
        assert_eq!(files(&dir.path().join("tmp")), [] as [PathBuf; 0]);
        assert_eq!(files(&dir.path().join("damaged")), [] as [PathBuf; 0]);
    }
}

#[test]
fn drains_go_on_and_days_are_forgotten_while_files_are_merged() {
    for seed in 0..6 {
        let mut random = Random(seed);
        let dir = TempDir::new().unwrap();
        let mut journal = Journal::open(dir.path()).unwrap();
        let mut model = Model::default();
        let mut add = |journal: &mut Journal, model: &mut Model, day| {
            let mut sections = random_drain(&mut random, day);
            model.add(&sections);
            journal.add(&mut sections, None).unwrap();
        };
        let tomorrow = day().tomorrow().unwrap();
        for _ in 0..super::FAN_IN {
            add(&mut journal, &mut model, day());
        }
        let merge = journal.due_merge().expect("a merge is due");
        let merged = thread::spawn(|| merge.run().unwrap());
        for _ in 0..3 {
            add(&mut journal, &mut model, tomorrow);
        }
        if seed % 2 == 0 {
            for point in ["tokyo-1", "osaka-1"] {
                journal.forget(day(), point).unwrap();
                model.days.remove(&(day(), point.to_owned()));
            }
        }
        journal.install(merged.join().unwrap()).unwrap();
        model.check(journal.drains());
        assert!(drains_of(dir.path()).len() <= 4, "seed {seed}");
        let forgotten = journal.drains().forgotten.clone();
        drop(journal);
        let mut reader = Journal::read_only(dir.path()).unwrap();
        reader.forgotten = forgotten;
        model.check(&reader);
    }
}

#[test]
fn a_view_is_not_disturbed_by_what_comes_later() {
    let mut random = Random(7);
    let dir = TempDir::new().unwrap();
    let mut journal = Journal::open(dir.path()).unwrap();
    let mut model = Model::default();
    append(&mut journal, &mut model, random_drain(&mut random, day()));
    let (view, then) = (journal.drains().clone(), model.clone());
    let mut rows = view.section(day(), "tokyo-1").unwrap().rows().unwrap();
    let first = rows.next().unwrap().unwrap();
    for _ in 0..20 {
        append(&mut journal, &mut model, random_drain(&mut random, day()));
    }
    journal.forget(day(), "tokyo-1").unwrap();
    then.check(&view);
    let rows: Vec<_> = [first]
        .into_iter()
        .chain(rows.map(Result::unwrap))
        .collect();
    let total = &then.days[&(day(), "tokyo-1".to_owned())];
    assert_eq!(rows, total.rows.values().copied().collect::<Vec<_>>());
}

#[test]
fn a_closed_day_leaves_the_disk_with_its_last_drain() {
    let mut random = Random(8);
    let dir = TempDir::new().unwrap();
    let mut journal = Journal::open(dir.path()).unwrap();
    journal
        .append(&mut [random_section(&mut random, day(), "a")])
        .unwrap();
    let tomorrow = day().tomorrow().unwrap();
    let both = [day(), tomorrow].map(|day| random_section(&mut random, day, "a"));
    journal.append(&mut both.clone()).unwrap();
    journal.forget(day(), "a").unwrap();
    assert_eq!(drains_of(dir.path()).len(), 1);
    assert!(journal.section(day(), "a").is_none());
    let error = journal.append(&mut both.clone()).unwrap_err();
    assert!(
        format!("{error:#}").contains("2026-11-21 of the point `a` is closed"),
        "{error:#}"
    );
    let mut model = Model::default();
    model.add(&both[1..]);
    model.check(journal.drains());
    journal.forget(tomorrow, "a").unwrap();
    assert_eq!(drains_of(dir.path()).len(), 0);
    assert!(journal.days().is_empty());
}

#[test]
fn any_damage_sets_the_file_aside_and_loses_nothing_else() {
    let mut random = Random(3);
    let dir = TempDir::new().unwrap();
    let mut journal = Journal::open(dir.path()).unwrap();
    let mut model = Model::default();
    append(&mut journal, &mut model, random_drain(&mut random, day()));
    let row = random_row(&mut random);
    journal
        .append(&mut [section(day(), "x", vec![row])])
        .unwrap();
    append(&mut journal, &mut model, random_drain(&mut random, day()));
    drop(journal);
    let path = drains_of(dir.path()).remove(1);
    let whole = fs::read(&path).unwrap();
    let cuts = (0..whole.len()).map(|length| whole[..length].to_vec());
    let flips = (0..whole.len()).map(|index| {
        let mut bytes = whole.clone();
        bytes[index] ^= 1 << (index % 8);
        bytes
    });
    let longer = [whole.clone(), vec![0]].concat();
    for damaged in cuts.chain(flips).chain([longer]) {
        fs::write(&path, &damaged).unwrap();
        model.check(&Journal::read_only(dir.path()).unwrap());
        assert!(path.exists(), "a reader changes nothing");
        model.check(Journal::open(dir.path()).unwrap().drains());
        assert!(!path.exists());
        let aside = dir.path().join("damaged").join(path.file_name().unwrap());
        assert_eq!(fs::read(&aside).unwrap(), damaged);
        fs::remove_file(aside).unwrap();
    }
    fs::write(&path, &whole).unwrap();
    let journal = Journal::open(dir.path()).unwrap();
    assert_eq!(
        journal.days().len(),
        model.days.len() + 1,
        "undamaged it is read"
    );
}

#[test]
fn nothing_that_is_set_aside_is_overwritten() {
    let dir = TempDir::new().unwrap();
    let name = "00000000000000000001-00000000000000000001.drain";
    let (journal, damaged) = (dir.path().join("journal"), dir.path().join("damaged"));
    for contents in ["one", "two", "three"] {
        drop(Journal::open(dir.path()).unwrap());
        fs::write(journal.join(name), contents).unwrap();
    }
    fs::write(journal.join("1-1.drain"), "misnamed").unwrap();
    fs::write(journal.join("notes.txt"), "not ours").unwrap();
    assert!(Journal::open(dir.path()).unwrap().days().is_empty());
    let names = [
        "1-1.drain".to_owned(),
        format!("{name}.1"),
        format!("{name}.2"),
        name.into(),
    ];
    let mut expected = names.map(|name| damaged.join(name));
    expected.sort();
    assert_eq!(files(&damaged), expected);
    assert!(journal.join("notes.txt").exists());
}

#[test]
fn another_versions_file_is_an_error_and_stays() {
    let dir = TempDir::new().unwrap();
    let mut journal = Journal::open(dir.path()).unwrap();
    journal.append(&mut [section(day(), "a", vec![])]).unwrap();
    drop(journal);
    let path = drains_of(dir.path()).remove(0);
    let mut bytes = fs::read(&path).unwrap();
    bytes[11] = 9;
    let end = bytes.len() - 32;
    let digest = <sha2::Sha256 as sha2::Digest>::digest(&bytes[..end]);
    bytes[end..].copy_from_slice(&digest);
    fs::write(&path, &bytes).unwrap();
    let error = Journal::open(dir.path()).map(|_| ()).unwrap_err();
    assert!(
        format!("{error:#}").contains("another version of Talot"),
        "{error:#}"
    );
    assert!(path.exists());
}

#[test]
fn leftovers_of_a_crash_count_once() {
    let mut random = Random(4);
    let dir = TempDir::new().unwrap();
    let mut journal = Journal::open(dir.path()).unwrap();
    let mut model = Model::default();
    let mut inputs = Vec::new();
    while drains_of(dir.path()).len() == inputs.len() {
        append(&mut journal, &mut model, random_drain(&mut random, day()));
        let newest = drains_of(dir.path()).pop().unwrap();
        inputs.push((newest.clone(), fs::read(newest).unwrap()));
    }
    // The last one went into the merge at once: what stands there is the merged file.
    let merged = inputs.pop().map(|(path, _)| [path]).unwrap();
    assert_eq!(drains_of(dir.path()), merged);
    drop(journal);
    // Killed after the rename: inputs still stand beside what was merged of them.
    for (path, bytes) in &inputs {
        fs::write(path, bytes).unwrap();
    }
    fs::write(dir.path().join("tmp/something.drain.77.0"), "half").unwrap();
    model.check(&Journal::read_only(dir.path()).unwrap());
    assert_eq!(drains_of(dir.path()).len(), 16);
    let mut journal = Journal::open(dir.path()).unwrap();
    assert_eq!(drains_of(dir.path()), merged);
    assert_eq!(files(&dir.path().join("tmp")), [] as [PathBuf; 0]);
    model.check(journal.drains());
    append(&mut journal, &mut model, random_drain(&mut random, day()));
    model.check(journal.drains());
    drop(journal);
    // What overlaps without lying inside is set aside.
    let overlapping = dir.path().join("journal").join(
        super::Span {
            first: 9,
            last: 16 + 1,
        }
        .file_name(),
    );
    let newest = drains_of(dir.path()).pop().unwrap();
    fs::rename(newest, overlapping).unwrap();
    Journal::open(dir.path()).unwrap();
    assert_eq!(drains_of(dir.path()), merged);
    assert_eq!(files(&dir.path().join("damaged")).len(), 1);
}

#[test]
fn a_drain_that_failed_can_be_appended_again() {
    let mut random = Random(5);
    let dir = TempDir::new().unwrap();
    let mut journal = Journal::open(dir.path()).unwrap();
    let mut model = Model::default();
    append(&mut journal, &mut model, random_drain(&mut random, day()));
    let mut sections = random_drain(&mut random, day());
    fs::remove_dir(dir.path().join("tmp")).unwrap();
    let error = journal.append(&mut sections).unwrap_err();
    assert!(format!("{error:#}").contains("creating "), "{error:#}");
    model.check(journal.drains());
    fs::create_dir(dir.path().join("tmp")).unwrap();
    journal.append(&mut sections).unwrap();
    model.add(&sections);
    model.check(journal.drains());
    journal.append(&mut []).unwrap();
    assert_eq!(drains_of(dir.path()).len(), 2);
}

#[test]
fn a_merge_that_fails_loses_nothing_and_is_tried_again() {
    let mut random = Random(9);
    let dir = TempDir::new().unwrap();
    let mut journal = Journal::open(dir.path()).unwrap();
    let mut model = Model::default();
    let name = super::Span { first: 1, last: 16 }.file_name();
    let in_the_way = dir.path().join("journal").join(name);
    fs::create_dir(&in_the_way).unwrap();
    for _ in 0..31 {
        append(&mut journal, &mut model, random_drain(&mut random, day()));
    }
    model.check(journal.drains());
    fs::remove_dir(in_the_way).unwrap();
    assert_eq!(drains_of(dir.path()).len(), 31);
    append(&mut journal, &mut model, random_drain(&mut random, day()));
    assert_eq!(drains_of(dir.path()).len(), 1);
    model.check(journal.drains());
    assert_eq!(files(&dir.path().join("tmp")), [] as [PathBuf; 0]);
}

#[test]
fn one_agent_writes_and_others_read() {
    let dir = TempDir::new().unwrap();
    let journal = Journal::open(dir.path()).unwrap();
    let error = Journal::open(dir.path()).map(|_| ()).unwrap_err();
    assert!(
        format!("{error:#}").contains("in use by another talot-agent"),
        "{error:#}"
    );
    assert!(Journal::read_only(dir.path()).unwrap().days().is_empty());
    drop(journal);
    Journal::open(dir.path()).unwrap();
    let missing = dir.path().join("missing");
    let error = Journal::read_only(&missing).unwrap_err();
    assert!(format!("{error:#}").contains("missing"), "{error:#}");
    assert!(!missing.exists());
}

#[test]
fn a_reader_beside_the_agent_sees_every_drain_once() {
    const DRAINS: u64 = 700;
    let dir = TempDir::new().unwrap();
    let mut journal = Journal::open(dir.path()).unwrap();
    let mut row = random_row(&mut Random(6));
    row.packets = 1;
    let appended = AtomicU64::new(0);
    thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..DRAINS {
                journal
                    .append(&mut [section(day(), "a", vec![row])])
                    .unwrap();
                appended.fetch_add(1, Ordering::SeqCst);
            }
        });
        while appended.load(Ordering::SeqCst) < DRAINS {
            let before = appended.load(Ordering::SeqCst);
            let drains = Journal::read_only(dir.path()).unwrap();
            let after = appended.load(Ordering::SeqCst);
            let Some(merged) = drains.section(day(), "a") else {
                assert_eq!(before, 0);
                continue;
            };
            let rows: Vec<_> = merged.rows().unwrap().map(Result::unwrap).collect();
            let seen = merged.tally.seen;
            // One more may be durable than is counted here.
            assert!(
                (before..=after + 1).contains(&seen),
                "{before} {seen} {after}"
            );
            assert_eq!([rows.len() as u64, rows[0].packets], [1, seen]);
        }
    });
}

/// Found by fuzzing: the sum of two such figures was a panic.
#[test]
fn sums_that_no_table_holds_stay_the_largest() {
    let dir = TempDir::new().unwrap();
    let mut journal = Journal::open(dir.path()).unwrap();
    let mut row = random_row(&mut Random(7));
    row.packets = u64::MAX;
    let mut section = section(day(), "tokyo-1", vec![row]);
    section.observation.observed_us = i64::MAX;
    for _ in 0..2 {
        journal.append(std::slice::from_mut(&mut section)).unwrap();
    }
    let merged = journal.section(day(), "tokyo-1").unwrap();
    assert_eq!(merged.tally.seen, u64::MAX);
    assert_eq!(merged.observation.observed_us, i64::MAX);
    let rows: Vec<_> = merged.rows().unwrap().map(Result::unwrap).collect();
    assert_eq!(rows, [row]);
}
