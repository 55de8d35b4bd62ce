//! The configuration: where its files are, and the profiles and the store that they describe.

pub(crate) mod source;
pub(crate) mod table;

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Result};
use crate::profile::Profile;
use crate::store::StoreSettings;
use table::Document;

/// Everything that the files describe.
#[derive(Debug, Default)]
pub(crate) struct Config {
    profiles: BTreeMap<String, Profile>,
    pub(crate) store: StoreSettings,
    /// The file of failures and events, unless `AUTH_ALL_LOG_FILE` names one.
    pub(crate) log_file: Option<PathBuf>,
    /// The files that were read, in the order of reading.
    files: Vec<PathBuf>,
    /// The files that were looked for.
    places: Vec<PathBuf>,
}

impl Config {
    /// Reads `--config`, or `AUTH_ALL_CONFIG`, or the files of the machine and of this user.
    ///
    /// A profile and the store of a later file replace those of an earlier one as a whole: an endpoint of one file
    /// never gets a secret of another.
    pub(crate) fn load(named: Option<&Path>, store: Option<&str>) -> Result<Self> {
        let variable = env::var_os("AUTH_ALL_CONFIG").map(PathBuf::from);
        let one = named.map(Path::to_owned).or(variable);
        let mut config = Self::default();
        match one {
            Some(file) => {
                if !config.read(&file)? {
                    let shown = file.display();
                    return Err(Failure::configuration(format!("{shown}: no such file")));
                }
            }
            None => {
                for file in places() {
                    config.read(&file)?;
                }
            }
        }
        let named = store.map(|name| (name.to_owned(), "--store"));
        let variable = env::var("AUTH_ALL_STORE").ok();
        if let Some((kind, by)) = named.or(variable.map(|name| (name, "AUTH_ALL_STORE"))) {
            config.store = config.store.with_kind(&kind, by)?;
        }
        Ok(config)
    }

    /// A configuration from a text, as if a file had it.
    pub(crate) fn of_text(name: &str, text: &str) -> Result<Self> {
        let mut config = Self::default();
        config.take(name, text)?;
        Ok(config)
    }

    /// Reads a file; returns `false` if it does not exist.
    fn read(&mut self, file: &Path) -> Result<bool> {
        self.places.push(file.to_owned());
        let shown = file.display().to_string();
        let failed = |error| Failure::configuration(format!("{shown}: {error}"));
        let text = match fs::read_to_string(file) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            read => read.map_err(failed)?,
        };
        protected(file)?;
        self.take(&shown, &text)?;
        self.files.push(file.to_owned());
        Ok(true)
    }

    fn take(&mut self, name: &str, text: &str) -> Result<()> {
        let document = Document::parse(name, text)?;
        let root = document.root();
        if let Some(path) = root.text("log_file")? {
            let path = PathBuf::from(path);
            if !path.is_absolute() {
                return Err(root.wrong("log_file", "is an absolute path"));
            }
            self.log_file = Some(path);
        }
        if let Some(store) = root.table("store")? {
            self.store = StoreSettings::read(&store)?;
        }
        if let Some(profiles) = root.table("profile")? {
            for (name, table) in profiles.tables()? {
                self.profiles
                    .insert(name.clone(), Profile::read(&name, &table)?);
            }
        }
        root.finish()
    }

    /// The profile that the arguments or `AUTH_ALL_PROFILE` name.
    pub(crate) fn profile(&self, named: Option<&str>) -> Result<&Profile> {
        let variable = env::var("AUTH_ALL_PROFILE").ok();
        let Some(name) = named.map(str::to_owned).or(variable) else {
            return Err(Failure::usage(format!(
                "which profile? Name one, or set AUTH_ALL_PROFILE; {}",
                self.known()
            )));
        };
        self.profiles.get(&name).ok_or_else(|| {
            let near = table::nearest(&name, self.profiles.keys().map(String::as_str));
            let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            Failure::configuration(format!(
                "no profile is named `{name}`{near} {}",
                self.known()
            ))
        })
    }

    pub(crate) fn profiles(&self) -> impl Iterator<Item = &Profile> {
        self.profiles.values()
    }

    /// The files that were read, and the profiles in them, for a message.
    pub(crate) fn known(&self) -> String {
        let list = |paths: &[PathBuf]| {
            let shown: Vec<_> = paths.iter().map(|it| it.display().to_string()).collect();
            shown.join(", ")
        };
        if self.files.is_empty() {
            return format!("(no configuration at {})", list(&self.places));
        }
        let names: Vec<_> = self.profiles.keys().map(String::as_str).collect();
        match names.is_empty() {
            true => format!("({} has no profile)", list(&self.files)),
            false => format!("({} has {})", list(&self.files), names.join(", ")),
        }
    }
}

/// The files of the machine and of this user, the latter last.
fn places() -> Vec<PathBuf> {
    let absolute = |name| {
        let path = env::var_os(name).map(PathBuf::from);
        path.filter(|path| path.is_absolute())
    };
    let own = |folder: PathBuf| folder.join("auth-all").join("config.toml");
    if cfg!(windows) {
        let folders = [absolute("PROGRAMDATA"), absolute("APPDATA")];
        return folders.into_iter().flatten().map(own).collect();
    }
    let user = absolute("XDG_CONFIG_HOME").or_else(|| Some(absolute("HOME")?.join(".config")));
    let folders = [Some(PathBuf::from("/etc")), user];
    folders.into_iter().flatten().map(own).collect()
}

/// Refuses a file that any user can change: it decides which programs run, and where secrets are sent.
#[cfg(unix)]
fn protected(file: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::metadata(file).map_or(0, |found| found.permissions().mode());
    if mode & 0o002 == 0 {
        return Ok(());
    }
    let shown = file.display();
    let refusal = format!("{shown}: every user of this machine can change it");
    Err(Failure::configuration(refusal).advice(format!("run: chmod o-w {shown}")))
}

#[cfg(not(unix))]
fn protected(_: &Path) -> Result<()> {
    Ok(())
}
