//! Programs that must not compile. Each is a few words away from one that does.
//!
//! The codes of the errors are compared by a nightly rustdoc, and by a stable one with
//! `RUSTC_BOOTSTRAP=1`; without it, a program that compiles is still a failure.

#![forbid(unsafe_code)]

/// Text is no secret: it says where it comes from.
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

/// A user and a password cannot change places.
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

/// A vendor says who logs in: a wrong guess would lock accounts.
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

/// Settings are made by a constructor, so that the next one is no breaking change.
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

/// Data that a program reads is made by a constructor, too.
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

/// A program is ready for errors that do not exist yet.
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

/// The same for the fields of an error.
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

/// The same for events.
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

/// A secret is shown by `expose` alone.
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
