//! Secrets, and the places that they are read from.
//!
//! Settings that take a secret take a [`SecretSource`]: a [`Secret`], or a place ([`file()`], [`env()`], [`command()`],
//! [`from_fn()`]) that is read each time a request is about to be sent, so a rotated secret is used at once. A plain
//! `&str` is neither: a user name and a password cannot be swapped unnoticed, and searching for `secret::` and
//! `Secret::` finds every place where a secret enters a program.
//!
//! ```
//! use auth_core::{Secret, secret};
//!
//! let from_file = secret::file("/run/secrets/client");
//! assert_eq!(format!("{from_file:?}"), "file(/run/secrets/client)");
//! let value = Secret::new("correct horse");
//! assert_eq!(format!("{value:?}"), "Secret(…)");
//! ```

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;

use bytes::Bytes;
use http::HeaderValue;
use zeroize::Zeroizing;

use crate::error::{Error, Result};

/// Text that only [`expose`](Secret::expose) shows, wiped from memory when dropped.
///
/// Passwords, client secrets and tokens travel as `Secret`, so that a `{:?}` in a log, an error or a panic message
/// cannot hold one. It has no `Display` and no `Serialize`, on purpose.
///
/// ```
/// use auth_core::Secret;
///
/// let password = Secret::new("correct horse");
/// assert_eq!(format!("{password:?}"), "Secret(…)");
/// assert_eq!(password.expose(), "correct horse");
/// ```
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes over a text. A `String` is not copied, so no second copy is left behind.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// Returns the text. Search for this word to find every place that shows a secret.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Returns `true` if both are the same, in a time that depends on their lengths alone.
    fn is(&self, other: &Self) -> bool {
        let (one, other) = (self.0.as_bytes(), other.0.as_bytes());
        let differing = one.iter().zip(other).fold(0, |bits, (a, b)| bits | (a ^ b));
        one.len() == other.len() && std::hint::black_box(differing) == 0
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.is(other)
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

/// Secret, or the place that it is read from when a request is sent; see [`file()`], [`env()`], [`command()`] and
/// [`from_fn()`].
///
/// `Debug` names the place and never shows the secret.
///
/// ```
/// use auth_core::secret::{self, SecretSource};
/// use auth_core::Secret;
///
/// let vault = secret::from_fn(|| Ok(Secret::new("from the vault")));
/// assert_eq!(vault.read()?.expose(), "from the vault");
/// let value = SecretSource::from(Secret::new("s3cret"));
/// assert_eq!(value.read()?.expose(), "s3cret");
/// # Ok::<(), auth_core::Error>(())
/// ```
#[derive(Clone)]
pub struct SecretSource(Place);

#[derive(Clone)]
enum Place {
    Value(Secret),
    File(PathBuf),
    Env(OsString),
    Command(Vec<OsString>),
    Function(Arc<dyn Fn() -> Result<Secret> + Send + Sync>),
}

impl SecretSource {
    /// Reads the secret now.
    ///
    /// # Errors
    /// [`Error::Configuration`] with the name of the file, variable or program; the error of a [`from_fn()`] closure.
    pub fn read(&self) -> Result<Secret> {
        match &self.0 {
            Place::Value(secret) => Ok(secret.clone()),
            Place::File(path) => {
                let place = path.display();
                match File::open(path).and_then(bounded) {
                    Ok(Some(text)) => one_line(&text, || format!("{place}")),
                    Ok(None) => Err(Error::configuration(format!(
                        "{place}: more than {LONGEST_SECRET} bytes, too many for a secret; name another file"
                    ))),
                    Err(error) => Err(Error::configuration(format!("{place}: {error}"))),
                }
            }
            Place::Env(name) => {
                let shown = name.display();
                let value = std::env::var_os(name).ok_or_else(|| {
                    Error::configuration(format!("environment variable `{shown}` is not set"))
                })?;
                value.into_string().map(Secret::new).map_err(|_| {
                    Error::configuration(format!("environment variable `{shown}` is not UTF-8"))
                })
            }
            Place::Command(words) => run(words),
            Place::Function(read) => read(),
        }
    }

    /// Reads what can be read without running a program or a closure; `None` for those.
    pub(crate) fn peek(&self) -> Result<Option<Secret>> {
        match &self.0 {
            Place::Value(_) | Place::File(_) | Place::Env(_) => self.read().map(Some),
            Place::Command(_) | Place::Function(_) => Ok(None),
        }
    }

    /// The secret itself, if it is not read from elsewhere.
    pub(crate) fn value(&self) -> Option<&Secret> {
        match &self.0 {
            Place::Value(secret) => Some(secret),
            _ => None,
        }
    }

    /// Returns `true` if both are the same place.
    pub(crate) fn is(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Place::Value(one), Place::Value(other)) => one == other,
            (Place::File(one), Place::File(other)) => one == other,
            (Place::Env(one), Place::Env(other)) => one == other,
            (Place::Command(one), Place::Command(other)) => one == other,
            (Place::Function(one), Place::Function(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }
}

impl fmt::Debug for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::Value(secret) => secret.fmt(f),
            Place::File(path) => write!(f, "file({})", path.display()),
            Place::Env(name) => write!(f, "env({})", name.display()),
            // Arguments may hold a secret; the program's name does not.
            Place::Command(words) => write!(f, "command({})", program(words)),
            Place::Function(_) => f.write_str("from_fn(…)"),
        }
    }
}

