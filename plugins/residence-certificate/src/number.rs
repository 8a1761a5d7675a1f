//! A certificate's number: 128 random bits in Crockford's Base32, in groups, `7ZQ4-…`.
//!
//! Nobody guesses one, so that whoever knows a number has seen the certificate.

use linli_sdk::prelude::*;

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// ⌈128 / 5⌉.
const DIGITS: usize = 26;
const GROUP: usize = 4;

/// A new number.
pub fn draw() -> Result<String> {
    Ok(write(random::bytes()?))
}

fn write(bytes: [u8; 16]) -> String {
    let bits = u128::from_be_bytes(bytes);
    let digit = |at: usize| ALPHABET[(bits >> (5 * (DIGITS - 1 - at))) as usize & 31];
    group((0..DIGITS).map(digit))
}

/// A number as somebody typed it: case, spaces and hyphens do not matter, `O` is `0`, `I` and `L` are `1`.
/// None where it cannot be a number.
pub fn read(text: &str) -> Option<String> {
    let digits = text.bytes().filter(|b| !matches!(b, b'-' | b' ')).map(|b| match b.to_ascii_uppercase() {
        b'O' => b'0',
        b'I' | b'L' => b'1',
        other => other,
    });
    let fits = digits.clone().count() == DIGITS && digits.clone().all(|d| ALPHABET.contains(&d));
    fits.then(|| group(digits))
}

fn group(digits: impl Iterator<Item = u8>) -> String {
    let mut text = String::with_capacity(DIGITS + DIGITS / GROUP);
    for (at, digit) in digits.enumerate() {
        if at > 0 && at % GROUP == 0 {
            text.push('-');
        }
        text.push(char::from(digit));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_bits_are_written() {
        assert_eq!(write([0; 16]), "0000-0000-0000-0000-0000-0000-00");
        assert_eq!(write([255; 16]), "7ZZZ-ZZZZ-ZZZZ-ZZZZ-ZZZZ-ZZZZ-ZZ");
        assert_eq!(write(1_u128.to_be_bytes()), "0000-0000-0000-0000-0000-0000-01");
    }

    #[test]
    fn what_people_type_is_read() {
        let number = write(*b"sixteen bytes ok");
        assert_eq!(read(&number).as_deref(), Some(&*number));
        assert_eq!(read(&number.to_lowercase().replace('-', " ").replace('1', "l")).as_deref(), Some(&*number));
        for other in ["", "7ZZZ", &format!("{number}0"), &number.replacen(|_| true, "U", 1), "' OR 1=1 --"] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
