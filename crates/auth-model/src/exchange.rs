//! A request to the server and its answer, each of which may be lost or come late.

use std::time::Duration;

use crate::error::{Delivery, Error, LoginReason, NetworkFailure, Refusal, Result};
use crate::token::TokenResponse;

use super::luck::Luck;
use super::scenario::Credentials;
use super::server::Answer;
use super::world::{Checked, Story, World, response};

/// How far an exchange has come.
pub(super) enum Exchanged {
    OnItsWay(Answer),
    Arrived(Result<TokenResponse>),
}

impl World<'_> {
    /// A request on its way, or its answer: what the sender gets, or what the server has answered so far.
    pub(super) fn exchange(
        &mut self,
        at: usize,
        request: Option<usize>,
        answer: Option<Answer>,
        luck: &mut Luck,
        story: &mut Story,
    ) -> Checked<Exchanged> {
        let came = match answer {
            Some(answer) => self.receive(at, request, answer, luck, story),
            None if request.is_none() && !self.can_log_in() => {
                story.tell(|| format!("P{at} has nothing to log in with"));
                Err(Error::login_required(LoginReason::NoCredentials))
            }
            None => match self.send(at, request, luck, story) {
                Some(error) => Err(error),
                None => {
                    let answer = match self.turned_away(at, request, luck, story) {
                        Some(answer) => answer,
                        None => self.arrive(request, story)?,
                    };
                    return Ok(Exchanged::OnItsWay(answer));
                }
            },
        };
        Ok(Exchanged::Arrived(came))
    }

    /// A request on its way to the server; an error if it comes to nothing, as far as the sender knows.
    fn send(
        &mut self,
        at: usize,
        request: Option<usize>,
        luck: &mut Luck,
        story: &mut Story,
    ) -> Option<Error> {
        if luck.is_struck(&mut self.left.lost) {
            story.tell(|| {
                format!(
                    "P{at} gives up waiting for an answer; {} is on its way",
                    words(request)
                )
            });
            if !self.has_old_secret(at) {
                self.late.push(request);
            }
            return Some(Error::Network {
                failure: NetworkFailure::Timeout,
                delivery: Delivery::Unknown,
            });
        }
        if !luck.is_struck(&mut self.left.denied) {
            return None;
        }
        self.take_back(request);
        if luck.pick(2) == 0 {
            story.tell(|| format!("P{at} cannot connect to the server"));
            return Some(Error::Network {
                failure: NetworkFailure::Connect("refused".to_owned()),
                delivery: Delivery::NotSent,
            });
        }
        story.tell(|| format!("P{at} is told to come back later"));
        Some(Error::status(503, Some(Duration::from_secs(5))))
    }

    /// A request that the server does not act upon.
    fn turned_away(
        &mut self,
        at: usize,
        request: Option<usize>,
        luck: &mut Luck,
        story: &mut Story,
    ) -> Option<Answer> {
        let answer = if self.has_old_secret(at) {
            Answer::UnknownClient
        } else if luck.is_struck(&mut self.left.balked) {
            Answer::Balked
        } else {
            return None;
        };
        self.take_back(request);
        story.tell(|| format!("the server turns {} of P{at} away", words(request)));
        Some(answer)
    }

    /// It may be sent another time: the server has not had it, or has not looked at it.
    fn take_back(&mut self, request: Option<usize>) {
        match request {
            Some(token) => self.server.issued[token].sent -= 1,
            None => self.logins -= 1,
        }
    }

    /// An answer on its way back.
    fn receive(
        &mut self,
        at: usize,
        request: Option<usize>,
        answer: Answer,
        luck: &mut Luck,
        story: &mut Story,
    ) -> Result<TokenResponse> {
        let acted = matches!(answer, Answer::Token(_) | Answer::Refused);
        if acted && luck.is_struck(&mut self.left.lost) {
            let token = match answer {
                Answer::Token(token) if luck.pick(2) == 1 => token,
                _ => {
                    story.tell(|| format!("P{at} gets a 502 instead of the answer"));
                    return Err(Error::status(502, None));
                }
            };
            story.tell(|| format!("P{at} gets an answer in which only r{token} can be read"));
            self.got(at, token);
            return Err(Error::response("it has no access token")
                .with_successor(response(token).refresh_token));
        }
        match answer {
            Answer::Token(token) => {
                story.tell(|| format!("P{at} gets a{token} and r{token}"));
                self.got(at, token);
                Ok(response(token))
            }
            Answer::Refused => {
                story.tell(|| format!("P{at} hears that {} is refused", words(request)));
                Err(refused("invalid_grant"))
            }
            Answer::Balked => {
                story.tell(|| format!("P{at} hears that {} is not wanted", words(request)));
                Err(refused("E_FORBIDDEN"))
            }
            Answer::UnknownClient => {
                story.tell(|| format!("P{at} hears that it is not known"));
                Err(refused("invalid_client"))
            }
        }
    }

    fn got(&mut self, at: usize, token: usize) {
        if let Some(attempt) = &mut self.process(at).attempt {
            attempt.got = Some(token);
        }
    }

    /// A request reaches the server.
    pub(super) fn arrive(&mut self, request: Option<usize>, story: &mut Story) -> Checked<Answer> {
        let answer = match request {
            Some(token) => self.server.refresh(token),
            None if self.scenario.credentials == Credentials::Wrong => Answer::Refused,
            None => Answer::Token(self.server.log_in()),
        };
        story.tell(|| match answer {
            Answer::Token(token) => format!("the server answers {} with r{token}", words(request)),
            _ => format!("the server refuses {}", words(request)),
        });
        self.check_answer(request, answer)?;
        Ok(answer)
    }

    pub(super) fn can_log_in(&self) -> bool {
        self.scenario.credentials != Credentials::None
    }
}

fn refused(code: &str) -> Error {
    let mut refusal = Refusal::new(code, None);
    refusal.status = Some(403);
    refusal.into()
}

pub(super) fn words(request: Option<usize>) -> String {
    request.map_or_else(|| "a login".to_owned(), |token| format!("r{token}"))
}
