//! JSON text, written straight into the answer: a view is built once and read by nobody here.
//!
//! Little of this is inlined: a page calls it a hundred times, and a smaller guest loads faster.

/// A string with RFC 8259's escapes.
#[inline(never)]
pub(crate) fn string(out: &mut String, text: &str) {
    out.push('"');
    let mut start = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte >= b' ' && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.push_str(text.get(start..at).unwrap_or_default());
        start = at + 1;
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            _ => {
                const HEX: &[u8; 16] = b"0123456789abcdef";
                out.push_str("\\u00");
                out.push(char::from(HEX[usize::from(byte >> 4)]));
                out.push(char::from(HEX[usize::from(byte & 15)]));
            }
        }
    }
    out.push_str(text.get(start..).unwrap_or_default());
    out.push('"');
}

/// A whole number, without the formatting machinery.
#[inline(never)]
pub(crate) fn integer(out: &mut String, n: i64) {
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    let mut rest = n.unsigned_abs();
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if n < 0 {
        out.push('-');
    }
    out.extend(digits[at..].iter().copied().map(char::from));
}

/// An object or array whose members are being written: places commas and the closing bracket.
pub(crate) struct Members<'a> {
    pub(crate) out: &'a mut String,
    first: bool,
    close: char,
}

impl<'a> Members<'a> {
    #[inline(never)]
    pub(crate) fn object(out: &'a mut String) -> Self {
        out.push('{');
        Self { out, first: true, close: '}' }
    }

    #[inline(never)]
    pub(crate) fn array(out: &'a mut String) -> Self {
        out.push('[');
        Self { out, first: true, close: ']' }
    }

    /// The place of the next element.
    pub(crate) fn element(&mut self) -> &mut String {
        if !std::mem::take(&mut self.first) {
            self.out.push(',');
        }
        self.out
    }

    /// The place of a member's value.
    #[inline(never)]
    pub(crate) fn member(&mut self, key: &str) -> &mut String {
        let out = self.element();
        string(out, key);
        out.push(':');
        out
    }

    #[inline(never)]
    pub(crate) fn text(&mut self, key: &str, text: &str) {
        string(self.member(key), text);
    }

    pub(crate) fn strings<'t>(&mut self, key: &str, texts: impl IntoIterator<Item = &'t str>) {
        let mut array = Members::array(self.member(key));
        for text in texts {
            string(array.element(), text);
        }
    }
}

impl Drop for Members<'_> {
    #[inline(never)]
    fn drop(&mut self) {
        self.out.push(self.close);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_and_integers_read_back() {
        for text in ["", "邻里", "a\"b\\c\n\r\t\u{1}\u{1f}/", "\u{7f}é"] {
            let mut out = String::new();
            string(&mut out, text);
            assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text);
        }
        for n in [0, 7, -10, i64::MAX, i64::MIN] {
            let mut out = String::new();
            integer(&mut out, n);
            assert_eq!(out, n.to_string());
        }
    }
}
