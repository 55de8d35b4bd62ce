//! Downloads for users: a static program for each processor, with completions, man pages, units and licences.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::kit::{Kit, Ready};
use super::{Runs, TARGETS, Target, cargo};
use crate::features;
use crate::run::{self, Result, Run, target};

/// `cargo xtask dist [TARGET…]`; without arguments, for `x86_64` and `aarch64`.
pub(crate) fn run(args: &[String]) -> Result {
    let chosen: Vec<_> = match args {
        [] => TARGETS.iter().take(2).collect(),
        names => super::chosen(names)?,
    };
    if let Some(other) = chosen.iter().find(|it| !it.triple.contains("-linux-musl")) {
        return Err(format!("`{}` has no static program", other.triple).into());
    }
    let kit = match Kit::ready()? {
        Ready::Kit(kit) => kit,
        Ready::Unavailable(reason) => return run::not_run(super::missing(&chosen, &reason)),
    };
    let dist = target().join("dist");
    let _ = fs::remove_dir_all(&dist);
    fs::create_dir_all(&dist)?;
    let mut archives = Vec::new();
    for target in chosen {
        archives.push(Release::of(target, &kit, &dist)?.archive()?);
    }
    let sums = Run::new("sha256sum")
        .args(&archives)
        .folder(&dist.to_string_lossy());
    let sums = sums.read()?;
    print!("{sums}");
    Ok(fs::write(dist.join("SHA256SUMS"), sums)?)
}

/// Contents of one archive.
struct Release {
    dist: PathBuf,
    /// Name of the folder in `dist`.
    name: String,
    folder: PathBuf,
    program: PathBuf,
    /// The emulator that the program needs on this machine.
    emulator: Option<String>,
}

impl Release {
    fn of(target: &Target, kit: &Kit, dist: &Path) -> Result<Self> {
        cargo("build", target, kit)
            .args(&["--release", "--package", "auth-all-cli"])
            .run()?;
        let triple = target.triple;
        let version = version()?;
        let name = format!("auth-all-{version}-{triple}");
        let folder = dist.join(&name);
        fs::create_dir_all(&folder)?;
        let built = run::target().join(format!("targets/build/{triple}/release/auth-all"));
        let program = folder.join("auth-all");
        fs::copy(built, &program)?;
        let emulator = match target.runs {
            Runs::Emulated(emulator) => Some(kit.path(emulator)),
            _ => None,
        };
        let release = Self {
            dist: dist.to_owned(),
            name,
            folder,
            program,
            emulator,
        };
        release.try_out(&version)?;
        release.add_pages()?;
        release.add_files()?;
        release.verify_units()?;
        let licences = licences(triple)?;
        fs::write(release.folder.join("THIRD-PARTY-LICENSES"), licences)?;
        Ok(release)
    }

    /// The output of the program with these words.
    fn output(&self, words: &str) -> Result<String> {
        let program = self.program.to_string_lossy();
        let run = match &self.emulator {
            Some(emulator) => Run::new(emulator).arg(&program),
            None => Run::new(&program),
        };
        let words: Vec<_> = words.split(' ').collect();
        run.args(&words).read()
    }

    /// Checks that the program is static, is of this version, and gets a token.
    fn try_out(&self, version: &str) -> Result {
        if interpreter(&fs::read(&self.program)?) {
            return Err(format!("{} needs a dynamic linker", self.program.display()).into());
        }
        let printed = self.output("--version")?;
        if printed != format!("auth-all {version}\n") {
            return Err(format!("`--version` prints {printed:?}").into());
        }
        let played = self.output("try")?;
        for phrase in ["$ auth-all token try", "200 {", "exit code 7"] {
            if !played.contains(phrase) {
                return Err(format!("`try` does not print {phrase:?}:\n{played}").into());
            }
        }
        let size = fs::metadata(&self.program)?.len();
        println!(
            "    {:48}{:>6} KiB, runs `try`",
            self.name,
            size.div_ceil(1024)
        );
        Ok(())
    }

