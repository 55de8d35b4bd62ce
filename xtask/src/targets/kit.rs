//! Compiler, linker, emulators and Wine, from packages of Debian and `PyPI` that are unpacked below `target/targets`.
//!
//! Nothing is installed, and no step needs root. To fetch newer packages, remove `target/targets/kit`.

use std::fs;
use std::path::PathBuf;

use crate::run::{Result, Run, target};

/// The unpacked packages.
pub(super) struct Kit {
    root: PathBuf,
}

pub(super) enum Ready {
    Kit(Kit),
    /// The packages cannot be had on this machine, and why.
    Unavailable(String),
}

impl Kit {
    /// Downloads and unpacks the packages if they are missing.
    pub(super) fn ready() -> Result<Ready> {
        let kit = Kit {
            root: target().join("targets/kit"),
        };
        // Several of its files hold its path.
        let wanted = format!("{}\n{PACKAGES:?}\n{WHEELS}", kit.root.display());
        let stamp = kit.root.join("unpacked");
        if fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
            return Ok(Ready::Kit(kit));
        }
        if let Some(reason) = unfit() {
            return Ok(Ready::Unavailable(reason));
        }
        println!("    400 MB of packages go to {}", kit.root.display());
        let _ = fs::remove_dir_all(&kit.root);
        fs::create_dir_all(&kit.root)?;
        if let Err(reason) = kit.download() {
            let text = reason.to_string();
            return match MANIPULATED.iter().any(|sign| text.contains(sign)) {
                true => Err(reason),
                false => Ok(Ready::Unavailable(text)),
            };
        }
        kit.unpack()?;
        kit.prepare_compiler()?;
        kit.prepare_wine()?;
        fs::write(&stamp, wanted)?;
        Ok(Ready::Kit(kit))
    }

    pub(super) fn path(&self, name: &str) -> String {
        self.root.join(name).display().to_string()
    }

    /// The linker's flags for Windows.
    pub(super) fn windows_flags(&self) -> String {
        format!("-Lnative={}", self.path("stubs"))
    }

    /// Variables under which cargo uses this compiler and linker, and writes nothing elsewhere.
    pub(super) fn environment(&self) -> Vec<(&'static str, String)> {
        let build = target().join("targets/build");
        let path = std::env::var("PATH").unwrap_or_default();
        let cache = self.path("cache");
        vec![
            ("PATH", format!("{}:{path}", self.path("zig/bin"))),
            ("RUSTC", self.path("rustc")),
            ("RUSTC_BOOTSTRAP", "1".to_owned()), // for `-Zbuild-std`
            ("CARGO_TARGET_DIR", build.display().to_string()),
            ("CARGO_INCREMENTAL", "0".to_owned()),
            ("CARGO_PROFILE_DEV_DEBUG", "0".to_owned()), // a third of the space
            // Without, std is slow enough for tokens to expire on their way, and an emulator is slow, too.
            ("CARGO_PROFILE_DEV_OPT_LEVEL", "1".to_owned()),
            ("ZIG_GLOBAL_CACHE_DIR", cache.clone()),
            ("ZIG_LOCAL_CACHE_DIR", cache.clone()),
            ("CARGO_ZIGBUILD_CACHE_DIR", cache),
        ]
    }

    fn download(&self) -> Result {
        let debs = self.path("debs");
        for folder in ["debs", "apt/lists/partial", "apt/cache/archives/partial"] {
            fs::create_dir_all(self.root.join(folder))?;
        }
        // Without the option, a mirror that cannot be reached is a warning.
        self.apt("apt-get -q update -o APT::Update::Error-Mode=any")
            .read()?;
        let mut names: Vec<String> = PACKAGES.iter().map(|name| (*name).to_owned()).collect();
        let std = self.dependency("libstd-rust-web-dev", "libstd-rust-web-")?;
        is_new_enough(&std)?;
        names.push(self.dependency(&std, "libllvm")?);
        names.push(std);
        self.apt("apt-get -q download")
            .args(&names)
            .folder(&debs)
            .read()?;
        Run::new("python3 -m venv").arg(&self.path("zig")).read()?;
        Run::new(&self.path("zig/bin/pip"))
            .args(&[
                "install",
                "--quiet",
                "--no-cache-dir",
                "--only-binary",
                ":all:",
            ])
            .args(&[
                "--require-hashes",
                "-r",
                "xtask/src/targets/requirements.txt",
            ])
            .read()
            .map(drop)
    }

    /// A command of apt with lists of packages of its own, so that it needs no root.
    fn apt(&self, line: &str) -> Run {
        let options = [
            format!("Dir::State={}", self.path("apt")),
            format!("Dir::State::lists={}", self.path("apt/lists")),
            "Dir::State::status=/var/lib/dpkg/status".to_owned(),
            format!("Dir::Cache={}", self.path("apt/cache")),
            "APT::Sandbox::User=root".to_owned(), // another user could not write here
        ];
        let run = Run::new(line);
        options
            .iter()
            .fold(run, |run, option| run.args(&["-o", option]))
    }

    /// The package with this prefix that another one needs: its name holds a version.
    fn dependency(&self, package: &str, prefix: &str) -> Result<String> {
        let text = self.apt("apt-cache depends").arg(package).read()?;
        let names = text
            .lines()
            .filter_map(|line| line.trim().strip_prefix("Depends: "));
        let mut matching = names.filter(|name| name.starts_with(prefix));
        let found = matching.next().map(str::to_owned);
        found.ok_or_else(|| format!("`{package}` needs no `{prefix}…`").into())
    }

    fn unpack(&self) -> Result {
        for entry in fs::read_dir(self.root.join("debs"))? {
            let deb = entry?.path();
            let deb = deb.display().to_string();
            if deb.contains("/qemu-user-static_") {
                // Two of its forty programs.
                let script = "dpkg-deb --fsys-tarfile \"$0\" | tar -x -C \"$1\" --strip-components=3 \
                     ./usr/bin/qemu-aarch64-static ./usr/bin/qemu-arm-static";
                let root = self.path(".");
                Run::new("sh -c").args(&[script, &deb, &root]).read()?;
            } else {
                let is_wine = ["/wine64_", "/libwine_", "/libz-"];
                let is_wine = is_wine.iter().any(|name| deb.contains(name));
                let folder = self.path(if is_wine { "wine" } else { "rust" });
                Run::new("dpkg-deb -x").args(&[&deb, &folder]).read()?;
            }
        }
        fs::remove_dir_all(self.root.join("debs"))?;
        Ok(fs::remove_dir_all(self.root.join("apt"))?)
    }

    fn prepare_compiler(&self) -> Result {
        let (libraries, compiler) = (
            self.path("rust/usr/lib/x86_64-linux-gnu"),
            self.path("rust/usr/bin/rustc"),
        );
        let script = format!("export LD_LIBRARY_PATH='{libraries}'\nexec '{compiler}' \"$@\"\n");
        self.script("rustc", &script)?;
        // Debian's compiler names both libraries for Windows; this linker has neither and needs neither.
        fs::create_dir_all(self.root.join("stubs"))?;
        for library in ["stubs/libssp.a", "stubs/libssp_nonshared.a"] {
            fs::write(self.root.join(library), "!<arch>\n")?;
        }
        Ok(())
    }

    /// Makes Wine start from this folder, and adds what it lacks.
    fn prepare_wine(&self) -> Result {
        let wine = self.root.join("wine/usr/lib/wine");
        // Debian's is a script that looks in `/usr`.
        let server = wine.join("wineserver").display().to_string();
        Run::new("ln -sf wineserver64").arg(&server).read()?;
        let (prefix, program) = (self.path("prefix"), wine.join("wine64"));
        self.script(
            WINE,
            &format!(
                "unset DISPLAY\n\
                 export WINEPREFIX='{prefix}' WINEARCH=win64 WINEDEBUG=\"${{WINEDEBUG:--all}}\"\n\
                 export WINEDLLOVERRIDES='mscoree,mshtml=;winemenubuilder.exe=d'\n\
                 exec '{}' \"$@\" </dev/null\n",
                program.display()
            ),
        )?;
        // Before the first start: without zlib no program with a window starts, and `wineboot` is one.
        let system = self.root.join("prefix/drive_c/windows/system32");
        fs::create_dir_all(&system)?;
        let zlib = "wine/usr/x86_64-w64-mingw32/lib/zlib1.dll";
        fs::copy(self.root.join(zlib), system.join("zlib1.dll"))?;
        // Rust's std takes its random numbers from a library that Wine 8 lacks.
        fs::write(self.root.join("random.c"), RANDOM)?;
        let random = system.join("bcryptprimitives.dll").display().to_string();
        let mut compiler = Run::new(&self.path("zig/bin/python"));
        for (name, value) in self.environment() {
            compiler = compiler.quiet_env(name, &value);
        }
        compiler
            .args(&[
                "-m",
                "ziglang",
                "cc",
                "-target",
                "x86_64-windows-gnu",
                "-shared",
            ])
            .args(&["-O2", "-o", &random, &self.path("random.c"), "-ladvapi32"])
            .read()?;
        Run::new(&self.path(WINE))
            .args(&["wineboot", "-i"])
            .read()?;
        Run::new(&self.path(WINE))
            .args(&["reg", "add", r"HKCU\Software\Wine"])
            .args(&["/v", "Version", "/d", "win10", "/f"])
            .read()
            .map(drop)
    }

    fn script(&self, name: &str, body: &str) -> Result {
        let path = self.path(name);
        fs::write(&path, format!("#!/bin/sh\n{body}"))?;
        Run::new("chmod 755").arg(&path).read().map(drop)
    }
}

