//! Builds what measures: Rust peers by cargo, Go's by Debian's compiler, Python's in an environment of their own.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::peers::{FLOOR, Language, OURS, Peer};
use crate::{Ready, Result};

/// The two programs of a peer.
pub(crate) struct Programs {
    measure: Vec<PathBuf>,
    minimal: Vec<PathBuf>,
    pub(crate) version: String,
}

impl Programs {
    pub(crate) fn measure(&self) -> Command {
        start(&self.measure)
    }

    pub(crate) fn minimal(&self) -> Command {
        start(&self.minimal)
    }
}

fn start(words: &[PathBuf]) -> Command {
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]);
    command
}

pub(crate) fn programs(peer: &Peer) -> Result<Programs> {
    match peer.language {
        Language::Rust => rust(peer),
        Language::Go => go(peer),
        Language::Python => python(peer),
    }
}

fn rust(peer: &Peer) -> Result<Programs> {
    let target = folder("build")?;
    let mut command =
        cargo("build --quiet --release --locked --bin minimal --bin measure --features");
    command
        .arg(format!("{},measure", peer.name))
        .env("CARGO_TARGET_DIR", &target);
    run(command)?;
    // The next peer's programs have the same names.
    let keep = |name: &str| -> Result<Vec<PathBuf>> {
        let kept = folder("bin")?.join(format!("{}-{name}", peer.name));
        fs::copy(target.join("release").join(name), &kept)?;
        Ok(vec![kept])
    };
    Ok(Programs {
        measure: keep("measure")?,
        minimal: keep("minimal")?,
        version: locked(peer.package)?,
    })
}

/// Returns the version of a package in the lock file; ours is that of the repository's last commit.
fn locked(package: &str) -> Result<String> {
    if package == "oauth2-generic" {
        let mut git = Command::new("git");
        git.args([
            "-C",
            env!("CARGO_MANIFEST_DIR"),
            "log",
            "-1",
            "--format=%h of %cs",
        ]);
        return Ok(run(git)?.trim().to_owned());
    }
    let lock = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.lock"))?;
    let rest = lock
        .split_once(&format!("name = \"{package}\"\nversion = \""))
        .ok_or("it is not locked")?
        .1;
    Ok(rest.split('"').next().unwrap_or_default().to_owned())
}

/// Builds with Debian's `golang-golang-x-oauth2-dev`, whose sources are below `/usr/share/gocode`.
fn go(peer: &Peer) -> Result<Programs> {
    let program = folder("bin")?.join(peer.name);
    run(go_build(&program)).map_err(|error| {
        format!("{error}\n`apt-get install golang-go golang-golang-x-oauth2-dev` provides the compiler and the package")
    })?;
    let mut query = Command::new("dpkg-query");
    query.args(["--show", "--showformat", "${Version}", peer.package]);
    let minimal = vec![program.clone(), "minimal".into()];
    Ok(Programs {
        measure: vec![program],
        minimal,
        version: run(query)?,
    })
}

fn go_build(program: &Path) -> Command {
    let mut command = Command::new("go");
    command
        .args(["build", "-ldflags", "-s -w", "-o"])
        .arg(program)
        .arg("main.go");
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("go"));
    command
        .env("GO111MODULE", "off")
        .env("GOPATH", "/usr/share/gocode")
        .env("GOFLAGS", "");
    command
}

fn python(peer: &Peer) -> Result<Programs> {
    let environment = folder("python")?;
    let (python, requirements) = (
        environment.join("bin/python"),
        source("python/requirements.txt"),
    );
    let done = environment.join("requirements.txt");
    if fs::read(&done).ok() != Some(fs::read(&requirements)?) {
        let mut command = Command::new("python3");
        run(command.args(["-m", "venv"]).arg(&environment))?;
        let mut command = Command::new(&python);
        command.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--requirement",
        ]);
        run(command.arg(&requirements))?;
        fs::copy(&requirements, &done)?;
    }
    let mut query = Command::new(&python);
    query.arg("-c").arg(format!(
        "from importlib.metadata import version; print(version('{}'))",
        peer.package
    ));
    let version = run(query)?.trim().to_owned();
    let measure = vec![python, source("python/measure.py"), peer.name.into()];
    let minimal = measure.iter().cloned().chain(["minimal".into()]).collect();
    Ok(Programs {
        measure,
        minimal,
        version,
    })
}

