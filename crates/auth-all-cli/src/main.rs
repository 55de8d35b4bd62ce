//! The program `auth-all`.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    auth_all_cli::main()
}
