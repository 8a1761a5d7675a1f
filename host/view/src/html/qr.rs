//! A QR code (GB/T 18284) as inline SVG.

use std::fmt::Write;

use maud::{Markup, html};
use qrcode::{Color, EcLevel, QrCode};

/// Clear modules around the code, as the standard asks.
const QUIET_ZONE: usize = 4;

/// The code of `address`; none where it is too long for one.
pub(crate) fn svg(address: &str) -> Option<Markup> {
    let code = QrCode::with_error_correction_level(address, EcLevel::M).ok()?;
    let size = code.width().saturating_add(QUIET_ZONE * 2);
    Some(html! {
        svg.qr viewBox={ "0 0 " (size) " " (size) } role="img" aria-label="二维码 QR code" shape-rendering="crispEdges" {
            rect width=(size) height=(size) fill="#fff" {}
            path d=(outline(&code)) fill="#000" {}
        }
    })
}

/// Dark modules as one path, a unit square each.
fn outline(code: &QrCode) -> String {
    let width = code.width();
    let mut path = String::new();
    for (index, color) in code.to_colors().into_iter().enumerate() {
        if color == Color::Dark && width > 0 {
            let (x, y) = (index % width, index / width);
            let (x, y) = (x.saturating_add(QUIET_ZONE), y.saturating_add(QUIET_ZONE));
            // Writing to a String cannot fail.
            let _ = write!(path, "M{x} {y}h1v1h-1z");
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_a_square_with_a_quiet_zone_and_gives_up_on_what_is_too_long() {
        let svg = svg("https://linli.example/pages/p/verify?number=1").unwrap().into_string();
        assert!(svg.contains(r#"viewBox="0 0 41 41""#), "{svg}");
        assert!(svg.contains("M4 4h1v1h-1z"));
        assert!(super::svg(&"x".repeat(5_000)).is_none());
    }
}
