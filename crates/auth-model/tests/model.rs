//! The model in small bounds, and every mistake that it must notice; `cargo xtask model` explores it all.

use auth_model::model::{Bound, Mutant, every_scenario, is_noticed, replay_to_a_revoking_server};

const SMALL: Bound = Bound::Nearest(30_000);
/// Some mistakes take many steps to do harm.
const FAR: Bound = Bound::Nearest(500_000);

#[test]
fn no_scenario_has_a_violation_nearby() {
    let all = every_scenario(SMALL, |figures| println!("{figures}"));
    let faults: Vec<_> = all
        .iter()
        .filter_map(|figures| figures.fault.as_deref())
        .collect();
    assert!(all.len() >= 26, "only {} scenarios", all.len());
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_mutant_is_noticed() {
    let unnoticed: Vec<Mutant> = Mutant::ALL
        .iter()
        .map(|(mutant, _)| *mutant)
        .filter(|mutant| match is_noticed(*mutant, FAR) {
            Some(violation) => {
                println!("{mutant:?}: {violation}");
                false
            }
            None => true,
        })
        .collect();
    assert!(unnoticed.is_empty(), "{unnoticed:?}");
}

#[test]
fn a_replay_to_a_revoking_server_costs_the_login() {
    let violation = replay_to_a_revoking_server().unwrap();
    assert!(violation.starts_with("a family is revoked"), "{violation}");
}
