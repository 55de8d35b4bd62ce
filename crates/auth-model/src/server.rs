//! The token server: what it has issued, and what it makes of a token that it sees again.

use super::scenario::ServerKind;

/// A server and its tokens.
#[derive(Clone, Debug)]
pub(super) struct Server {
    kind: ServerKind,
    /// By number: `r0` is the first refresh token, and `a0` the access token that came with it.
    pub(super) issued: Vec<Issued>,
    families: usize,
    /// How often it revoked a whole family because a spent token came again.
    pub(super) revocations: u8,
}

#[derive(Clone, Debug)]
pub(super) struct Issued {
    /// All that descend from one login.
    pub(super) family: usize,
    pub(super) state: State,
    /// How often it was sent and may have been used.
    pub(super) sent: u8,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum State {
    Good,
    /// And what came in its place.
    Spent(usize),
    Revoked,
}

/// A response of the server.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Answer {
    Token(usize),
    /// `invalid_grant`.
    Refused,
    /// A refusal in words that do not say why.
    Balked,
    /// `invalid_client`.
    UnknownClient,
}

impl Server {
    pub(super) fn new(kind: ServerKind) -> Self {
        Self {
            kind,
            issued: Vec::new(),
            families: 0,
            revocations: 0,
        }
    }

    pub(super) fn log_in(&mut self) -> usize {
        if self.kind == ServerKind::SingleSession {
            self.revoke(|_| true);
        }
        self.families += 1;
        self.issue(self.families)
    }

    pub(super) fn refresh(&mut self, token: usize) -> Answer {
        let Issued { family, state, .. } = self.issued[token];
        match state {
            State::Good => {
                let successor = self.issue(family);
                self.issued[token].state = State::Spent(successor);
                Answer::Token(successor)
            }
            State::Spent(successor)
                if self.kind == ServerKind::Tolerant
                    && self.issued[successor].state == State::Good =>
            {
                Answer::Token(successor)
            }
            State::Spent(_) if self.kind == ServerKind::FamilyRevoking => {
                self.revoke(|issued| issued.family == family);
                self.revocations += 1;
                Answer::Refused
            }
            State::Spent(_) | State::Revoked => Answer::Refused,
        }
    }

    fn issue(&mut self, family: usize) -> usize {
        self.issued.push(Issued {
            family,
            state: State::Good,
            sent: 0,
        });
        self.issued.len() - 1
    }

    fn revoke(&mut self, whose: impl Fn(&Issued) -> bool) {
        for issued in self.issued.iter_mut().filter(|issued| whose(issued)) {
            if issued.state == State::Good {
                issued.state = State::Revoked;
            }
        }
    }
}
