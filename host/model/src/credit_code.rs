//! The unified social credit code of GB 32100-2015 (统一社会信用代码): one character for the registration authority, one for
//! the kind of body, six digits of the authority's region, nine characters of the body's own code (GB 11714), one check
//! character by modulo 31.

/// Characters in the order of their values; I, O, S, V and Z are not used.
const CHARACTERS: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
/// Characters before the check character.
const BODY: usize = 17;

/// Why a text is no credit code. The message never repeats the text.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum NoCreditCode {
    /// Not 18 of the standard's characters, or no region in their midst.
    #[error("must be 18 characters 0-9 and A-Z without I, O, S, V and Z, the third to the eighth digits (GB 32100)")]
    Shape,
    /// The last character does not fit the others.
    #[error("the check character does not fit the other 17 characters (GB 32100)")]
    Check,
}

/// Checks a credit code, letters in capitals.
pub fn check(text: &str) -> Result<(), NoCreditCode> {
    let (body, check) = text.split_at_checked(BODY).ok_or(NoCreditCode::Shape)?;
    let region = body.get(2..8).unwrap_or_default();
    let expected = check_character(body).filter(|_| region.bytes().all(|byte| byte.is_ascii_digit())).ok_or(NoCreditCode::Shape)?;
    match check.as_bytes() {
        [last] if char::from(*last) == expected => Ok(()),
        [last] if CHARACTERS.contains(last) => Err(NoCreditCode::Check),
        _ => Err(NoCreditCode::Shape),
    }
}

/// The check character of the 17 characters before it; none where one of them is not of the standard's.
pub fn check_character(body: &str) -> Option<char> {
    let mut weight = 1;
    let mut sum = 0;
    for byte in body.bytes() {
        sum += CHARACTERS.iter().position(|known| *known == byte)? * weight;
        weight = weight * 3 % CHARACTERS.len();
    }
    let rest = CHARACTERS.len() - sum % CHARACTERS.len();
    CHARACTERS.get(rest % CHARACTERS.len()).map(|byte| char::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn codes_that_are_in_use_hold() {
        // Public bodies, as they print it themselves: Tencent, Huawei, Baidu Netcom.
        for code in ["9144030071526726XG", "914403001922038216", "91110000802100433B"] {
            assert_eq!(check(code), Ok(()), "{code}");
        }
    }

    #[test]
    fn what_has_another_shape_is_refused() {
        for text in [
            "",
            "9144030071526726X",
            "9144030071526726xg",
            "9144030071526726XGG",
            "91440300I1526726XG",
            "91A40300715267260G",
            "一144030071526726XG",
        ] {
            assert_eq!(check(text), Err(NoCreditCode::Shape), "{text}");
        }
    }

    proptest! {
        #[test]
        fn one_wrong_character_is_found(body in "[1-9A][1-9][0-9]{6}[0-9A-HJ-NPQRTUWXY]{9}", at in 0usize..BODY, other in "[0-9A-HJ-NPQRTUWXY]") {
            let good = format!("{body}{}", check_character(&body).unwrap());
            prop_assert_eq!(check(&good), Ok(()));
            let mut bad = good.clone();
            bad.replace_range(at..=at, &other);
            prop_assert!(bad == good || check(&bad).is_err());
        }
    }
}
