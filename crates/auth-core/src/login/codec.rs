//! A record as bytes.
//!
//! Binary, because a text format would leave copies of the secrets in buffers that are not wiped; one
//! form for one record, so that equal records have equal bytes.
//!
//! A field may be added with a new tag, below 128 if a process that ignores it does no harm, and must be
//! read as absent where it is missing. The meaning of a tag never changes. The files in `golden` hold
//! what earlier versions wrote.

/// A number for each variant of an enum. A new variant does not compile without one.
macro_rules! numbered {
    ($type:ident { $($variant:ident = $number:literal),* $(,)? }) => {
        impl Numbered for $type {
            fn number(&self) -> u8 {
                match self {
                    $(Self::$variant => $number,)*
                }
            }

            fn from_number(number: u8) -> Option<Self> {
                match number {
                    $($number => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

mod error;
#[cfg(test)]
mod golden;
mod wire;

use std::mem;
use std::sync::Arc;
use std::time::Duration;

use crate::error::{Error, Result, StoreFailure};
use crate::fingerprint::Fingerprint;
use crate::store::Record as StoredRecord;
use crate::token::TokenType;

use super::record::{
    AttemptId, BackOff, Generation, Lineage, LogIn, Loss, Period, Record, Refresh, Scope, Verdict,
};
use super::step::Loaded;
use super::tokens::{Access, RefreshToken};
use wire::{Fault, Message, Read, Value, Writer, millis};

trait Numbered: Sized {
    fn number(&self) -> u8;
    /// `None` for a variant of a newer version.
    fn from_number(number: u8) -> Option<Self>;
}

impl Record {
    pub(crate) fn encode(&self) -> StoredRecord {
        let mut to = Writer::new();
        to.raw(MAGIC);
        to.raw(&[FORMAT]);
        self.write(&mut to);
        StoredRecord::from_bytes(mem::take(&mut *to.finish()))
    }

    fn write(&self, to: &mut Writer) {
        let Self {
            lineage,
            born,
            revision,
            generation,
            access,
            refresh,
            login,
            back_offs,
            seed,
        } = self;
        to.u128(1, lineage.0);
        to.time(2, *born);
        to.u64(3, *revision);
        to.u64(4, generation.0);
        to.option(5, access.as_deref(), |to, access| access.write(to));
        to.field(6, |to| refresh.write(to));
        to.field(7, |to| login.write(to));
        to.option(8, seed.as_ref(), |to, seed| to.number(seed.0));
        to.byte(9, u8::try_from(back_offs.len()).unwrap_or(u8::MAX));
        for back_off in back_offs {
            to.field(10, |to| back_off.write(to));
        }
    }

    fn read(from: Value<'_>) -> Read<Self> {
        let from = Message::read(from, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10])?;
        let back_offs: Vec<BackOff> = from.all(10).map(BackOff::read).collect::<Read<_>>()?;
        if from.one(9)?.byte()? as usize != back_offs.len() {
            return Err(Fault::Damaged);
        }
        Ok(Self {
            lineage: Lineage(from.one(1)?.u128()?),
            born: from.one(2)?.time()?,
            revision: from.one(3)?.count()?,
            generation: Generation(from.one(4)?.count()?),
            access: from.option(5, Access::read)?.map(Arc::new),
            refresh: Refresh::read(from.one(6)?)?,
            login: LogIn::read(from.one(7)?)?,
            seed: from.option(8, |seed| seed.u64().map(Fingerprint))?,
            back_offs,
        })
    }
}

impl Loaded {
    /// Reads what a store held.
    pub(crate) fn decode(stored: &StoredRecord) -> Result<Self> {
        let unreadable = |detail| Error::store(StoreFailure::Unreadable, detail);
        let bytes = stored.expose();
        let Some((format, rest)) = bytes
            .strip_prefix(MAGIC)
            .and_then(|bytes| bytes.split_first())
        else {
            return Err(unreadable(FOREIGN));
        };
        if *format != FORMAT {
            let is_newer = *format > FORMAT;
            return Err(unreadable(if is_newer { NEWER } else { OLDER }));
        }
        match Record::read(Value::new(rest)) {
            Ok(record) => Ok(Self {
                record,
                is_restored: stored.is_restored(),
            }),
            Err(Fault::Newer) => Err(unreadable(NEWER)),
            Err(Fault::Damaged) => Err(unreadable(DAMAGED)),
        }
    }
}

impl Access {
    fn write(&self, to: &mut Writer) {
        let Self {
            token,
            token_type,
            issued,
            life,
            is_known,
            scope,
            extra,
        } = self;
        to.text(1, token.expose());
        to.byte(2, token_type.number());
        to.time(3, *issued);
        to.u64(4, *life);
        to.byte(5, (*is_known).into());
        to.option(6, scope.as_deref(), |to, scope| to.raw(scope.as_bytes()));
        to.u64(7, extra.len() as u64);
        for (name, value) in extra {
            to.field(8, |to| {
                to.text(1, name);
                to.text(2, value.expose());
            });
        }
    }

    fn read(from: Value<'_>) -> Read<Self> {
        let from = Message::read(from, &[1, 2, 3, 4, 5, 6, 7, 8])?;
        let extra = from.all(8).map(|from| {
            let from = Message::read(from, &[1, 2])?;
            Ok((from.one(1)?.text()?, from.one(2)?.secret()?))
        });
        let extra: std::collections::BTreeMap<_, _> = extra.collect::<Read<_>>()?;
        if from.one(7)?.u64()? != extra.len() as u64 {
            return Err(Fault::Damaged);
        }
        Ok(Self {
            token: from.one(1)?.secret()?,
            token_type: TokenType::from_number(from.one(2)?.byte()?).ok_or(Fault::Newer)?,
            issued: from.one(3)?.time()?,
            life: from.one(4)?.u64()?,
            is_known: from.one(5)?.bool()?,
            scope: from.option(6, Value::text)?,
            extra,
        })
    }
}

impl Refresh {
    fn write(&self, to: &mut Writer) {
        match self {
            Self::Absent => to.byte(1, ABSENT),
            Self::Ready(token) => {
                to.byte(1, READY);
                to.field(2, |to| token.write(to));
            }
            Self::InFlight {
                token,
                attempt,
                sendings,
                period,
            } => {
                to.byte(1, IN_FLIGHT);
                to.field(2, |to| token.write(to));
                to.u128(3, attempt.0);
                to.byte(4, *sendings);
                to.field(5, |to| period.write(to));
            }
            Self::Lost {
                token,
                attempt,
                sendings,
                loss,
            } => {
                to.byte(1, LOST);
                to.field(2, |to| token.write(to));
                to.u128(3, attempt.0);
                to.byte(4, *sendings);
                to.field(6, |to| loss.write(to));
            }
        }
    }

    fn read(from: Value<'_>) -> Read<Self> {
        let from = Message::read(from, &[1, 2, 3, 4, 5, 6])?;
        let token = || RefreshToken::read(from.one(2)?).map(Arc::new);
        let attempt = || Ok(AttemptId(from.one(3)?.u128()?));
        let state = from.one(1)?.byte()?;
        from.only(match state {
            ABSENT => &[1],
            READY => &[1, 2],
            IN_FLIGHT => &[1, 2, 3, 4, 5],
            LOST => &[1, 2, 3, 4, 6],
            _ => return Err(Fault::Newer),
        })?;
        Ok(match state {
            ABSENT => Self::Absent,
            READY => Self::Ready(token()?),
            IN_FLIGHT => Self::InFlight {
                token: token()?,
                attempt: attempt()?,
                sendings: from.one(4)?.byte()?,
                period: Period::read(from.one(5)?)?,
            },
            LOST => Self::Lost {
                token: token()?,
                attempt: attempt()?,
                sendings: from.one(4)?.byte()?,
                loss: Box::new(Loss::read(from.one(6)?)?),
            },
            _ => return Err(Fault::Newer),
        })
    }
}

impl RefreshToken {
    fn write(&self, to: &mut Writer) {
        let Self {
            secret,
            issued,
            life,
        } = self;
        to.text(1, secret.expose());
        to.time(2, *issued);
        to.option(3, life.as_ref(), |to, life| {
            to.number(millis(*life));
        });
    }

    fn read(from: Value<'_>) -> Read<Self> {
        let from = Message::read(from, &[1, 2, 3])?;
        Ok(Self {
            secret: from.one(1)?.secret()?,
            issued: from.one(2)?.time()?,
            life: from.option(3, Value::duration)?,
        })
    }
}

impl LogIn {
    fn write(self, to: &mut Writer) {
        match self {
            Self::Idle => to.byte(1, IDLE),
            Self::InProgress { attempt, period } => {
                to.byte(1, IN_PROGRESS);
                to.u128(2, attempt.0);
                to.field(3, |to| period.write(to));
            }
        }
    }

    fn read(from: Value<'_>) -> Read<Self> {
        let from = Message::read(from, &[1, 2, 3])?;
        let state = from.one(1)?.byte()?;
        from.only(if state == IDLE { &[1] } else { &[1, 2, 3] })?;
        Ok(match state {
            IDLE => Self::Idle,
            IN_PROGRESS => Self::InProgress {
                attempt: AttemptId(from.one(2)?.u128()?),
                period: Period::read(from.one(3)?)?,
            },
            _ => return Err(Fault::Newer),
        })
    }
}

impl Loss {
    fn write(&self, to: &mut Writer) {
        let Self { reason, cause } = self;
        to.byte(1, reason.number());
        to.option(2, cause.as_ref(), |to, cause| error::write(cause, to));
    }

    fn read(from: Value<'_>) -> Read<Self> {
        let from = Message::read(from, &[1, 2])?;
        Ok(Self {
            reason: error::reason(from.one(1)?.byte()?),
            cause: from.option(2, error::read)?,
        })
    }
}

impl BackOff {
    fn write(&self, to: &mut Writer) {
        let Self {
            scope,
            verdict,
            times,
            generation,
            period,
            cause,
        } = self;
        let (kind, print) = match scope {
            Scope::Everyone => (EVERYONE, 0),
            Scope::Refresh(print) => (OF_REFRESH, print.0),
            Scope::Login(print) => (OF_LOGIN, print.0),
        };
        to.byte(1, kind);
        to.u64(2, print);
        to.byte(3, verdict.number());
        to.u64(4, (*times).into());
        to.u64(5, generation.0);
        to.field(6, |to| period.write(to));
        to.field(7, |to| error::write(cause, to));
    }

    fn read(from: Value<'_>) -> Read<Self> {
        let from = Message::read(from, &[1, 2, 3, 4, 5, 6, 7])?;
        let print = Fingerprint(from.one(2)?.u64()?);
        Ok(Self {
            scope: match from.one(1)?.byte()? {
                OF_REFRESH => Scope::Refresh(print),
                OF_LOGIN => Scope::Login(print),
                // A scope of a newer version: rather too many wait than too few.
                _ => Scope::Everyone,
            },
            // Its period is known, and that is what counts.
            verdict: Verdict::from_number(from.one(3)?.byte()?).unwrap_or(Verdict::Setting),
            times: u32::try_from(from.one(4)?.u64()?).map_err(|_| Fault::Damaged)?,
            generation: Generation(from.one(5)?.count()?),
            period: Period::read(from.one(6)?)?,
            cause: error::read(from.one(7)?)?,
        })
    }
}

impl Period {
    fn write(self, to: &mut Writer) {
        let Self { since, until } = self;
        to.time(1, since);
        to.time(2, until);
    }

    fn read(from: Value<'_>) -> Read<Self> {
        let from = Message::read(from, &[1, 2])?;
        let since = from.one(1)?.time()?;
        let until = from.one(2)?.time()?;
        Ok(Self {
            since,
            until: until.min(since.plus(LONGEST_PERIOD)),
        })
    }
}

const MAGIC: &[u8] = b"auth-all";
/// Another one only if no process of an older version may read the record.
const FORMAT: u8 = 3;

/// No back-off is longer, and no attempt. A damaged record may say so, and must not hold back a login for years.
const LONGEST_PERIOD: Duration = Duration::from_secs(25 * 3600);

const ABSENT: u8 = 0;
const READY: u8 = 1;
const IN_FLIGHT: u8 = 2;
const LOST: u8 = 3;

const IDLE: u8 = 0;
const IN_PROGRESS: u8 = 1;

const EVERYONE: u8 = 0;
const OF_REFRESH: u8 = 1;
const OF_LOGIN: u8 = 2;

numbered!(Verdict {
    Later = 0,
    Throttled = 1,
    Unusable = 2,
    Setting = 3,
    Unclear = 4,
    Doubted = 5,
    Wrong = 6,
});
numbered!(TokenType { Bearer = 0, Dpop = 1 });

const FOREIGN: &str =
    "it is not a record of a login; look what else writes there, or log out to replace it";
const NEWER: &str = "it was written by a newer version of this library; upgrade this program";
const OLDER: &str = "it was written by an older version of this library; log out to replace it";
const DAMAGED: &str = "the record is damaged; restore it, or log out to replace it";
