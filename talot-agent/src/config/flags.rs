//! Values of the configuration that are given on the command line instead, by the same rules.

use toml::de::DeValue;

use super::{mistake::Wrong, points, prefix, prefix::Prefix};

/// Reads an address or a network.
///
/// # Errors
///
/// What is wrong with it, and what would be right.
pub fn prefix_flag(text: &str) -> Result<Prefix, String> {
    prefix::prefix(&DeValue::String(text.into())).map_err(|wrong| message(&wrong))
}

/// Reads a point's name.
///
/// # Errors
///
/// As [`prefix_flag`].
pub fn point_name_flag(text: &str) -> Result<String, String> {
    points::point_name(&DeValue::String(text.into())).map_err(|wrong| message(&wrong))
}

fn message(wrong: &Wrong) -> String {
    format!("{}; allowed: {}", wrong.what, wrong.allowed)
}