/// Returns the reason why the packages do not run on this machine, or cannot be unpacked.
fn unfit() -> Option<String> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Some("the packages are for Linux on x86_64".to_owned());
    }
    let needed = [
        ("apt-get --version", "`apt-get`: the packages are Debian's"),
        (
            "dpkg-deb --version",
            "`dpkg-deb`: the packages are Debian's",
        ),
        (
            "python3 -c",
            "Python with `venv`: `apt-get install python3-venv`",
        ),
    ];
    let lacks = |(check, _): &&(&str, &str)| {
        let run = Run::new(check);
        match check.ends_with("-c") {
            true => !run.arg("import ensurepip, venv").succeeds(),
            false => !run.succeeds(),
        }
    };
    let (_, name) = needed.iter().find(lacks)?;
    Some(format!("this machine lacks {name}"))
}

/// The version of std is in its name; the crates need the `rust-version` of the workspace.
fn is_new_enough(std: &str) -> Result {
    let numbers = |version: &str| -> Option<(u32, u32)> {
        let mut numbers = version.split('.').map(str::parse);
        Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
    };
    let oldest = env!("CARGO_PKG_RUST_VERSION");
    let (_, version) = std.rsplit_once('-').unwrap_or_default();
    match numbers(version) >= numbers(oldest) && numbers(version).is_some() {
        true => Ok(()),
        false => Err(format!("Debian has `{std}`, and the crates need Rust {oldest}").into()),
    }
}

