//! A record as bytes.
//!
//! Binary, because a text format would leave copies of the secrets in buffers that nobody wipes; one
//! format for one record, so that equal records have equal bytes.

mod failure;
mod read;
mod write;

use std::sync::Arc;

use crate::error::{Error, Result, StoreFailure};
use crate::store::Record as StoredRecord;
use crate::token::TokenType;

use super::{
    Access, BackOff, InFlight, Loaded, Login, Lost, Period, Record, Recovery, RefreshToken, Scope,
    Verdict,
};
use read::Reader;
use write::Writer;

impl Record {
    pub(crate) fn encode(&self) -> StoredRecord {
        let mut to = Writer::new();
        to.raw(MAGIC);
        to.byte(FORMAT);
        to.u128(self.lineage);
        to.duration(self.born);
        to.u64(self.revision);
        to.u64(self.generation);
        to.u64(self.seed);
        to.option(self.login.as_deref(), Login::write);
        to.option(self.in_flight.as_ref(), InFlight::write);
        to.option(self.recovery.as_ref(), Recovery::write);
        to.u64(self.back_offs.len() as u64);
        for back_off in &self.back_offs {
            back_off.write(&mut to);
        }
        StoredRecord::from_bytes(std::mem::take(&mut *to.finish()))
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        Some(Self {
            lineage: from.u128()?,
            born: from.duration()?,
            revision: from.count()?,
            generation: from.count()?,
            seed: from.u64()?,
            login: from.option(Login::read)?.map(Arc::new),
            in_flight: from.option(InFlight::read)?,
            recovery: from.option(Recovery::read)?,
            back_offs: (0..from.u64()?)
                .map(|_| BackOff::read(from))
                .collect::<Option<_>>()?,
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
            return Err(unreadable(
                "it is not a record of a login; look what else writes there, or log out to replace it",
            ));
        };
        if *format > FORMAT {
            return Err(unreadable(
                "it was written by a newer version of this library; upgrade this program",
            ));
        }
        if *format < FORMAT {
            return Err(unreadable(
                "it was written by an older version of this library; log out to replace it",
            ));
        }
        let mut from = Reader::new(rest);
        let record = Record::read(&mut from)
            .and_then(|record| from.end(record))
            .ok_or_else(|| {
                unreadable("the record is damaged; restore it, or log out to replace it")
            })?;
        Ok(Self {
            record,
            is_restored: stored.is_restored(),
        })
    }
}

impl Login {
    fn write(&self, to: &mut Writer) {
        to.option(self.access.as_ref(), Access::write);
        to.option(self.refresh_token.as_ref(), RefreshToken::write);
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        Some(Self {
            access: from.option(Access::read)?,
            refresh_token: from.option(RefreshToken::read)?,
        })
    }
}

impl Access {
    fn write(&self, to: &mut Writer) {
        to.text(self.token.expose());
        to.bool(self.token_type == TokenType::Dpop);
        to.duration(self.issued);
        to.u64(self.life);
        to.bool(self.is_known);
        to.option(self.scope.as_deref(), |scope, to| to.text(scope));
        to.u64(self.extra.len() as u64);
        for (name, value) in &self.extra {
            to.text(name);
            to.text(value.expose());
        }
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        Some(Self {
            token: from.secret()?,
            token_type: match from.bool()? {
                false => TokenType::Bearer,
                true => TokenType::Dpop,
            },
            issued: from.duration()?,
            life: from.u64()?,
            is_known: from.bool()?,
            scope: from.option(Reader::text)?,
            extra: (0..from.u64()?)
                .map(|_| Some((from.text()?, from.secret()?)))
                .collect::<Option<_>>()?,
        })
    }
}

impl RefreshToken {
    fn write(&self, to: &mut Writer) {
        to.text(self.secret.expose());
        to.duration(self.issued);
        to.option(self.life.as_ref(), |life, to| to.duration(*life));
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        Some(Self {
            secret: from.secret()?,
            issued: from.duration()?,
            life: from.option(Reader::duration)?,
        })
    }
}

impl InFlight {
    fn write(&self, to: &mut Writer) {
        to.u128(self.attempt);
        to.byte(self.sendings);
        self.period.write(to);
        to.option(self.lost.as_deref(), Lost::write);
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        Some(Self {
            attempt: from.u128()?,
            sendings: from.byte()?,
            period: Period::read(from)?,
            lost: from.option(Lost::read)?.map(Box::new),
        })
    }
}

impl Lost {
    fn write(&self, to: &mut Writer) {
        failure::write_reason(self.reason, to);
        failure::write(&self.cause, to);
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        Some(Self {
            reason: failure::read_reason(from)?,
            cause: failure::read(from)?,
        })
    }
}

impl Recovery {
    fn write(&self, to: &mut Writer) {
        to.u128(self.attempt);
        self.period.write(to);
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        Some(Self {
            attempt: from.u128()?,
            period: Period::read(from)?,
        })
    }
}

impl BackOff {
    fn write(&self, to: &mut Writer) {
        self.scope.write(to);
        to.byte(failure::position(&VERDICTS, &self.verdict));
        to.u64(self.times.into());
        to.u64(self.generation);
        self.period.write(to);
        failure::write(&self.cause, to);
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        Some(Self {
            scope: Scope::read(from)?,
            verdict: failure::at(&VERDICTS, from.byte()?)?,
            times: u32::try_from(from.u64()?).ok()?,
            generation: from.count()?,
            period: Period::read(from)?,
            cause: failure::read(from)?,
        })
    }
}

impl Scope {
    fn write(self, to: &mut Writer) {
        let (kind, print) = match self {
            Self::Everyone => (0, 0),
            Self::Refresh(print) => (1, print),
            Self::Login(print) => (2, print),
        };
        to.byte(kind);
        to.u64(print);
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        let (kind, print) = (from.byte()?, from.u64()?);
        Some(match kind {
            0 => Self::Everyone,
            1 => Self::Refresh(print),
            2 => Self::Login(print),
            _ => return None,
        })
    }
}

impl Period {
    fn write(&self, to: &mut Writer) {
        to.duration(self.since);
        to.duration(self.until);
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        Some(Self {
            since: from.duration()?,
            until: from.duration()?,
        })
    }
}

const MAGIC: &[u8] = b"auth-all";
const FORMAT: u8 = 2;
/// In the order in which they are written; new ones go to the end.
const VERDICTS: [Verdict; 7] = [
    Verdict::Later,
    Verdict::Throttled,
    Verdict::Unusable,
    Verdict::Setting,
    Verdict::Unclear,
    Verdict::Doubted,
    Verdict::Wrong,
];
