//! Packages of the bare plugin under other ids.

use anyhow::Context as _;
use linli_package::Parts;

/// What an id has in front of its number.
const ID: &str = "tests.bare";
/// Magic number, version and layer of a component.
const PREAMBLE: usize = 8;

/// The bare plugin: its component without the package's sections, and what they hold.
pub struct Bare {
    component: Vec<u8>,
    parts: Parts,
}

impl Bare {
    pub fn open(package: &[u8]) -> anyhow::Result<Self> {
        let parts = linli_package::open(package).context("the bare plugin")?.parts;
        Ok(Self { component: strip(package).context("the bare plugin's sections")?, parts })
    }

    /// The id of the copy with a number.
    pub fn id(number: usize) -> String {
        format!("{ID}-{number}")
    }

    /// The package under an id of its own, so that it is another plugin with another digest.
    pub fn copy(&self, number: usize) -> anyhow::Result<Vec<u8>> {
        let own = format!("id = \"{ID}\"");
        anyhow::ensure!(self.parts.manifest.contains(&own), "the bare plugin's manifest has no line `{own}`");
        let manifest = self.parts.manifest.replacen(&own, &format!("id = \"{}\"", Self::id(number)), 1);
        Ok(linli_package::embed(&self.component, &Parts { manifest, ..self.parts.clone() })?)
    }
}

/// Leaves the package's own custom sections out.
fn strip(package: &[u8]) -> Option<Vec<u8>> {
    let mut component = package.get(..PREAMBLE)?.to_vec();
    let mut rest = package.get(PREAMBLE..)?;
    while let Some((kind, behind)) = rest.split_first() {
        let (size, body) = number(behind)?;
        let (body, next) = body.split_at_checked(size)?;
        let ours = *kind == 0 && name(body).is_some_and(|name| name.starts_with(b"linli:"));
        if !ours {
            component.extend_from_slice(rest.get(..rest.len() - next.len())?);
        }
        rest = next;
    }
    Some(component)
}

fn name(section: &[u8]) -> Option<&[u8]> {
    let (size, rest) = number(section)?;
    rest.get(..size)
}

/// An unsigned LEB128 number and what stands behind it.
fn number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0_usize;
    for (at, byte) in bytes.iter().enumerate().take(5) {
        value |= usize::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Some((value, bytes.get(at + 1..)?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_package_s_sections_go() {
        let head = b"\0asm\x0d\0\x01\0".as_slice();
        let ours = b"\0\x0f\x0elinli:manifest".as_slice();
        let names = b"\0\x05\x04name".as_slice();
        assert_eq!(strip(&[head, ours, names].concat()).unwrap(), [head, names].concat());
        assert_eq!(strip(&[head, b"\0\x7f"].concat()), None);
    }

    #[test]
    fn numbers_may_have_several_bytes() {
        assert_eq!(number(&[0xe5, 0x8e, 0x26, 9]), Some((624_485, [9].as_slice())));
    }
}
