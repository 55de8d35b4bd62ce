//! Values that cannot be what a person meant to send (RFC 6749 appendix A).

/// Returns the fault of a setting's value and its remedy; `None` for a good value.
///
/// Identifiers and secrets are printable ASCII (VSCHAR, A.1 and A.2); names and passwords of people hold no control
/// characters (UNICODECHARNOCRLF, A.15 and A.16). Of all else this much is sure: a line break at its end came with the
/// file that it was read from. Codes and refresh tokens are the server's own, and go back as they came.
pub(super) fn problem(setting: &str, value: &str) -> Option<String> {
    let says = |what: &str| Some(format!("`{setting}` {what}"));
    let is_break = |character| matches!(character, '\n' | '\r');
    if value.ends_with(is_break) {
        return says("ends in a line break; trim it");
    }
    if value.starts_with(is_break) {
        return says("begins with a line break; trim it");
    }
    if value.starts_with('\u{feff}') {
        return says("begins with a byte order mark (U+FEFF), which editors write; remove it");
    }
    let rule = rule(setting);
    let is_invisible = |it: char| {
        matches!(it, '\u{200b}' | '\u{feff}')
            || it.is_ascii_control() && (it != '\t' || !matches!(rule, Rule::Readable))
    };
    if value.starts_with(is_invisible) || value.ends_with(is_invisible) {
        return says("begins or ends with a tab or another character that is not seen; remove it");
    }
    match rule {
        Rule::Printable if value.contains(is_break) => says("has a line break in it; remove it"),
        Rule::Printable if !value.is_ascii() => says(
            "has a character that is not ASCII, and RFC 6749 appendix A allows printable ASCII only; copy it again",
        ),
        Rule::Printable if value.contains(|it: char| it.is_ascii_control()) => {
            says("has a tab or another control character in it; remove it")
        }
        Rule::Readable if value.contains(|it: char| it.is_ascii_control() && it != '\t') => {
            says("has a line break or another control character in it; remove it")
        }
        _ => None,
    }
}

/// Which characters a value may have.
enum Rule {
    /// Printable ASCII: VSCHAR.
    Printable,
    /// Whatever people can type: UNICODECHARNOCRLF.
    Readable,
    /// That of no RFC.
    Any,
}

fn rule(setting: &str) -> Rule {
    match setting {
        "assertion" | "client_id" | "grant_type" | "scope" => Rule::Printable,
        "refresh_token" => Rule::Any,
        _ if setting.ends_with("_secret") || setting.ends_with("_token") => Rule::Printable,
        _ if setting.ends_with("username") || setting.ends_with("password") => Rule::Readable,
        _ => Rule::Any,
    }
}

#[cfg(test)]
mod tests {
    use super::problem;

    fn is_fine(setting: &str, value: &str) -> bool {
        problem(setting, value).is_none()
    }

    #[test]
    fn a_line_break_at_the_end_came_with_a_file() {
        for setting in [
            "client_id",
            "client_secret",
            "username",
            "password",
            "refresh_token",
            "api_key",
            "cs",
        ] {
            for value in ["s3cret\n", "s3cret\r\n", "s3cret\r"] {
                let problem = problem(setting, value).unwrap();
                assert_eq!(
                    problem,
                    format!("`{setting}` ends in a line break; trim it")
                );
            }
            assert!(!is_fine(setting, "\ns3cret"));
            assert!(!is_fine(setting, "\u{feff}s3cret"));
            assert!(is_fine(setting, "s3 cret~!@#$%^&*()+=/:\"\\"), "{setting}");
        }
    }

    #[test]
    fn identifiers_and_secrets_are_printable_ascii() {
        for setting in [
            "client_id",
            "client_secret",
            "account_secret",
            "subject_token",
            "scope",
        ] {
            for value in [
                "x7\tx7",
                "x7\nx7",
                "x7\u{7f}x7",
                "x7\u{a0}x7",
                "x7éx7",
                "x7\0x7",
            ] {
                let problem = problem(setting, value).unwrap();
                assert!(
                    problem.contains(setting) && !problem.contains("x7"),
                    "{problem}"
                );
            }
        }
    }

    #[test]
    fn a_password_is_what_a_person_can_type() {
        for value in ["pass wörd", "пароль", "a\tb", "🐎"] {
            assert!(is_fine("password", value), "{value}");
        }
        for value in ["a\nb", "a\0b", "a\u{7f}b"] {
            assert!(!is_fine("password", value), "{value:?}");
        }
    }

    #[test]
    fn what_is_not_seen_at_an_end_is_not_meant() {
        for end in ["\0", "\u{7f}", "\u{200b}", "\u{feff}"] {
            for setting in ["client_secret", "username", "api_key", "resource"] {
                assert!(!is_fine(setting, &format!("s3cret{end}")), "{end:?}");
                assert!(!is_fine(setting, &format!("{end}s3cret")), "{end:?}");
            }
        }
        assert!(!is_fine("api_key", "s3cret\t"));
        // A person can type it (RFC 6749 A.16).
        assert!(is_fine("password", "s3cret\t"));
    }

    #[test]
    fn of_an_unknown_parameter_only_its_ends_are_judged() {
        assert!(is_fine("claims", "{\n  \"userinfo\": {\"é\": null}\n}"));
        assert!(is_fine("refresh_token", "é\tr"));
    }
}