    /// Completions and man pages, printed by the program itself.
    fn add_pages(&self) -> Result {
        let completions = self.folder.join("completions");
        let man = self.folder.join("man");
        fs::create_dir_all(&completions)?;
        fs::create_dir_all(&man)?;
        for (shell, file) in SHELLS {
            let text = self.output(&format!("completions {shell}"))?;
            fs::write(completions.join(file), text)?;
        }
        let page = self.output("man")?;
        for command in commands(&page) {
            let text = self.output(&format!("man {command}"))?;
            fs::write(man.join(format!("auth-all-{command}.1")), text)?;
        }
        Ok(fs::write(man.join("auth-all.1"), page)?)
    }

    fn add_files(&self) -> Result {
        let systemd = self.folder.join("systemd");
        fs::create_dir_all(&systemd)?;
        for unit in units()? {
            let name = unit.file_name().unwrap_or_default();
            fs::copy(&unit, systemd.join(name))?;
        }
        for (from, to) in FILES {
            fs::copy(from, self.folder.join(to))?;
        }
        Ok(())
    }

    /// Lets systemd read the units, with the program of this release.
    fn verify_units(&self) -> Result {
        if !Run::new("systemd-analyze --version").succeeds() {
            println!("    the units were not verified: this machine lacks `systemd-analyze`");
            return Ok(());
        }
        let folder = target().join("dist-units");
        fs::create_dir_all(&folder)?;
        for unit in units()? {
            let text = fs::read_to_string(&unit)?;
            let copy = folder.join(unit.file_name().unwrap_or_default());
            let program = self.program.to_string_lossy();
            fs::write(&copy, text.replace("/usr/bin/auth-all", &program))?;
            // It ends with success after a key that it does not know.
            let verify = Run::new("sh -c").arg("systemd-analyze verify --man=no \"$0\" 2>&1");
            let complaints = verify.arg(&copy.to_string_lossy()).read()?;
            if !complaints.is_empty() {
                return Err(complaints.into());
            }
        }
        Ok(())
    }

    /// Packs the folder; two builds of one commit make the same archive of the same files.
    fn archive(&self) -> Result<String> {
        let time = Run::new("git log -1 --format=@%ct").read()?;
        let file = format!("{}.tar.gz", self.name);
        Run::new("tar --create --sort=name --owner=0 --group=0 --numeric-owner")
            .args(&["--mtime", time.trim(), "--use-compress-program", "gzip -9n"])
            .args(&["--file", &file, &self.name])
            .folder(&self.dist.to_string_lossy())
            .read()?;
        Ok(file)
    }
}

/// Returns `true` if an ELF file of 64 bits names a dynamic linker (`PT_INTERP`), or is no such file.
fn interpreter(elf: &[u8]) -> bool {
    let number = |at: usize, length: usize| {
        let bytes = elf.get(at..at + length)?;
        let number = bytes
            .iter()
            .rev()
            .fold(0, |sum, byte| sum << 8 | usize::from(*byte));
        Some(number)
    };
    let kinds = || {
        let (first, size, count) = (number(32, 8)?, number(54, 2)?, number(56, 2)?);
        let kinds = (0..count).map(|index| number(first + index * size, 4));
        kinds.collect::<Option<Vec<_>>>()
    };
    !elf.starts_with(b"\x7fELF\x02\x01") || kinds().is_none_or(|kinds| kinds.contains(&3))
}

/// The commands that a man page of the program lists.
fn commands(page: &str) -> Vec<&str> {
    let names = page
        .lines()
        .filter_map(|line| line.strip_prefix("auth\\-all\\-"));
    names.filter_map(|line| line.strip_suffix("(1)")).collect()
}

fn version() -> Result<String> {
    let packages = features::published()?;
    let found = packages.into_iter().find(|it| it.name == "auth-all-cli");
    found
        .map(|package| package.version)
        .ok_or_else(|| "`auth-all-cli` is not published".into())
}

fn units() -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir("packaging")?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    let mut paths: Vec<_> = paths.collect::<std::io::Result<_>>()?;
    paths.retain(|path| {
        path.extension()
            .is_some_and(|it| it == "service" || it == "socket")
    });
    paths.sort();
    Ok(paths)
}