impl From<Secret> for SecretSource {
    fn from(secret: Secret) -> Self {
        Self(Place::Value(secret))
    }
}

impl From<&Secret> for SecretSource {
    fn from(secret: &Secret) -> Self {
        secret.clone().into()
    }
}

impl From<&SecretSource> for SecretSource {
    fn from(source: &SecretSource) -> Self {
        source.clone()
    }
}

/// A file that is read each time a request is sent; one line break at its end is dropped. More than 64 KiB are an
/// error.
///
/// ```
/// use auth_core::secret;
///
/// let password = secret::file("/run/secrets/ermeo");
/// assert!(password.read().unwrap_err().to_string().starts_with("/run/secrets/ermeo: "));
/// ```
#[must_use]
pub fn file(path: impl Into<PathBuf>) -> SecretSource {
    SecretSource(Place::File(path.into()))
}

/// An environment variable, read each time a request is sent.
///
/// ```
/// use auth_core::secret;
///
/// let error = secret::env("NOT_SET_ANYWHERE").read().unwrap_err();
/// assert_eq!(error.to_string(), "environment variable `NOT_SET_ANYWHERE` is not set");
/// ```
#[must_use]
pub fn env(name: impl Into<OsString>) -> SecretSource {
    SecretSource(Place::Env(name.into()))
}

/// A program, run without a shell each time a request is sent; the secret is its standard output, without one line
/// break at the end.
///
/// The program has no standard input, and its standard error is this process's. The call waits for it without a
/// limit of its own. More than 64 KiB of output are an error.
///
/// ```
/// use auth_core::secret;
///
/// let token = secret::command(["echo", "s3cret"]);
/// # if cfg!(unix) {
/// assert_eq!(token.read()?.expose(), "s3cret");
/// # }
/// # Ok::<(), auth_core::Error>(())
/// ```
#[must_use]
pub fn command<S: AsRef<OsStr>>(
    program_and_arguments: impl IntoIterator<Item = S>,
) -> SecretSource {
    let words = program_and_arguments.into_iter();
    SecretSource(Place::Command(
        words.map(|word| word.as_ref().to_owned()).collect(),
    ))
}

/// A closure that is called each time a request is sent, for a vault or a key service.
///
/// ```
/// use auth_core::{Secret, secret};
///
/// let vault = secret::from_fn(|| Ok(Secret::new("from the vault")));
/// # let _ = vault;
/// ```
#[must_use]
pub fn from_fn(read: impl Fn() -> Result<Secret> + Send + Sync + 'static) -> SecretSource {
    SecretSource(Place::Function(Arc::new(read)))
}

/// The text of a file or a program, without one line break at its end.
fn one_line(bytes: &[u8], place: impl Fn() -> String) -> Result<Secret> {
    let text = std::str::from_utf8(bytes)
        .map_err(|_| Error::configuration(format!("{}: not UTF-8", place())))?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() {
        return Err(Error::configuration(format!("{}: empty", place())));
    }
    Ok(Secret::new(text))
}

fn run(words: &[OsString]) -> Result<Secret> {
    let name = program(words);
    let failed =
        |reason: &dyn fmt::Display| Error::configuration(format!("the program `{name}` {reason}"));
    let Some((program, arguments)) = words.split_first() else {
        return Err(Error::configuration(
            "`secret::command` needs the name of a program",
        ));
    };
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| failed(&format_args!("did not start: {error}")))?;
    // The pipe is closed after that, so that a program that prints more ends.
    let output = child
        .stdout
        .take()
        .map_or_else(|| Ok(Some(Zeroizing::default())), bounded);
    let status = child.wait();
    match (output, status) {
        (Ok(None), _) => Err(failed(&format_args!(
            "printed more than {LONGEST_SECRET} bytes"
        ))),
        (Ok(Some(output)), Ok(status)) if status.success() => {
            one_line(&output, || format!("the output of the program `{name}`"))
        }
        (Ok(_), Ok(status)) => Err(failed(&format_args!("failed ({status})"))),
        (Err(error), _) | (_, Err(error)) => Err(failed(&format_args!("failed: {error}"))),
    }
}

/// The bytes of a file or a pipe; `None` if they are too many for a secret.
fn bounded(from: impl Read) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    // With room for any secret, so that it does not grow and leave a copy behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST_SECRET + 1));
    let length = from
        .take(LONGEST_SECRET as u64 + 1)
        .read_to_end(&mut bytes)?;
    Ok((length <= LONGEST_SECRET).then_some(bytes))
}

fn program(words: &[OsString]) -> String {
    words
        .first()
        .map_or_else(String::new, |word| word.display().to_string())
}

/// The most that a file or the output of a program may have: the largest tokens in use have a few kilobytes.
const LONGEST_SECRET: usize = 64 * 1024;

/// A sensitive header value whose buffer is dropped with its last clone; `None` if a byte of it cannot be sent in a
/// header.
pub(crate) fn header_value(owner: impl AsRef<[u8]> + Send + 'static) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_maybe_shared(Bytes::from_owner(owner)).ok()?;
    value.set_sensitive(true);
    Some(value)
}
