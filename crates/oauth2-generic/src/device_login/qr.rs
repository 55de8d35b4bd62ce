//! A URL that a telephone can read off a terminal.

use std::fmt;

use auth_core::{Error, Result};
use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};

/// A QR code in half blocks, two rows to a line.
///
/// Its `Display` has no colours: it is for terminals with light letters on a dark ground, and for most
/// telephones also for the reverse. [`coloured`](Qr::coloured) brings its own ground along.
///
/// ```
/// use std::io::{self, IsTerminal};
/// use oauth2_generic::Qr;
///
/// /// The code for this terminal; a log file gets no colours.
/// fn drawn(code: &Qr) -> String {
///     if io::stdout().is_terminal() { code.coloured() } else { code.to_string() }
/// }
/// ```
#[derive(Clone)]
pub struct Qr(QrCode);

impl Qr {
    pub(super) fn new(text: &str) -> Result<Self> {
        // On a screen nothing is smudged; a small code fits more terminals.
        QrCode::with_error_correction_level(text, EcLevel::L)
            .map(Self)
            .map_err(|_| Error::response("its URL is too long for a QR code"))
    }

    /// Black on white whatever the terminal's colours are, for terminals that have colours.
    #[must_use]
    pub fn coloured(&self) -> String {
        let code = self.drawn(Dense1x2::Dark, Dense1x2::Light);
        let lines = code
            .lines()
            .map(|line| format!("{BLACK_ON_WHITE}{line}{RESET}\n"));
        lines.collect()
    }

    fn drawn(&self, dark: Dense1x2, light: Dense1x2) -> String {
        self.0.render().dark_color(dark).light_color(light).build()
    }
}

impl fmt::Display for Qr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Letters are light here, so the light modules are the ones that are drawn.
        f.write_str(&self.drawn(Dense1x2::Light, Dense1x2::Dark))
    }
}

impl fmt::Debug for Qr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Qr").finish_non_exhaustive()
    }
}

const BLACK_ON_WHITE: &str = "\x1b[38;5;16;48;5;231m";
const RESET: &str = "\x1b[0m";
