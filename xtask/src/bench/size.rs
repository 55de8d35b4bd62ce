//! Crates, build time and size of a program that gets a token and makes one call, and of each package below it.

use std::fs;
use std::path::Path;

use crate::run::{Result, Run, target};

/// A program with one dependency, to be measured.
struct Program {
    name: &'static str,
    dependency: String,
    main: String,
}

/// Cost of a dependency to the author of a program.
#[derive(Clone, Copy)]
struct Cost {
    crates: usize,
    /// Processor time of a clean build; other work on the machine is not counted.
    build_seconds: f64,
    stripped_megabytes: f64,
}

/// Builds every program from scratch, one after the other, and prints the cost of each.
pub(super) fn run() -> Result {
    println!("{HEADING}");
    let floor = Program::floor().measure()?;
    print(Program::floor().name, floor, floor);
    for program in vendors()? {
        print(program.name, program.measure()?, floor);
    }
    println!("\n    the same call without us, and with one package more\n");
    for package in PACKAGES {
        let program = Program::with(package);
        print(program.name, program.measure()?, floor);
    }
    Ok(())
}

fn print(name: &str, cost: Cost, floor: Cost) {
    println!(
        "    {:16}{:>8}{:>10.1} ({:4.2}){:>10.2} ({:4.2})",
        name,
        cost.crates,
        cost.build_seconds,
        cost.build_seconds / floor.build_seconds,
        cost.stripped_megabytes,
        cost.stripped_megabytes / floor.stripped_megabytes,
    );
}

fn vendors() -> Result<Vec<Program>> {
    let mut programs = Vec::new();
    for (name, session) in VENDORS {
        let path = fs::canonicalize(Path::new("crates").join(name))?;
        programs.push(Program {
            name,
            dependency: format!("{name} = {{ path = {path:?} }}"),
            main: MAIN.replace("{token}", session),
        });
    }
    Ok(programs)
}

impl Program {
    /// The call without us.
    fn floor() -> Self {
        Self {
            name: "ureq + rustls",
            dependency: UREQ.to_owned(),
            main: MAIN.replace("{token}", FLOOR),
        }
    }

    /// The call without us, and one package at work on the token.
    fn with((name, dependency, used): &(&'static str, &str, &str)) -> Self {
        Self {
            name,
            dependency: format!("{UREQ}\n{dependency}"),
            main: MAIN.replace("{token}", &format!("{FLOOR}{used}")),
        }
    }

    fn measure(&self) -> Result<Cost> {
        let folder = target().join("bench-size").join(self.name);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(folder.join("src"))?;
        // A workspace of its own, with the lock file of this one, so that the versions are the same.
        fs::copy("Cargo.lock", folder.join("Cargo.lock"))?;
        let manifest = folder.join("Cargo.toml");
        fs::write(
            &manifest,
            MANIFEST.replace("{dependency}", &self.dependency),
        )?;
        fs::write(folder.join("src/main.rs"), &self.main)?;
        let cargo = |words: &str| {
            Run::new(&format!("cargo {words} --quiet --manifest-path"))
                .arg(&manifest.to_string_lossy())
                .env("CARGO_TARGET_DIR", &folder.join("target").to_string_lossy())
        };
        let tree = cargo("tree --edges normal --prefix none --no-dedupe").read()?;
        cargo("fetch").read()?;
        let build_seconds = cargo("build --release").processor_seconds()?;
        let program = fs::metadata(folder.join("target/release/program"))?;
        let mut crates: Vec<_> = tree.lines().collect();
        crates.sort_unstable();
        crates.dedup();
        Ok(Cost {
            crates: crates.len().saturating_sub(1), // itself
            build_seconds,
            stripped_megabytes: program.len() as f64 / 1e6,
        })
    }
}

const HEADING: &str = "
    a program that gets a token and makes one call; in brackets the ratio to the first

                      crates    build, CPU s      stripped, MB";

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

const MAIN: &str = r#"
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let base = std::env::args().nth(1).ok_or("usage: program URL")?;
    {token}
    let mut answer = agent.get(format!("{base}/me")).header("authorization", token).call()?;
    println!("{}", answer.body_mut().read_to_string()?);
    Ok(())
}
"#;

const UREQ: &str = "ureq = { version = \"3\", default-features = false, features = [\"rustls\"] }";

/// Packages below a vendor's crate with the features that we use, and a typical use of each.
const PACKAGES: &[(&str, &str, &str)] = &[
    (
        "serde_json",
        "serde_json = \"1\"",
        "let token = serde_json::from_str::<serde_json::Value>(&token)?.to_string();",
    ),
    (
        "time",
        "time = { version = \"0.3\", default-features = false, features = [\"parsing\", \"std\"] }",
        "time::OffsetDateTime::parse(&token, &time::format_description::well_known::Rfc2822)?;",
    ),
    (
        "thiserror",
        "thiserror = \"2\"",
        "
    #[derive(Debug, thiserror::Error)]
    #[error(\"no token: {0}\")]
    struct Missing(&'static str);
    if token.is_empty() {
        Err(Missing(\"empty\"))?;
    }",
    ),
    (
        "log",
        "log = \"0.4\"",
        "log::info!(\"{} bytes\", token.len());",
    ),
    (
        "rustix",
        "rustix = { version = \"1\", default-features = false, features = [\"fs\", \"process\", \"std\", \"time\"] }",
        "println!(\"{:?}\", rustix::time::clock_gettime(rustix::time::ClockId::RealtimeCoarse));",
    ),
];

const FLOOR: &str = r#"
    let agent = ureq::agent();
    let form = [("grant_type", "password"), ("username", "ada"), ("password", "secret")];
    let token = agent.post(format!("{base}/token")).send_form(form)?.body_mut().read_to_string()?;
    let token = format!("Bearer {token}");
"#;

/// Beginning of [`MAIN`] with each vendor's crate.
const VENDORS: [(&str, &str); 3] = [
    (
        "aerion-auth",
        r#"
    use aerion_auth::{Aerion, Secret, Session};
    let session = Session::new(Aerion::new("acme").password("ada", Secret::new("secret")).base(&base));
    let (agent, token) = (session.agent(), session.authorization()?);
"#,
    ),
    (
        "aeris-auth",
        r#"
    use aeris_auth::{Aeris, Secret, Session};
    let aeris = Aeris::new("client", Secret::new("secret")).account("1", Secret::new("secret"));
    let session = Session::new(aeris.requester("ada@acme.example").base(&base));
    let (agent, token) = (session.agent(), session.authorization()?);
"#,
    ),
    (
        "ermeo-auth",
        r#"
    use ermeo_auth::{Ermeo, Secret, Session};
    let ermeo = Ermeo::new("client", Secret::new("secret"));
    let session = Session::new(ermeo.password("ada", Secret::new("secret")).base(&base));
    let (agent, token) = (session.agent(), session.authorization()?);
"#,
    ),
];
