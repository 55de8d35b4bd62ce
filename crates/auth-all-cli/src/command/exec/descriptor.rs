//! `--fd`: the token in a pipe whose end the command inherits under a number.
#![cfg_attr(
    not(unix),
    expect(dead_code, reason = "other systems have no numbers to inherit")
)]

use std::process::Command;

use crate::failure::{Failure, Result};

#[cfg(unix)]
pub(super) use unix::Pipe;

#[cfg(not(unix))]
pub(super) struct Pipe;

#[cfg(not(unix))]
impl Pipe {
    pub(super) fn reserve(_: i32) -> Result<Self> {
        Err(Failure::usage("`--fd` is for Unix; use `--file`"))
    }

    pub(super) fn fill(self, _: &str, _: &mut Command) -> Result<()> {
        Ok(())
    }
}

#[cfg(unix)]
mod unix {
    use std::fs::File;
    use std::io::Write as _;
    use std::os::fd::{AsRawFd as _, OwnedFd};
    use std::process::Stdio;

    use rustix::fs::{OFlags, fcntl_setfl};
    use rustix::io::{FdFlags, fcntl_dupfd_cloexec, fcntl_setfd};

    use super::{Command, Failure, Result};

    /// A pipe whose reading end has the number.
    pub(in super::super) struct Pipe {
        reader: OwnedFd,
        writer: OwnedFd,
        is_standard_input: bool,
    }

    impl Pipe {
        /// Takes the number before a file or a connection of this process has it.
        pub(in super::super) fn reserve(number: i32) -> Result<Self> {
            let failed = |error: std::io::Error| {
                Failure::usage(format!("descriptor {number} cannot be used: {error}"))
            };
            let (reader, writer) = std::io::pipe().map_err(failed)?;
            let (mut reader, mut writer) = (OwnedFd::from(reader), OwnedFd::from(writer));
            let from = |fd: &OwnedFd, lowest| {
                let copy = fcntl_dupfd_cloexec(fd, lowest);
                copy.map_err(|error| failed(error.into()))
            };
            let is_standard_input = number == 0;
            if !is_standard_input && reader.as_raw_fd() != number {
                if writer.as_raw_fd() == number {
                    writer = from(&writer, number.saturating_add(1))?;
                }
                // The lowest that is free.
                reader = from(&reader, number)?;
                if reader.as_raw_fd() != number {
                    return Err(Failure::usage(format!(
                        "descriptor {number} is in use; `auth-all` has inherited it"
                    )));
                }
            }
            Ok(Self {
                reader,
                writer,
                is_standard_input,
            })
        }

        /// Writes the token, which is read once. The result has to stay open until the command runs.
        pub(in super::super) fn fill(
            self,
            token: &str,
            command: &mut Command,
        ) -> Result<Option<OwnedFd>> {
            let failed = |error: std::io::Error| {
                Failure::later(format!("the token does not fit into a pipe: {error}"))
            };
            // Its reader is not there yet: a longer token would wait forever.
            fcntl_setfl(&self.writer, OFlags::NONBLOCK).map_err(|it| failed(it.into()))?;
            File::from(self.writer)
                .write_all(token.as_bytes())
                .map_err(failed)?;
            if self.is_standard_input {
                command.stdin(Stdio::from(self.reader));
                return Ok(None);
            }
            fcntl_setfd(&self.reader, FdFlags::empty()).map_err(|it| failed(it.into()))?;
            Ok(Some(self.reader))
        }
    }
}
