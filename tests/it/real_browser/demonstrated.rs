//! The logins of `cargo xtask demo`: by itself in Chromium, and with the user's own browser.

use std::fs;
use std::path::Path;
use std::process::Command;

#[test]
fn the_demonstration_logs_in_with_chromium() {
    let screenshots = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/screenshots");
    let picture = screenshots.join("demonstration.png");
    let _ = fs::remove_file(&picture);
    let output = Command::new(env!("CARGO_BIN_EXE_demo")).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    let (_, text) = text.split_once("\nOAuth 2.0, in a browser: ").unwrap();
    let (login, device) = text.split_once("\nOAuth 2.0, device_code: ").unwrap();

    let story = ["discover", "log in", "use", "renew", "log out", "too late"];
    assert_eq!(steps(login), story);
    for said in [
        "grant_type=authorization_code",
        "user=alice",
        "grant_type=refresh_token",
        "token_type_hint=refresh_token",
        "error=invalid_grant",
    ] {
        assert!(login.contains(said), "{said}: {login}");
    }
    assert!(fs::read(picture).unwrap().starts_with(b"\x89PNG"));

    assert_eq!(steps(device), ["log in", "use"]);
    assert!(device.contains("█ ▄▄▄▄▄ █"), "a QR code: {device}");
    assert!(device.contains("user=alice"), "{device}");
    let widest = text.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(100), "{text}");
}

/// Names of the steps that succeeded.
fn steps(text: &str) -> Vec<&str> {
    let steps = text.lines().filter_map(|line| line.strip_prefix("ok    "));
    steps.map(|line| line[..14].trim_end()).collect()
}

// Other systems always have a display, and a browser would open.
#[cfg(target_os = "linux")]
mod with_you {
    use std::io::{BufRead, BufReader, Read};
    use std::process::{Command, Stdio};

    use services::Browser;

    use crate::real_server::site::ALICE;

    #[test]
    fn without_a_display_the_url_and_the_account_are_shown() {
        let mut demo = Command::new(env!("CARGO_BIN_EXE_demo"))
            .arg("--browser")
            .env_remove("DISPLAY")
            .env_remove("WAYLAND_DISPLAY")
            .env_remove("WSL_DISTRO_NAME")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut told = BufReader::new(demo.stderr.take().unwrap());
        let mut text = String::new();
        let url = loop {
            let before = text.len();
            assert_ne!(told.read_line(&mut text).unwrap(), 0, "{text}");
            if let Some(url) = text[before..].trim().strip_prefix("http://") {
                break format!("http://{url}");
            }
        };
        let mut browser = Browser::new(ALICE);
        let back = browser.visit(&url);
        browser.open(&back);
        assert_eq!(browser.title(), "You are logged in");

        let output = demo.wait_with_output().unwrap();
        told.read_to_string(&mut text).unwrap();
        assert!(output.status.success(), "{text}");
        assert!(text.contains(ALICE.0) && text.contains(ALICE.1), "{text}");
        assert_eq!(text.matches(&url).count(), 1, "{text}");
        let shown = String::from_utf8(output.stdout).unwrap();
        let steps = super::steps(&shown);
        assert_eq!(steps[..3], ["discover", "log in", "use"]);
        assert!(shown.contains("user=alice"), "{shown}");
    }
}
