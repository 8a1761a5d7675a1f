//! Answers as text, written straight from the rows.

/// Appends a text as a JSON string.
pub fn text(text: &str, out: &mut String) {
    out.push('"');
    if text.bytes().all(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\') {
        out.push_str(text);
    } else {
        for character in text.chars() {
            match character {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                control if control < ' ' => out.push_str(&format!("\\u{:04x}", u32::from(control))),
                other => out.push(other),
            }
        }
    }
    out.push('"');
}

/// Appends a number.
pub fn number(number: i64, out: &mut String) {
    use std::fmt::Write as _;
    let _ = write!(out, "{number}");
}

#[cfg(test)]
mod tests {
    #[test]
    fn texts_are_escaped() {
        let mut out = String::new();
        super::text("王\"\\\n", &mut out);
        assert_eq!(out, r#""王\"\\\u000a""#);
    }
}
