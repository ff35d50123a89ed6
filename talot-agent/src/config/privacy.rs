//! In what form records name sources.

use std::path::{Path, PathBuf};

use super::{
    document::At,
    mistake::Wrong,
    section::Section,
    values::{choice, integer, path},
};

/// What `[privacy]` asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Privacy {
    /// Sources are written as they are.
    #[default]
    Plain,
    /// By pseudonyms.
    Anonymise {
        /// Where their key stands.
        key_file: PathBuf,
    },
    /// By their networks.
    Truncate {
        /// Bits of an IPv4 address that stay.
        v4: u8,
        /// Bits of an IPv6 address that stay.
        v6: u8,
    },
    /// Not at all.
    None,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Plain,
    Anonymise,
    Truncate,
    None,
}

impl Form {
    const ALL: [Self; 4] = [Self::Plain, Self::Anonymise, Self::Truncate, Self::None];

    fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Anonymise => "anonymise",
            Self::Truncate => "truncate",
            Self::None => "none",
        }
    }
}

/// Reads the table. What is wrong with it leaves sources as they are, in a configuration that is
/// refused.
pub(super) fn privacy(section: &mut Section<'_>, directory: &Path) -> Privacy {
    let form = section.right_or("sources", Form::Plain, |value| {
        choice(value, &Form::ALL, Form::name)
    });
    let has_key_file = section.has("key_file");
    let key_file = section.get("key_file", |value| path(value, directory));
    let v4 = section.get("v4", |value| integer(value, 0..=32u8));
    let v6 = section.get("v6", |value| integer(value, 0..=128u8));
    let parameters = [
        (
            "key_file",
            key_file.as_ref().map(|given| given.at),
            Form::Anonymise,
        ),
        ("v4", v4.as_ref().map(|given| given.at), Form::Truncate),
        ("v6", v6.as_ref().map(|given| given.at), Form::Truncate),
    ];
    let Some(At { at, value: sources }) = form else {
        return Privacy::Plain;
    };
    for (key, given, form) in parameters {
        if let Some(at) = given
            && sources != form
        {
            let (form, sources) = (form.name(), sources.name());
            let what = format!("means nothing with sources = {sources:?}");
            section.note(
                at,
                key,
                Wrong::new(what, format!("only with sources = {form:?}")),
            );
        }
    }
    match sources {
        Form::Plain => Privacy::Plain,
        Form::None => Privacy::None,
        Form::Truncate => Privacy::Truncate {
            v4: v4.map_or(24, |given| given.value),
            v6: v6.map_or(48, |given| given.value),
        },
        Form::Anonymise => match key_file {
            Some(At {
                value: key_file, ..
            }) => Privacy::Anonymise { key_file },
            None => {
                if !has_key_file {
                    let what = "missing, and sources = \"anonymise\" needs it";
                    section.note(at, "key_file", Wrong::new(what, ""));
                }
                Privacy::Plain
            }
        },
    }
}
