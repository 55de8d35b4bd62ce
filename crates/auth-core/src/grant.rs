//! What a vendor implements.

use std::fmt::Debug;

use http::{HeaderMap, Method, Uri};

use crate::error::{Refusal, Result};
use crate::identity::Identity;
use crate::secret::Secret;
use crate::token::{Token, TokenResponse};
use crate::transport::Transport;

/// One way to get a token from one vendor.
///
/// A grant makes a request and returns what was answered. When to ask, how often, and what to do
/// with a failure is for [`Session`](crate::Session) to decide, so a grant needs no clock, no lock and no memory.
///
/// ```
/// use auth_core::{Grant, Identity, Result, Secret, TokenRequest, TokenResponse, Transport};
///
/// #[derive(Debug)]
/// struct Acme {
///     client_id: String,
///     client_secret: Secret,
/// }
///
/// impl Grant for Acme {
///     fn identity(&self) -> Identity {
///         Identity::new("acme").with("client_id", &self.client_id)
///     }
///
///     fn obtain(&self, http: &dyn Transport) -> Result<TokenResponse> {
///         TokenRequest::form("https://api.acme.example/token")
///             .param("grant_type", "client_credentials")
///             .param("client_id", &self.client_id)
///             .param("client_secret", &self.client_secret)
///             .send(http)
///     }
/// }
/// # let _ = auth_core::Session::new(Acme { client_id: "a".into(), client_secret: "b".into() });
/// ```
pub trait Grant: Debug + Send + Sync {
    /// Whom the token is for.
    fn identity(&self) -> Identity;

    /// Logs in and gets a token.
    ///
    /// # Errors
    /// [`Error::ReauthenticationRequired`](crate::Error::ReauthenticationRequired) if there is
    /// nothing to log in with; otherwise whatever [`TokenRequest::send`](crate::TokenRequest::send) returns.
    fn obtain(&self, http: &dyn Transport) -> Result<TokenResponse>;

    /// Trades a refresh token for a new token (RFC 6749 §6). The default logs in anew.
    ///
    /// # Errors
    /// As [`obtain`](Grant::obtain).
    fn refresh(&self, refresh_token: &Secret, http: &dyn Transport) -> Result<TokenResponse> {
        let _ = refresh_token;
        self.obtain(http)
    }

    /// What it logs in with: a password, a client secret. Default: nothing.
    ///
    /// A login that was refused is not tried again before these change, by no process that shares
    /// it. They are compared by 16 bits of a hash; none of them is stored.
    fn credentials(&self) -> Vec<&Secret> {
        Vec::new()
    }

    /// Whether somebody has just logged in, in a browser say: the next login then replaces the one
    /// that is stored, even if that is alive. Default: no.
    fn is_new_login(&self) -> bool {
        false
    }

    /// Whether the identity leaves open whose login it is, as that of a grant does whose user was not
    /// named. Such a login is not kept in a [`Store`](crate::Store): the next user would get it. Default: no.
    fn is_nameless(&self) -> bool {
        false
    }

    /// Tells the server that a login is over (RFC 7009). Default: does nothing.
    ///
    /// # Errors
    /// As [`obtain`](Grant::obtain).
    fn revoke(&self, token: Revoked<'_>, http: &dyn Transport) -> Result<()> {
        let _ = (token, http);
        Ok(())
    }

    /// Who proves, with each request, that the token is in the right hands (RFC 9449). Default: nobody.
    fn prover(&self) -> Option<&dyn Prover> {
        None
    }

    /// Whether a refresh token may be sent once more after its answer was lost. Default: never.
    fn replay(&self) -> Replay {
        Replay::Never
    }

    /// The origins (`https://host[:port]`) that [`Session::agent`](crate::Session::agent) signs
    /// requests for. Default: none.
    fn origins(&self) -> Vec<String> {
        Vec::new()
    }

    /// Whether an API that answers with this status does not accept the token. Default: 401
    /// (RFC 6750 §3.1).
    fn is_rejection(&self, status: u16) -> bool {
        status == 401
    }
}

/// Which token is to be revoked.
#[derive(Clone, Copy, Debug)]
pub enum Revoked<'a> {
    /// The refresh token: the server ends the login, and often its access tokens with it.
    RefreshToken(&'a Secret),
    /// The access token, where there is no refresh token, or one that may be spent.
    AccessToken(&'a Secret),
}

/// Proves with each request that a token is in the right hands (RFC 9449).
///
/// [`Session::agent`](crate::Session::agent) asks it for the `DPoP` header of each request that it
/// signs, and a [`TokenRequest`](crate::TokenRequest::prover) for that of each sending.
pub trait Prover: Debug + Send + Sync {
    /// The value of the `DPoP` header for one sending; `token` is the one it goes with, none where
    /// tokens are given out.
    ///
    /// # Errors
    /// [`Error::Configuration`](crate::Error::Configuration) if there is no proof to be made.
    fn prove(&self, method: &Method, uri: &Uri, token: Option<&Token>) -> Result<Secret>;

    /// Takes over what the answer says for the next proof, such as a nonce. Answers whether the server
    /// refused this one and may accept the next, so that the request is worth sending once more.
    ///
    /// `refusal` is what a token endpoint said in its body; an API says it in `WWW-Authenticate`.
    fn answered(&self, uri: &Uri, headers: &HeaderMap, refusal: Option<&Refusal>) -> bool;
}

/// Whether a refresh token may be sent once more after its answer was lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Replay {
    /// A second sending may be refused, or may cost the whole login.
    #[default]
    Never,
    /// The vendor documents that a second sending soon after is answered like the first.
    Once,
}

impl<G: Grant + ?Sized> Grant for Box<G> {
    fn identity(&self) -> Identity {
        (**self).identity()
    }

    fn obtain(&self, http: &dyn Transport) -> Result<TokenResponse> {
        (**self).obtain(http)
    }

    fn refresh(&self, refresh_token: &Secret, http: &dyn Transport) -> Result<TokenResponse> {
        (**self).refresh(refresh_token, http)
    }

    fn credentials(&self) -> Vec<&Secret> {
        (**self).credentials()
    }

    fn is_new_login(&self) -> bool {
        (**self).is_new_login()
    }

    fn is_nameless(&self) -> bool {
        (**self).is_nameless()
    }

    fn revoke(&self, token: Revoked<'_>, http: &dyn Transport) -> Result<()> {
        (**self).revoke(token, http)
    }

    fn prover(&self) -> Option<&dyn Prover> {
        (**self).prover()
    }

    fn replay(&self) -> Replay {
        (**self).replay()
    }

    fn origins(&self) -> Vec<String> {
        (**self).origins()
    }

    fn is_rejection(&self, status: u16) -> bool {
        (**self).is_rejection(status)
    }
}
