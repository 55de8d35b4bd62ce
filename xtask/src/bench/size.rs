//! Crates, build time and size of a program that gets a token and makes one call.

use std::fs;
use std::path::Path;

use crate::metadata;
use crate::run::{Result, Run};

/// What a program costs its author.
#[derive(Clone, Copy, Debug)]
struct Cost {
    /// Everything it is built from, itself left out.
    crates: usize,
    /// Of one core, from nothing.
    build_seconds: f64,
    stripped_bytes: u64,
}

/// A program, its one dependency and what `main` does.
struct Program {
    name: &'static str,
    dependency: String,
    main: &'static str,
}

/// Builds every program from nothing, one after the other, and prints what each cost.
pub(super) fn run() -> Result {
    let home = metadata::target_directory()?.join("bench-size");
    let mut floor = None;
    println!("{HEADING}");
    for program in programs()? {
        let cost = measure(&program, &home.join(program.name))?;
        let floor = *floor.get_or_insert(cost);
        println!("{}", row(program.name, cost, floor));
    }
    println!("{REACH}");
    Ok(())
}

fn programs() -> Result<Vec<Program>> {
    let mut programs = vec![Program {
        name: "ureq + rustls",
        dependency: format!(
            "ureq = {{ version = \"{}\", default-features = false, features = [\"rustls\"] }}",
            ureq_version()?
        ),
        main: FLOOR,
    }];
    for (name, main) in [
        ("aerion-auth", AERION),
        ("aeris-auth", AERIS),
        ("ermeo-auth", ERMEO),
    ] {
        let path = fs::canonicalize(Path::new("crates").join(name))?;
        programs.push(Program {
            name,
            dependency: format!("{name} = {{ path = {path:?} }}"),
            main,
        });
    }
    Ok(programs)
}

/// The version in our own lock file, so that the floor stands on the same ureq.
fn ureq_version() -> Result<String> {
    let lock = fs::read_to_string("Cargo.lock")?;
    let entry = lock
        .split("[[package]]")
        .find(|entry| entry.contains("name = \"ureq\"\n"));
    let version = entry
        .and_then(|entry| entry.split('"').nth(3))
        .map(|version| format!("={version}"));
    version.ok_or_else(|| "Cargo.lock has no ureq".into())
}

fn measure(program: &Program, folder: &Path) -> Result<Cost> {
    write(program, folder)?;
    let target = folder.join("target");
    if target.exists() {
        fs::remove_dir_all(&target)?;
    }
    let manifest = folder.join("Cargo.toml");
    let cargo = |words: &str| {
        Run::new(&format!("cargo {words} --quiet --manifest-path")).arg(&manifest.to_string_lossy())
    };
    let tree = cargo("tree --edges normal --prefix none").read()?;
    cargo("fetch").read()?;
    let build = cargo("build --release").env("CARGO_TARGET_DIR", &target.to_string_lossy());
    let build_seconds = build.processor_seconds()?;
    Ok(Cost {
        crates: distinct(&tree).saturating_sub(1),
        build_seconds,
        stripped_bytes: fs::metadata(target.join("release/program"))?.len(),
    })
}

fn write(program: &Program, folder: &Path) -> Result {
    fs::create_dir_all(folder.join("src"))?;
    // A workspace of its own, with our lock file: the same versions as everywhere else.
    fs::copy("Cargo.lock", folder.join("Cargo.lock"))?;
    fs::write(
        folder.join("Cargo.toml"),
        MANIFEST.replace("{dependency}", &program.dependency),
    )?;
    fs::write(folder.join("src/main.rs"), program.main)?;
    Ok(())
}

fn distinct(tree: &str) -> usize {
    let mut crates: Vec<_> = tree
        .lines()
        .map(|line| line.trim_end_matches(" (*)"))
        .collect();
    crates.sort_unstable();
    crates.dedup();
    crates.iter().filter(|line| !line.is_empty()).count()
}

fn row(name: &str, cost: Cost, floor: Cost) -> String {
    let megabytes = cost.stripped_bytes as f64 / 1e6;
    let (time, size) = (
        cost.build_seconds / floor.build_seconds,
        cost.stripped_bytes as f64 / floor.stripped_bytes as f64,
    );
    let Cost {
        crates,
        build_seconds,
        ..
    } = cost;
    format!(
        "    {name:16}{crates:>8}{build_seconds:>10.1} ({time:4.2}){megabytes:>10.2} ({size:4.2})"
    )
}

const MANIFEST: &str = "\
[package]
name = \"program\"
version = \"0.0.0\"
edition = \"2024\"

[dependencies]
{dependency}

[workspace]

[profile.release]
strip = \"symbols\"
";

const HEADING: &str = "
    a program that gets a token and makes one call; in brackets the ratio to the first

                      crates     build, CPU s    stripped, MB";

const REACH: &str = "    reach           at most 46             1.15            1.08";

const FLOOR: &str = r#"
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let base = std::env::args().nth(1).ok_or("which server?")?;
    let form = [("grant_type", "password"), ("username", "ada"), ("password", "secret")];
    let token = ureq::post(format!("{base}/token")).send_form(form)?.body_mut().read_to_string()?;
    let call = ureq::get(format!("{base}/me")).header("authorization", format!("Bearer {token}"));
    println!("{}", call.call()?.body_mut().read_to_string()?);
    Ok(())
}
"#;

const AERION: &str = r#"
use aerion_auth::{Aerion, Session};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let base = std::env::args().nth(1).ok_or("which server?")?;
    let session = Session::new(Aerion {
        company: "acme".into(),
        username: "ada".into(),
        password: "secret".into(),
        base: base.clone(),
        ..Aerion::default()
    });
    println!("{}", session.agent().get(format!("{base}/v1/users/me")).call()?.body_mut().read_to_string()?);
    Ok(())
}
"#;

const AERIS: &str = r#"
use aeris_auth::{Aeris, Session};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let base = std::env::args().nth(1).ok_or("which server?")?;
    let session = Session::new(Aeris {
        client_id: "client".into(),
        client_secret: "secret".into(),
        account_id: "account".into(),
        account_secret: "secret".into(),
        requester_id: "ada@acme.example".into(),
        base: base.clone(),
    });
    println!("{}", session.agent().get(format!("{base}/usage")).call()?.body_mut().read_to_string()?);
    Ok(())
}
"#;

const ERMEO: &str = r#"
use ermeo_auth::{Ermeo, Session};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let base = std::env::args().nth(1).ok_or("which server?")?;
    let session = Session::new(Ermeo {
        client_id: "client".into(),
        client_secret: "secret".into(),
        username: "ada".into(),
        password: "secret".into(),
        base: base.clone(),
    });
    println!("{}", session.agent().get(format!("{base}/api/v1/assets")).call()?.body_mut().read_to_string()?);
    Ok(())
}
"#;
