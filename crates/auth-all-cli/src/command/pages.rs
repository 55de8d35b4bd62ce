//! `auth-all completions` and `auth-all man`: made from the arguments, so neither can be out of date.

use clap::CommandFactory as _;
use clap_mangen::Man;

use crate::args::{self, Args};
use crate::failure::{Failure, Result};
use crate::output;

pub(super) fn completions(options: &args::Completions) -> Result<()> {
    let mut text = Vec::new();
    clap_complete::generate(options.shell, &mut Args::command(), NAME, &mut text);
    let text = String::from_utf8_lossy(&text);
    // clap_complete 4.6 takes the hyphen of a program's name for the space before a command in half of the places.
    output::result(&text.replace("auth__subcmd__all", "auth__all"))
}

/// The page of the program, or of one of its commands.
pub(super) fn man(options: &args::Man) -> Result<()> {
    let mut program = Args::command().disable_help_flag(true);
    program.build();
    let page = match &options.command {
        None => Man::new(program),
        Some(name) => {
            let command = program.find_subcommand(name).cloned();
            let unknown = || Failure::usage(format!("no command is named `{name}`"));
            Man::new(command.ok_or_else(unknown)?)
        }
    };
    let mut text = Vec::new();
    page.render(&mut text)
        .map_err(|error| Failure::output(&error))?;
    output::result(&String::from_utf8_lossy(&text))
}

const NAME: &str = "auth-all";
