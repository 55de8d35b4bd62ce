//! Programs that must not compile. Each differs in a few words from one that does.
//!
//! A nightly rustdoc compares the codes of the errors, as does a stable one with
//! `RUSTC_BOOTSTRAP=1`; otherwise a test fails only if its program compiles.

#![forbid(unsafe_code)]

/// A plain text is not accepted as a secret: `Secret` or `SecretSource` is required.
///
/// ```
/// use auth_all::{Secret, ermeo::Ermeo, secret};
/// let ermeo = Ermeo::new("1_abc", secret::env("ERMEO_CLIENT_SECRET"));
/// let ermeo = ermeo.password("jsmith", Secret::new("correct horse"));
/// # let _ = ermeo;
/// ```
/// ```compile_fail,E0277
/// use auth_all::{Secret, ermeo::Ermeo, secret};
/// let ermeo = Ermeo::new("1_abc", secret::env("ERMEO_CLIENT_SECRET"));
/// let ermeo = ermeo.password("jsmith", "correct horse");
/// # let _ = ermeo;
/// ```
pub mod text_as_secret {}

/// A user and a password cannot be swapped by mistake.
///
/// ```
/// use auth_all::{Secret, ermeo::Ermeo};
/// let (user, password) = ("jsmith", Secret::new("correct horse"));
/// let ermeo = Ermeo::new("1_abc", Secret::new("s3cret")).password(user, password);
/// # let _ = ermeo;
/// ```
/// ```compile_fail,E0277
/// use auth_all::{Secret, ermeo::Ermeo};
/// let (user, password) = ("jsmith", Secret::new("correct horse"));
/// let ermeo = Ermeo::new("1_abc", Secret::new("s3cret")).password(password, user);
/// # let _ = ermeo;
/// ```
pub mod swapped_user_and_password {}

/// A policy has no default: each vendor must choose who logs in, because a wrong guess would lock accounts.
///
/// ```
/// let policy = auth_all::grant::Policy::for_password();
/// # let _ = policy;
/// ```
/// ```compile_fail,E0599
/// let policy = auth_all::grant::Policy::default();
/// # let _ = policy;
/// ```
pub mod policy_by_default {}

/// Settings are made by a constructor, so that a new setting is not a breaking change.
///
/// ```
/// let format = auth_all::grant::ResponseFormat::new().access_token("token");
/// # let _ = format;
/// ```
/// ```compile_fail,E0451
/// use auth_all::grant::ResponseFormat;
/// let format = ResponseFormat { access_token: "token".into(), ..ResponseFormat::new() };
/// # let _ = format;
/// ```
pub mod settings_as_literal {}

/// Data that a program reads is made by a constructor too.
///
/// ```
/// use auth_all::{Secret, grant::TokenResponse};
/// let mut tokens = TokenResponse::new(Secret::new("abc"));
/// tokens.scope = Some("read".to_owned());
/// ```
/// ```compile_fail,E0639
/// use auth_all::{Secret, grant::TokenResponse};
/// let mut tokens = TokenResponse { ..TokenResponse::new(Secret::new("abc")) };
/// tokens.scope = Some("read".to_owned());
/// ```
pub mod data_as_literal {}

/// A `match` on remedies must be ready for new variants.
///
/// ```
/// # fn f(error: auth_all::error::Remedy) -> u8 {
/// use auth_all::error::Remedy;
/// match error {
///     Remedy::Retry => 1,
///     Remedy::LogIn => 2,
///     Remedy::Configure => 3,
///     Remedy::RepairStore => 4,
///     Remedy::RepairServer => 5,
///     _ => 6,
/// }
/// # }
/// ```
/// ```compile_fail,E0004
/// # fn f(error: auth_all::error::Remedy) -> u8 {
/// use auth_all::error::Remedy;
/// match error {
///     Remedy::Retry => 1,
///     Remedy::LogIn => 2,
///     Remedy::Configure => 3,
///     Remedy::RepairStore => 4,
///     Remedy::RepairServer => 5,
/// }
/// # }
/// ```
pub mod remedies_in_full {}

/// A pattern for an error must be ready for new fields.
///
/// ```
/// # fn f(error: auth_all::Error) -> bool {
/// use auth_all::Error;
/// matches!(error, Error::BackOff { wait, .. } if wait.is_zero())
/// # }
/// ```
/// ```compile_fail,E0638
/// # fn f(error: auth_all::Error) -> bool {
/// use auth_all::Error;
/// matches!(error, Error::BackOff { wait, cause: _ } if wait.is_zero())
/// # }
/// ```
pub mod fields_in_full {}

/// A pattern for an event must be ready for new fields.
///
/// ```
/// # fn f(event: auth_all::observe::Event<'_>) -> bool {
/// use auth_all::observe::Event;
/// matches!(event, Event::Refreshed { rotated: true, .. })
/// # }
/// ```
/// ```compile_fail,E0638
/// # fn f(event: auth_all::observe::Event<'_>) -> bool {
/// use auth_all::observe::Event;
/// matches!(event, Event::Refreshed { rotated: true, took: _, expires_at: _ })
/// # }
/// ```
pub mod events_in_full {}

/// Only `expose` shows a secret.
///
/// ```
/// let secret = auth_all::Secret::new("abc");
/// println!("{}", secret.expose());
/// ```
/// ```compile_fail,E0277
/// let secret = auth_all::Secret::new("abc");
/// println!("{secret}");
/// ```
pub mod secrets_printed {}