/// The licences of everything that is in the program, each text once.
fn licences(triple: &str) -> Result<String> {
    let tree = Run::new("cargo tree --locked --package auth-all-cli --edges normal --prefix none")
        .args(&["--target", triple, "--format", "{p}"])
        .read()?;
    let used: BTreeSet<_> = tree
        .lines()
        .filter_map(|line| line.split_once(" v"))
        .map(|(name, rest)| (name, rest.split(' ').next().unwrap_or_default()))
        .collect();
    let metadata = Run::new("cargo metadata --locked --format-version 1").read()?;
    let metadata: Value = serde_json::from_str(&metadata)?;
    let mut texts: Vec<(String, Vec<String>)> = Vec::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let text = |member: &str| package[member].as_str().unwrap_or_default();
        if !used.contains(&(text("name"), text("version"))) || package["source"].is_null() {
            continue;
        }
        let title = format!("{} {}: {}", text("name"), text("version"), text("license"));
        let folder = Path::new(text("manifest_path")).parent();
        let found = folder.map(licence_files).transpose()?.unwrap_or_default();
        // Some packages only name their licence, whose text is among the others.
        for text in if found.is_empty() {
            vec![String::new()]
        } else {
            found
        } {
            match texts.iter_mut().find(|(known, _)| *known == text) {
                Some((_, titles)) => titles.push(title.clone()),
                None => texts.push((text, vec![title.clone()])),
            }
        }
    }
    let line = "-".repeat(80);
    let parts = texts
        .iter()
        .map(|(text, titles)| format!("{}\n\n{text}\n{line}\n", titles.join("\n")));
    Ok(parts.collect())
}

/// The texts of the licences in a package.
fn licence_files(folder: &Path) -> Result<Vec<String>> {
    let mut texts = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .to_uppercase();
        let is_one = ["LICEN", "COPYING", "NOTICE"]
            .iter()
            .any(|word| name.starts_with(word));
        if is_one && path.is_file() {
            texts.push(fs::read_to_string(path)?);
        }
    }
    texts.sort();
    Ok(texts)
}

/// Each shell, and the name under which it looks for a program's completions.
const SHELLS: [(&str, &str); 5] = [
    ("bash", "auth-all"),
    ("elvish", "auth-all.elv"),
    ("fish", "auth-all.fish"),
    ("powershell", "_auth-all.ps1"),
    ("zsh", "_auth-all"),
];

const FILES: [(&str, &str); 5] = [
    ("LICENSE-APACHE", "LICENSE-APACHE"),
    ("LICENSE-MIT", "LICENSE-MIT"),
    ("CHANGELOG.md", "CHANGELOG.md"),
    ("crates/auth-all-cli/README.md", "README.md"),
    ("packaging/Containerfile", "Containerfile"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commands_are_those_of_the_man_page() {
        let page = "auth\\-all\\-token(1)\nPrint\n.TP\nauth\\-all\\-keep(1)\n";
        assert_eq!(commands(page), ["token", "keep"]);
    }

    #[test]
    fn a_program_that_needs_a_linker_is_noticed() {
        let mut elf = vec![0; 64 + 2 * 56];
        elf[..6].copy_from_slice(b"\x7fELF\x02\x01");
        (elf[32], elf[54], elf[56]) = (64, 56, 2);
        assert!(!interpreter(&elf));
        elf[64 + 56] = 3;
        assert!(interpreter(&elf));
        assert!(interpreter(b"#!/bin/sh\n"));
    }

    #[test]
    fn each_unit_runs_the_program_without_privileges() {
        std::env::set_current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).unwrap();
        let units = units().unwrap();
        assert!(!units.is_empty());
        for unit in units {
            let text = fs::read_to_string(&unit).unwrap();
            for line in [
                "Type=notify",
                "DynamicUser=yes",
                "StateDirectory=auth-all",
                "NoNewPrivileges=yes",
            ] {
                assert!(
                    text.lines().any(|it| it == line),
                    "{}: {line}",
                    unit.display()
                );
            }
            assert!(
                text.contains("\nExecStart=/usr/bin/auth-all "),
                "{}",
                unit.display()
            );
            assert!(text.contains("\nLoadCredential="), "{}", unit.display());
        }
    }
}
