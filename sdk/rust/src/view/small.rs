use super::{Params, Text, Tone, block, members, owned, sealed, write_params};
use crate::json::Members;

/// A paragraph (`text`).
#[derive(Debug, Clone)]
pub struct Message {
    text: Text,
    tone: Tone,
}

impl Message {
    /// With a tone.
    pub fn new(tone: Tone, text: impl Into<Text>) -> Self {
        Self { text: text.into(), tone }
    }

    /// With the tone of plain text.
    pub fn info(text: impl Into<Text>) -> Self {
        Self::new(Tone::Info, text)
    }
}

impl sealed::Block for Message {
    #[inline(never)]
    fn write(&self, out: &mut String) {
        let mut b = block(out, "text");
        self.text.write(b.member("text"));
        if self.tone != Tone::Info {
            b.text("tone", self.tone.name());
        }
    }
}

/// A row of figures (`stat`).
#[derive(Debug, Clone, Default)]
pub struct Stat {
    items: Vec<(Text, String, Option<Text>)>,
}

impl Stat {
    /// Without figures.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a figure, with a unit such as 人.
    pub fn item(mut self, label: impl Into<Text>, value: impl Into<String>, unit: Option<&'static str>) -> Self {
        self.items.push((label.into(), value.into(), unit.map(Text::from)));
        self
    }
}

impl sealed::Block for Stat {
    #[inline(never)]
    fn write(&self, out: &mut String) {
        let mut b = block(out, "stat");
        let mut items = Members::array(b.member("items"));
        for (label, value, unit) in &self.items {
            let mut item = Members::object(items.element());
            label.write(item.member("label"));
            item.text("value", value);
            if let Some(unit) = unit {
                unit.write(item.member("unit"));
            }
        }
    }
}

/// A link to a page of this plugin (`link`).
#[derive(Debug, Clone)]
pub struct Link {
    page: String,
    params: Params,
    title: Text,
}

impl Link {
    /// Without parameters.
    pub fn new(page: &str, title: impl Into<Text>) -> Self {
        Self { page: page.to_owned(), params: Vec::new(), title: title.into() }
    }

    /// With the page's parameters.
    pub fn params(self, params: &[(&str, &str)]) -> Self {
        Self { params: owned(params), ..self }
    }
}

impl sealed::Block for Link {
    #[inline(never)]
    fn write(&self, out: &mut String) {
        let mut b = block(out, "link");
        members(&mut b, &self.page, &self.params);
        self.title.write(b.member("title"));
    }
}

/// A QR code that leads to a page of this plugin (`qr`). The host makes the absolute address.
#[derive(Debug, Clone)]
pub struct Qr {
    page: String,
    params: Params,
    caption: Option<Text>,
}

impl Qr {
    /// Without caption.
    pub fn new(page: &str, params: &[(&str, &str)]) -> Self {
        Self { page: page.to_owned(), params: owned(params), caption: None }
    }

    /// With words below.
    pub fn caption(self, caption: impl Into<Text>) -> Self {
        Self { caption: Some(caption.into()), ..self }
    }
}

impl sealed::Block for Qr {
    #[inline(never)]
    fn write(&self, out: &mut String) {
        let mut b = block(out, "qr");
        b.text("page", &self.page);
        write_params(b.member("params"), &self.params);
        if let Some(caption) = &self.caption {
            caption.write(b.member("caption"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::json;
    use super::*;

    #[test]
    fn small_blocks_are_what_view_md_says() {
        assert_eq!(json(Message::info("好")), r#"{"type":"text","text":"好"}"#);
        assert_eq!(
            json(Message::new(Tone::Error, ("无效", "Invalid"))),
            r#"{"type":"text","text":{"zh":"无效","en":"Invalid"},"tone":"error"}"#
        );
        assert_eq!(
            json(Stat::new().item("人数", "12", Some("人")).item("户数", "5", None)),
            r#"{"type":"stat","items":[{"label":"人数","value":"12","unit":"人"},{"label":"户数","value":"5"}]}"#
        );
        assert_eq!(json(Link::new("/x", "去").params(&[("id", "1")])), r#"{"type":"link","page":"/x","params":{"id":"1"},"title":"去"}"#);
        assert_eq!(
            json(Qr::new("/verify", &[("number", "A-B")]).caption("扫码验真")),
            r#"{"type":"qr","page":"/verify","params":{"number":"A-B"},"caption":"扫码验真"}"#
        );
    }
}
