//! What stands in the folder, by the names that Talot gives. Whatever has another name is somebody
//! else's: it is neither read nor removed.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

use super::link::Point;

const LAYOUT: &str = "v";
const CONVERSATIONS: &str = "conversations-v";
const LINKS: &str = "links";
/// What is not an instance yet, or not any more, has this before the name: nothing is counted there.
const UNFINISHED: &str = "unfinished-";
/// Digits of an instance's name.
const INSTANCE_DIGITS: usize = 32;

/// Where a layout's instances stand.
pub(super) fn layout(root: &Path, version: u32) -> PathBuf {
    root.join(format!("{LAYOUT}{version}"))
}

/// Where conversations of a version stand.
pub(super) fn conversations(root: &Path, version: u32) -> PathBuf {
    root.join(format!("{CONVERSATIONS}{version}"))
}

/// Where links stand.
pub(super) fn links(root: &Path) -> PathBuf {
    root.join(LINKS)
}

/// The name of a link's pin.
pub(super) fn link_name(point: Point, ifindex: u32) -> String {
    format!("{}-{ifindex}", point.name())
}

/// Every layout that has a folder.
pub(super) fn all_layouts(root: &Path) -> Result<Vec<(u32, PathBuf)>> {
    versions(root, LAYOUT)
}

/// Every version of conversations that has a folder.
pub(super) fn all_conversations(root: &Path) -> Result<Vec<(u32, PathBuf)>> {
    versions(root, CONVERSATIONS)
}

fn versions(root: &Path, prefix: &str) -> Result<Vec<(u32, PathBuf)>> {
    let named = |(name, path): (String, PathBuf)| {
        let version = name.strip_prefix(prefix)?.parse().ok()?;
        (format!("{prefix}{version}") == name && path.is_dir()).then_some((version, path))
    };
    Ok(entries(root)?.into_iter().filter_map(named).collect())
}

/// The folders of the instances of a layout.
pub(super) fn all_instances(layout: &Path) -> Result<Vec<PathBuf>> {
    instances(layout, "")
}

/// The folders of a layout that an agent was killed over: before they were instances, or while they
/// were removed.
pub(super) fn all_unfinished(layout: &Path) -> Result<Vec<PathBuf>> {
    instances(layout, UNFINISHED)
}

fn instances(layout: &Path, prefix: &str) -> Result<Vec<PathBuf>> {
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let named = |(name, path): (String, PathBuf)| {
        let name = name.strip_prefix(prefix)?;
        let is_ours = name.len() == INSTANCE_DIGITS && name.bytes().all(is_digit);
        (is_ours && path.is_dir()).then_some(path)
    };
    Ok(entries(layout)?.into_iter().filter_map(named).collect())
}

/// Where an instance stands before it is whole, and while it is removed.
pub(super) fn unfinished(layout: &Path, name: &str) -> PathBuf {
    layout.join(format!("{UNFINISHED}{name}"))
}

/// Every link: XDP first, for so they are to be detached: nothing shall arrive whose conversation was
/// not noted.
pub(super) fn all_links(root: &Path) -> Result<Vec<(Point, u32, PathBuf)>> {
    let mut all = Vec::new();
    let found = entries(&links(root))?;
    for point in [Point::Xdp, Point::Egress] {
        for (name, path) in &found {
            let ifindex = name
                .strip_prefix(point.name())
                .and_then(|rest| rest.strip_prefix('-')?.parse().ok());
            if let Some(ifindex) = ifindex
                && *name == link_name(point, ifindex)
                && !path.is_dir()
            {
                all.push((point, ifindex, path.clone()));
            }
        }
    }
    Ok(all)
}

/// Removes a folder of pins, which has no folders in it.
pub(super) fn remove_pins(folder: &Path) -> Result<()> {
    for (_, path) in entries(folder)? {
        if !path.is_dir() {
            fs::remove_file(&path).with_context(|| format!("removing {}", path.display()))?;
        }
    }
    remove_if_empty(folder)
}

/// Removes a folder, unless there is something of others in it.
pub(super) fn remove_if_empty(folder: &Path) -> Result<()> {
    match fs::remove_dir(folder) {
        Err(error)
            if !matches!(
                error.kind(),
                ErrorKind::NotFound | ErrorKind::DirectoryNotEmpty
            ) =>
        {
            Err(error).with_context(|| format!("removing {}", folder.display()))
        }
        _ => Ok(()),
    }
}

/// Names and paths in a folder, in order; none if it is not there.
fn entries(folder: &Path) -> Result<Vec<(String, PathBuf)>> {
    let listing = || format!("listing {}", folder.display());
    let found = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        found => found.with_context(listing)?,
    };
    let mut entries = Vec::new();
    for entry in found {
        let entry = entry.with_context(listing)?;
        // A name that is not UTF-8 is none of ours.
        if let Ok(name) = entry.file_name().into_string() {
            entries.push((name, entry.path()));
        }
    }
    entries.sort();
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_another_name_is_neither_seen_nor_removed() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        let instance = "0123456789abcdef".repeat(2);
        let ours = [
            format!("v1/{instance}/owner"),
            "conversations-v1/seed".to_owned(),
            "links/xdp-7".to_owned(),
            "links/egress-7".to_owned(),
            format!("v1/unfinished-{instance}/CONTROL"),
        ];
        let theirs = [
            "v1/foreign/m",
            "v1/unfinished-7/m",
            "v01/x",
            "vm",
            "links/m",
            "links/xdp-07",
            "mine/m",
        ];
        for file in ours.iter().map(String::as_str).chain(theirs) {
            let path = root.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let layouts = all_layouts(root).unwrap();
        assert_eq!(layouts, [(1, root.join("v1"))]);
        let instances = all_instances(&layouts[0].1).unwrap();
        assert_eq!(instances, [root.join("v1").join(&instance)]);
        let unfinished = all_unfinished(&layouts[0].1).unwrap();
        assert_eq!(unfinished, [super::unfinished(&layouts[0].1, &instance)]);
        let links: Vec<(Point, u32)> = all_links(root)
            .unwrap()
            .into_iter()
            .map(|(point, ifindex, _)| (point, ifindex))
            .collect();
        assert_eq!(links, [(Point::Xdp, 7), (Point::Egress, 7)]);

        super::super::sweep(root).unwrap();
        for file in ours {
            assert!(!root.join(&file).exists(), "{file} is left");
        }
        for file in theirs {
            assert!(root.join(file).exists(), "{file} is gone");
        }
    }
}
