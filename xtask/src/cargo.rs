//! Tasks that are a command of cargo: tests, the model, handshakes, documentation, the demonstration.

use std::fs;

use crate::run::{self, Result, Run, target};
use crate::setup;
use crate::{api, features};

/// `cargo xtask test [arguments of cargo test]`.
///
/// With arguments it checks nothing beforehand; a test whose server is missing reports that itself.
pub(crate) fn test(args: &[String]) -> Result {
    let cargo = || Run::new("cargo test --locked --no-fail-fast");
    if !args.is_empty() {
        return cargo().args(args).run();
    }
    setup::require(setup::FOR_TESTS)?;
    // Both run, so that one failure does not hide the other.
    let tested = cargo()
        .args(&["--workspace", "--features", OTHER_TLS])
        .run();
    let explored = model(&[]);
    tested.and(explored)
}

/// `cargo xtask model`: every order of events; its program ends with `N passed, N failed`.
///
/// `cargo test` explores it in small bounds, and checks that every known mistake is noticed.
pub(crate) fn model(args: &[String]) -> Result {
    match args {
        [] => Run::new("cargo run --locked --quiet --package auth-model").run(),
        _ => Err("usage: cargo xtask model".into()),
    }
}

/// `cargo xtask presets`: the table of known servers; a test compares it with the guide.
pub(crate) fn presets(_: &[String]) -> Result {
    Run::new("cargo run --locked --quiet --package auth-all --example presets")
        .args(&["--no-default-features", "--features", "presets"])
        .run()
}

/// `cargo xtask tls`: handshakes with each TLS library alone, and with all of them in one program.
pub(crate) fn tls(_: &[String]) -> Result {
    setup::require(&[&setup::OPENSSL])?;
    let test = |features: &str| {
        Run::new("cargo test --locked --package tls-tests --test it --no-default-features")
            .args(&["--features", features])
            .run()
    };
    run::all(TLS.map(|features| (format!("TLS by {features}"), move || test(features))))
}

/// `cargo xtask doc`: as docs.rs builds it, with all features and their badges; a warning is an error.
pub(crate) fn doc(_: &[String]) -> Result {
    api::with_this_rustdoc("cargo doc --locked --no-deps --lib --all-features")?
        .args(&each_published()?)
        .env("RUSTDOCFLAGS", "-Dwarnings --cfg docsrs")
        .run()?;
    let folder = target().join("doc");
    for (page, item, feature) in BADGES {
        let html = fs::read_to_string(folder.join(page))?;
        if !has_badge(&html, item, feature) {
            return Err(format!("{page}: {item} has no badge for `{feature}`").into());
        }
    }
    println!("    open {}", folder.join("auth_all/index.html").display());
    Ok(())
}

/// Returns `true` if the first badge after `item` names the feature.
fn has_badge(html: &str, item: &str, feature: &str) -> bool {
    let badge = html.split_once(item).and_then(|(_, rest)| {
        let (_, badge) = rest.split_once("stab portability")?;
        badge.split_once("</span>")
    });
    badge.is_some_and(|(badge, _)| badge.contains(&format!("<code>{feature}</code>")))
}

/// `cargo xtask msrv`: the crates with the toolchain that `rust-version` names.
///
/// Without that toolchain it does not run: clippy's `incompatible_msrv` then remains, which refuses newer items of the
/// standard library.
pub(crate) fn msrv(_: &[String]) -> Result {
    let packages = features::published()?;
    let Some(version) = packages.first().map(|package| &package.rust_version) else {
        return Err("no package of this workspace is published".into());
    };
    let by_it = || Run::new("rustup run").args(&[version, "cargo"]);
    if !by_it().arg("--version").succeeds() {
        let install = format!("rustup toolchain install {version}");
        return run::not_run(format!("no Rust {version} here; `{install}` brings it"));
    }
    by_it()
        .args(&["check", "--locked", "--lib", "--all-features"])
        .args(&each_published()?)
        .env("CARGO_TARGET_DIR", &target().join("msrv").to_string_lossy())
        .run()
}

/// `cargo xtask demo [--browser|--fleet]`: a program of `tests/demo`, since xtask depends on no crate of ours.
///
/// It installs nothing. Without a real server or browser it skips those parts and prints a notice.
pub(crate) fn demo(args: &[String]) -> Result {
    // Without the database clients, which only tests need, it builds in half the time.
    Run::new("cargo run --quiet --locked --package auth-tests --bin demo --no-default-features --")
        .args(args)
        .quietly()
}

/// Returns the options that name every published package.
pub(crate) fn each_published() -> Result<Vec<String>> {
    let packages = features::published()?.into_iter();
    let flags = packages.flat_map(|package| ["--package".to_owned(), package.name]);
    Ok(flags.collect())
}

/// Pages, items on them, and the features that their badges name, in the crate and in the facade.
const BADGES: &[(&str, &str, &str)] = &[
    (
        "auth_core/store/struct.EncryptedStore.html",
        "<h1>",
        "encryption",
    ),
    (
        "auth_all/store/struct.EncryptedStore.html",
        "<h1>",
        "encryption",
    ),
    (
        "auth_core/transport/struct.Tls.html",
        "id=\"method.native\"",
        "native-tls",
    ),
    (
        "auth_all/transport/struct.Tls.html",
        "id=\"method.native\"",
        "native-tls",
    ),
    ("auth_all/index.html", "id=\"reexport.redis\"", "redis"),
    ("auth_all/index.html", "id=\"reexport.generic\"", "generic"),
];

/// Features of `tls-tests`; `platform-verifier` is rustls with another verifier.
const TLS: [&str; 4] = [
    "rustls",
    "native-tls",
    "platform-verifier",
    "native-tls,platform-verifier",
];

/// The TLS libraries that are not the default, for the table of handshakes.
const OTHER_TLS: &str = "tls-tests/native-tls,tls-tests/platform-verifier";