/// The program that runs a program of Windows.
pub(super) const WINE: &str = "wine64";

/// Packages of Debian; two more have a version in their names. `rustc-web` is its newest compiler.
const PACKAGES: &[&str] = &[
    "rustc-web",
    "libstd-rust-web-dev",
    "rust-web-src",
    "qemu-user-static",
    "wine64",
    "libwine",
    "libz-mingw-w64",
];

const WHEELS: &str = include_str!("requirements.txt");

/// Words of apt and pip for a package that is not the one that was signed or pinned: no reason to skip.
const MANIPULATED: [&str; 2] = ["DO NOT MATCH THE HASHES", "Hash Sum mismatch"];

const RANDOM: &str = "\
__declspec(dllimport) unsigned char SystemFunction036(void *, unsigned long);
__declspec(dllexport) int ProcessPrng(unsigned char *to, unsigned long long length) {
    return SystemFunction036(to, (unsigned long)length);
}
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_compiler_that_is_too_old_is_named() {
        assert!(is_new_enough("libstd-rust-web-1.96").is_ok());
        assert!(is_new_enough("libstd-rust-web-2.0").is_ok());
        for old in ["libstd-rust-web-1.85", "libstd-rust-web-dev"] {
            let error = is_new_enough(old).unwrap_err().to_string();
            assert!(
                error.contains(old) && error.contains("need Rust 1."),
                "{error}"
            );
        }
    }

    #[test]
    fn python_packages_are_pinned_by_hash() {
        let names = WHEELS.lines().filter(|line| line.contains("=="));
        let hashes = WHEELS
            .lines()
            .filter(|line| line.contains("--hash=sha256:"));
        assert_eq!(names.count(), hashes.count());
    }
}
