//! Final pages of a login, in light and dark, wide, narrow and printed.

use auth_sim::Simulator;
use auth_sim::generic::PUBLIC_CLIENT_ID;
use oauth2_generic::{BrowserLogin, Client, Server};
use serde_json::{Value, json};
use services::Tab;

use super::{Waiting, begin, chromium};

fn client(server: &Simulator) -> Client {
    let endpoints = Server::new(server.token_url())
        .authorization_endpoint(format!("{}/authorize", server.url()))
        .issuer(server.url());
    Client::new(endpoints, PUBLIC_CLIENT_ID)
}

fn waiting(client: Client) -> Waiting {
    begin(BrowserLogin::new(client).app_name("Acme Sync"))
}

/// Checks a page in every size and colour scheme, and keeps pictures.
fn look_at(tab: &mut Tab<'_>, name: &str, title: &str) {
    assert_eq!(tab.ask_text("document.title"), title);
    for scheme in ["light", "dark"] {
        tab.prefer("screen", scheme);
        for (width, height) in [(1000, 640), (320, 568)] {
            tab.resize(width, height);
            let wide = tab.ask("document.documentElement.scrollWidth");
            assert_eq!(wide, width, "{name} is wider than its window");
            let kind = if width == 320 { "-narrow" } else { "" };
            tab.screenshot(&format!("{name}-{scheme}{kind}"));
        }
        let contrasts = tab.ask(CONTRASTS);
        let contrasts = contrasts.as_array().unwrap();
        assert!(contrasts.len() >= 4, "{contrasts:?}");
        for contrast in contrasts {
            // WCAG 2.2, 1.4.6: enhanced contrast for text.
            assert!(
                contrast[1].as_f64().unwrap() >= 7.0,
                "{name}, {scheme}: {contrast}"
            );
        }
    }
    tab.prefer("print", "light");
    tab.resize(600, 400);
    tab.screenshot(&format!("{name}-printed"));
    check_what_is_heard(tab, title);
    check_what_was_asked(tab, name);
}

/// Checks the words for a screen reader.
fn check_what_is_heard(tab: &mut Tab<'_>, title: &str) {
    let tree = tab.call("Accessibility.getFullAXTree", &json!({}));
    let nodes = tree["nodes"].as_array().unwrap();
    let of = |role: &str| {
        let is_it = |node: &&Value| node["role"]["value"] == role && node["ignored"] == false;
        nodes.iter().filter(is_it).collect::<Vec<_>>()
    };
    assert_eq!(of("heading").len(), 1);
    assert_eq!(of("heading")[0]["name"]["value"], title);
    assert_eq!(of("main").len(), 1);
    assert_eq!(of("status").len() + of("alert").len(), 1);
    assert!(of("image").is_empty(), "the picture is decorative");
    assert_eq!(tab.ask_text("document.documentElement.lang"), "en");
}

/// Asserts that the page loaded nothing, violated no policy, and that its own style was applied.
fn check_what_was_asked(tab: &mut Tab<'_>, name: &str) {
    let said = tab.take_events("Log.entryAdded");
    let about_policy = |entry: &Value| entry.to_string().contains("Content Security Policy");
    assert!(!said.iter().any(about_policy), "{name}: {said:?}");
    let asked = tab.take_events("Network.requestWillBeSent");
    let is_more = |event: &&Value| {
        let url = event["params"]["request"]["url"].as_str().unwrap();
        event["params"]["type"] != "Document" && !url.starts_with("data:")
    };
    assert_eq!(asked.iter().find(is_more), None, "{name}");
    // Chromium does not parse a style that the policy forbids.
    assert_eq!(tab.ask("document.styleSheets.length"), 1);
}

#[test]
fn the_page_of_a_login_is_readable() {
    let mut chromium = chromium();
    let (server, mut tab) = (Simulator::generic(), chromium.tab());
    let waiting = waiting(client(&server));
    tab.open(&waiting.url);
    look_at(&mut tab, "logged-in", "You are logged in");
    waiting.end().unwrap();
}

#[test]
fn the_pages_of_errors_are_readable() {
    let mut chromium = chromium();
    let server = Simulator::generic();
    server.user_refuses(true);
    let (client, unknown) = (client(&server), client(&server).scope("everything"));
    for (name, client, title) in [
        ("declined", client, "You are not logged in"),
        ("failed", unknown, "The login failed"),
    ] {
        let (waiting, mut tab) = (waiting(client), chromium.tab());
        tab.open(&waiting.url);
        look_at(&mut tab, name, title);
        waiting.end().unwrap_err();
    }
}

#[test]
fn the_pages_of_strays_are_readable() {
    let mut chromium = chromium();
    let (server, mut tab) = (Simulator::generic(), chromium.tab());
    let waiting = waiting(client(&server));
    let redirect = waiting.parameter("redirect_uri");
    tab.open(&format!("{redirect}?code=c4nary&state=c4nary"));
    look_at(&mut tab, "stranger", "This is not your login");
    let page = tab.ask_text("document.documentElement.outerHTML");
    assert!(!page.contains("c4nary"), "{page}");
    tab.open(&redirect.replace("/callback", "/elsewhere"));
    look_at(&mut tab, "elsewhere", "Nothing here");

    tab.prefer("screen", "light");
    tab.open(&waiting.url);
    assert_eq!(tab.ask_text("document.title"), "You are logged in");
    waiting.end().unwrap();
}

/// Contrast of every text with its background, as WCAG defines it.
const CONTRASTS: &str = r"
(() => {
  const numbers = (colour) => colour.match(/[\d.]+/g).map(Number);
  const light = (colour) => {
    const [r, g, b] = numbers(colour).map((c) => c / 255)
      .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    const colour = getComputedStyle(element).backgroundColor;
    return (numbers(colour)[3] ?? 1) === 1 || !element.parentElement ? colour : behind(element.parentElement);
  };
  return [...document.querySelectorAll('h1, p, strong')].map((element) => {
    const [one, other] = [light(getComputedStyle(element).color), light(behind(element))];
    const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    return [element.textContent, contrast];
  });
})()
";
