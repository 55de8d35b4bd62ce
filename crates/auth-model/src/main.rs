//! Explores every scenario in full and prints the figures; `cargo xtask model` runs it.

use std::process::ExitCode;

use auth_model::model::{Bound, Figures, every_scenario};

fn main() -> ExitCode {
    println!("{}", Figures::HEADING);
    let all = every_scenario(Bound::Full, |figures| {
        println!("{figures}");
        if let Some(fault) = &figures.fault {
            println!("{fault}");
        }
    });
    let wrong = all.iter().filter(|figures| figures.fault.is_some()).count();
    println!("{} passed, {wrong} failed", all.len() - wrong);
    ExitCode::from(u8::from(wrong > 0))
}
