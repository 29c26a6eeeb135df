//! The simulation itself, tested: with each of five defects planted it must find something, and without any nothing.

use rialto_app::planted::Fault;

use crate::plan::Plan;
use crate::run;

/// Seeds in which a defect must show.
const SEEDS: std::ops::Range<u64> = 1..13;
const OPS: usize = 400;

/// A test that cannot fail is a defect: each planted one is found within a dozen seeds.
#[test]
#[ignore = "a planted defect is everybody's in the process: `make sim-selftest` runs this alone, as part of `make test`"]
fn each_planted_defect_is_found() {
    let mut missed = Vec::new();
    for fault in Fault::ALL {
        fault.plant();
        let found = SEEDS.map(|seed| Plan::of(seed, 4, OPS)).find_map(|plan| Some((plan.seed, run(&plan).err()?)));
        Fault::remove();
        match found {
            Some((seed, found)) => println!("{fault:?}: found with seed {seed}: {}", found[0]),
            None => missed.push(fault),
        }
    }
    let clean = run(&Plan::of(SEEDS.start, 4, OPS));
    assert!(clean.is_ok(), "without any of them: {clean:?}");
    assert!(missed.is_empty(), "not found: {missed:?}");
}
