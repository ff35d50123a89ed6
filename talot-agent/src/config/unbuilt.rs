//! What the configuration's form offers and this version does not do. It is checked like the rest,
//! then refused by name, for to ignore it would count other packets than were asked for.

use super::{PIN_DIR, mistake::Wrong};

struct Unbuilt {
    /// The key's path.
    key: &'static str,
    /// How the file writes it.
    name: &'static str,
    /// The one value that this version lives up to.
    only: Option<&'static str>,
}

const fn unbuilt(key: &'static str, name: &'static str, only: Option<&'static str>) -> Unbuilt {
    Unbuilt { key, name, only }
}

/// All of it. To build one is to take its row out and to carry the value into the `Config`.
const UNBUILT: &[Unbuilt] = &[unbuilt("kernel.pin_dir", "[kernel] pin_dir", Some(PIN_DIR))];

/// Why this key with this value (none: not a string) is refused, if it is.
pub(super) fn refusal(key: &str, value: Option<&str>) -> Option<Wrong> {
    let Unbuilt { name, only, .. } = UNBUILT.iter().find(|unbuilt| unbuilt.key == key)?;
    match (only, value) {
        (Some(only), Some(value)) if *only == value => None,
        (Some(only), Some(value)) => Some(Wrong::new(
            format!("`{name} = {value:?}` is not supported by this version"),
            format!("{only:?}"),
        )),
        _ => Some(Wrong::new(
            format!("`{name}` is not supported by this version: leave it out"),
            "",
        )),
    }
}
