//! Requests to the port that cannot be used, for the error of a login that ran out of time.

use std::fmt;

use auth_core::Error;
use auth_core::error::LoginReason;

use super::loopback::Address;
use super::request::Problem;
use crate::redirect::{Parameters, is_same, known_code};

/// A request that is not the answer to this login.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Stray {
    /// A refusal without `state`; its code, if it is one of those that a standard defines.
    Refusal(Option<&'static str>),
    /// A code without `state`.
    Code,
    /// The `state` of another login.
    OtherState,
    /// Neither code, nor refusal, nor state.
    Empty,
    /// A query that cannot be read.
    Unreadable,
    Problem(Problem),
}

/// All that came, each kind once.
#[derive(Debug, Default)]
pub(super) struct Arrived(Vec<Stray>);

impl Stray {
    /// Judges a query; nothing if it repeats the state of this login.
    ///
    /// What does not is a stray, also a refusal: otherwise any page could end the login.
    pub(super) fn judge(query: &str, state: &str) -> Option<Self> {
        let parts = || -> Result<_, Error> {
            let mut query = Parameters::parse(query)?;
            let (found, error) = (query.take("state")?, query.take("error")?);
            Ok((found, error, query.has("code")))
        };
        match parts() {
            Err(_) => Some(Self::Unreadable),
            Ok((Some(found), ..)) if is_same(found.expose(), state) => None,
            Ok((Some(_), ..)) => Some(Self::OtherState),
            Ok((None, Some(error), _)) => Some(Self::Refusal(known_code(error.expose()))),
            Ok((None, None, true)) => Some(Self::Code),
            Ok((None, None, false)) => Some(Self::Empty),
        }
    }
}

impl Arrived {
    pub(super) fn note(&mut self, stray: Stray) {
        if !self.0.contains(&stray) && self.0.len() < MOST {
            self.0.push(stray);
        }
    }

    /// The error of a login that ran out of time: the redirect URI, and what came there.
    pub(super) fn error(&self, reason: LoginReason, address: &Address) -> Error {
        let place = address.without_query();
        let strays: Vec<String> = self.0.iter().map(Stray::to_string).collect();
        let told = match strays.as_slice() {
            [] if reason == LoginReason::Cancelled => None,
            [] => Some(format!(
                "nothing came to {place}; see whether a browser opened, and whether the server knows \
                 this redirect URI exactly as it stands here"
            )),
            strays => Some(format!(
                "what came to {place} is not the answer to this login: {}",
                strays.join("; ")
            )),
        };
        let error = Error::login_required(reason);
        match told {
            Some(told) => error.caused_by(Error::configuration(told)),
            None => error,
        }
    }
}

impl fmt::Display for Stray {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refusal(Some(code)) => {
                return write!(f, "a refusal without `state` ({code})");
            }
            Self::Refusal(None) => "a refusal without `state`",
            Self::Code => "a code without `state`, which the server has to repeat",
            Self::OtherState => "an answer with the `state` of another login",
            Self::Empty => {
                "a redirect without `code`, `error` and `state` in its query; remove `response_mode` \
                 from `param`"
            }
            Self::Unreadable => "an answer that is not UTF-8 or has a parameter twice",
            Self::Problem(problem) => match problem {
                Problem::Malformed => "bytes that are not a request of HTTP/1.1",
                Problem::Tls => {
                    "a TLS handshake; open the redirect URI with http, not https, and register it so"
                }
                Problem::Host => {
                    "a request for another host or port; forward the port of `redirect_uri` under the \
                     same number, or set its host to the one that the browser uses"
                }
                Problem::Path => "a request for another path",
                Problem::OtherPath => {
                    "an answer at another path; set `redirect_uri` as it is registered"
                }
                Problem::Method => "a request that is not a GET",
                Problem::Post => {
                    "an answer by POST (form_post), which is not read; remove `response_mode` from \
                     `parameters`, or set it to `query`"
                }
                Problem::TooLong => {
                    "a request that is too large; delete the browser's cookies for this host"
                }
            },
        })
    }
}

/// More kinds than that do not help the reader.
const MOST: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_state_makes_an_answer() {
        for (query, stray) in [
            ("code=c&state=ours", None),
            ("error=access_denied&state=ours", None),
            ("code=c&state=theirs", Some(Stray::OtherState)),
            ("error=access_denied&state=ourss", Some(Stray::OtherState)),
            (
                "error=access_denied",
                Some(Stray::Refusal(Some("access_denied"))),
            ),
            (
                "error=login_required&state=",
                Some(Stray::Refusal(Some("login_required"))),
            ),
            ("error=Call%20me", Some(Stray::Refusal(None))),
            ("code=c", Some(Stray::Code)),
            ("", Some(Stray::Empty)),
            ("response=eyJ", Some(Stray::Empty)),
            ("state=ours&state=ours", Some(Stray::Unreadable)),
            ("state=%ff", Some(Stray::Unreadable)),
        ] {
            assert_eq!(Stray::judge(query, "ours"), stray, "{query}");
        }
    }

    #[test]
    fn each_kind_is_told_once_and_not_too_many() {
        let mut arrived = Arrived::default();
        arrived.note(Stray::Code);
        arrived.note(Stray::Code);
        assert_eq!(arrived.0.len(), 1);
        let codes = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
        for code in codes {
            arrived.note(Stray::Refusal(Some(code)));
        }
        assert_eq!(arrived.0.len(), MOST);
    }
}