/// Crates in the tree, processor seconds of a clean build, and size of the stripped program.
///
/// The seconds of a peer from the registry are kept: they change with the lock file only.
pub(crate) fn footprint(ready: &Ready) -> Result<Vec<(&'static str, f64)>> {
    let (peer, mut figures) = (ready.peer, Vec::new());
    let program = &ready.programs.minimal[0];
    match peer.language {
        Language::Python => return Ok(figures),
        _ if peer.name == FLOOR => return Ok(figures),
        Language::Go => {
            let cache = folder("go-cache")?;
            fs::remove_dir_all(&cache)?;
            let mut command = go_build(program);
            command.env("GOCACHE", &cache);
            figures.push(("build.s", processor_seconds(&command)?));
        }
        Language::Rust => {
            let mut tree =
                cargo("tree --quiet --locked --edges normal --prefix none --no-dedupe --features");
            let tree = run(tree.arg(peer.name))?;
            let names: BTreeSet<_> = tree
                .lines()
                .filter_map(|line| line.split(' ').next())
                .collect();
            figures.push(("crates", names.len().saturating_sub(1) as f64)); // this package
            figures.push(("build.s", clean_build(peer)?));
        }
    }
    figures.push(("size.MB", fs::metadata(program)?.len() as f64 / 1e6));
    Ok(figures)
}

fn clean_build(peer: &Peer) -> Result<f64> {
    let mut hasher = DefaultHasher::new();
    for file in ["Cargo.toml", "Cargo.lock"] {
        fs::read(source(file))?.hash(&mut hasher);
    }
    let kept = folder("seconds")?.join(format!("{}-{:x}", peer.name, hasher.finish()));
    if let (true, Ok(seconds)) = (peer.name != OURS, fs::read_to_string(&kept)) {
        return Ok(seconds.trim().parse()?);
    }
    let target = folder("clean")?;
    fs::remove_dir_all(&target)?;
    let mut command = cargo("build --quiet --release --locked --bin minimal --features");
    command.arg(peer.name).env("CARGO_TARGET_DIR", &target);
    let seconds = processor_seconds(&command);
    fs::remove_dir_all(&target)?;
    let seconds = seconds?;
    fs::write(kept, seconds.to_string())?;
    Ok(seconds)
}

/// Makes an RSA key for the peers that sign JWTs, once.
pub(crate) fn signing_key() -> Result<String> {
    let path = folder("key")?.join("key.pem");
    if !path.exists() {
        let mut openssl = Command::new("openssl");
        openssl.args([
            "genpkey",
            "-quiet",
            "-algorithm",
            "RSA",
            "-pkeyopt",
            "rsa_keygen_bits:2048",
            "-out",
        ]);
        let mut plain = Command::new("openssl");
        plain.args([
            "genpkey",
            "-algorithm",
            "RSA",
            "-pkeyopt",
            "rsa_keygen_bits:2048",
            "-out",
        ]);
        run(openssl.arg(&path)).or_else(|_| run(plain.arg(&path)))?;
    }
    Ok(fs::read_to_string(path)?)
}

/// Returns a folder below `target/peers`, which it makes.
pub(crate) fn folder(name: &str) -> Result<PathBuf> {
    let target =
        env::var_os("CARGO_TARGET_DIR").map_or_else(|| source("../../target/peers"), PathBuf::from);
    let folder = std::path::absolute(target)?.join(name);
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

pub(crate) fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Without the variables that cargo set for this program: ring's build script would see a change, and build all anew.
fn cargo(line: &str) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(name);
        }
    }
    command
        .args(line.split(' '))
        .current_dir(env!("CARGO_MANIFEST_DIR"));
    command
}

/// Runs a command and returns its standard output; the error has the end of its standard error.
fn run(mut command: impl std::borrow::BorrowMut<Command>) -> Result<String> {
    let command = command.borrow_mut();
    let output = command
        .output()
        .map_err(|error| format!("{command:?} does not start: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8(output.stdout)?);
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<_> = complaint
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    Err(format!(
        "{command:?}: {}\n{}",
        output.status,
        lines[lines.len().saturating_sub(8)..].join("\n")
    )
    .into())
}

/// Runs a command and returns the processor time that it and its children used.
fn processor_seconds(command: &Command) -> Result<f64> {
    let mut shell = Command::new("sh");
    shell
        .args(["-c", "\"$@\" && times", "sh"])
        .arg(command.get_program())
        .args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        shell.current_dir(folder);
    }
    let times = run(shell)?;
    let seconds = |time: &str| {
        let (minutes, seconds) = time.strip_suffix('s')?.split_once('m')?;
        Some(minutes.parse::<f64>().ok()? * 60.0 + seconds.parse::<f64>().ok()?)
    };
    let last = times.lines().next_back().unwrap_or_default();
    let total: Option<f64> = last.split_whitespace().map(seconds).sum();
    total.ok_or_else(|| "`times` prints no times".into())
}
