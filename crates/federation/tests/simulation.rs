//! Several servers in one process, two of another make among their guests, on a virtual clock and a bad network: a seed makes a plan of a thousand things people
//! and machines do to them, and when everything is mended all of them agree, with each other and with a reference that
//! knows nothing but what was acknowledged. SC-093 to SC-096, SC-102, E-035 to E-041, INV-2, INV-11, M-08.
//!
//! `make sim` runs two hundred seeds; `make sim SEED=7` one, `OPS=` with fewer operations; `PLAN=file.json` repeats a
//! saved plan. The plan and what the network does are the same each time; which of two tasks that are ready at the same
//! instant runs first is not, so a failure may need a second attempt to come back.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a wrong expectation must stop the test where it is"
)]

#[path = "simulation/acts.rs"]
mod acts;
#[path = "simulation/check.rs"]
mod check;
#[path = "simulation/faults.rs"]
mod faults;
#[expect(dead_code, unused_imports, reason = "the other tests use the rest")]
mod harness;
#[path = "simulation/links.rs"]
mod links;
#[path = "simulation/model.rs"]
mod model;
#[path = "simulation/outsiders.rs"]
mod outsiders;
#[path = "simulation/plan.rs"]
mod plan;
#[path = "simulation/selftest.rs"]
mod selftest;
#[path = "simulation/shrink.rs"]
mod shrink;
#[path = "simulation/world.rs"]
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use plan::Plan;
use world::World;

/// What a run amounted to.
#[derive(Debug, Default, Clone, Copy)]
struct Stats {
    /// Messages acknowledged.
    said: usize,
    /// Requests between servers.
    carried: u64,
    /// From the mending of everything to the last message that brought something.
    convergence: Duration,
}

/// Runs a plan. The error lists what was found.
fn run(plan: &Plan) -> Result<Stats, Vec<String>> {
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(live(plan))
    }));
    outcome.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        Err(vec![format!("panic: {}", text.unwrap_or_else(|| "see above".to_owned()))])
    })
}

async fn live(plan: &Plan) -> Result<Stats, Vec<String>> {
    let mut world = World::new(plan).await;
    world.faults.begin();
    for step in &plan.steps {
        tokio::time::sleep(Duration::from_millis(step.wait_ms)).await;
        world.act(step).await;
    }
    let convergence = world.settle().await;
    if world.trace {
        println!("{:#?}", world.refused);
    }
    let mut found = std::mem::take(&mut world.found);
    found.extend(world.faults.found());
    let mut differs = check::check(&world).await;
    if !differs.is_empty() {
        // What was refused for a while is tried again for ten minutes.
        tokio::time::sleep(Duration::from_secs(900)).await;
        differs = check::check(&world).await;
    }
    if !differs.is_empty() {
        differs.truncate(12);
        differs.extend(links::describe(&world).await);
    }
    found.extend(differs);
    match convergence {
        Some(convergence) if found.is_empty() => {
            Ok(Stats { said: world.ledger.said.len(), carried: world.faults.carried(), convergence })
        }
        Some(_) => Err(found),
        None => {
            found.push("it never comes to rest: something is said again and again".to_owned());
            found.extend(world.faults.latest());
            Err(found)
        }
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().filter(|text| !text.is_empty()).map(|text| text.parse().unwrap())
}

/// What to run, from the environment. Without any word a few short ones, for `cargo test`.
fn wanted() -> Vec<Plan> {
    if let Some(path) = std::env::var_os("PLAN").filter(|path| !path.is_empty()) {
        return vec![serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()];
    }
    let servers = usize::try_from(number("SERVERS").unwrap_or(4)).unwrap();
    let ops = usize::try_from(number("OPS").unwrap_or(150)).unwrap();
    let seeds = match number("SEED") {
        Some(seed) => seed..seed + 1,
        None => {
            let first = number("FIRST").unwrap_or(1);
            first..first + number("SEEDS").unwrap_or(4)
        }
    };
    seeds.map(|seed| Plan::of(seed, servers, ops)).collect()
}

/// Tells of a failure, cuts its plan down and saves it.
fn report(plan: &Plan, found: &[String]) {
    let ops = plan.steps.len();
    println!("\nseed {} fails; again: SEED={} OPS={ops} make sim", plan.seed, plan.seed);
    found.iter().for_each(|text| println!("  {text}"));
    let runs = usize::try_from(number("SHRINK").unwrap_or(60)).unwrap();
    let short = shrink::shrink(plan, runs, |part| run(part).is_err());
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let path = folder.join(format!("sim-{}.json", plan.seed));
    std::fs::write(&path, serde_json::to_string_pretty(&short).unwrap()).unwrap();
    println!("cut down to {} operations; again: PLAN={} make sim", short.steps.len(), path.display());
    let of = |server: usize| short.shape.channels.iter().filter(|plot| plot.home == server).count();
    println!("  links {:?}, channels {:?} ({} of server 0)", short.shape.links, short.shape.channels, of(0));
    println!("  {:?}", short.weather);
    short.steps.iter().take(60).for_each(|step| println!("  {} after {} ms: {:?}", step.number, step.wait_ms, step.op));
    if let Err(found) = run(&short) {
        found.iter().take(6).for_each(|text| println!("  -> {text}"));
    }
}

/// SC-093, SC-094, SC-095, SC-102, E-035 to E-041, E-073, INV-2, INV-11: whatever happens, in the end everybody holds
/// what was acknowledged, once, as its owner left it.
#[test]
fn whatever_happens_all_servers_agree_in_the_end() {
    let plans = wanted();
    let begun = Instant::now();
    let (next, failed) = (AtomicU64::new(0), AtomicBool::new(false));
    let all = Mutex::new(Vec::new());
    let workers = std::thread::available_parallelism().map_or(2, usize::from).min(plans.len());
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                let take = || plans.get(usize::try_from(next.fetch_add(1, Ordering::Relaxed)).unwrap());
                while let Some(plan) = take() {
                    let started = Instant::now();
                    match run(plan) {
                        Ok(stats) => {
                            if plans.len() < 20 {
                                println!("seed {}: {stats:?} in {:?}", plan.seed, started.elapsed());
                            }
                            all.lock().unwrap().push(stats);
                        }
                        Err(found) => {
                            let first = !failed.swap(true, Ordering::Relaxed);
                            if first || number("KEEP").is_none() {
                                report(plan, &found);
                            } else {
                                println!("seed {} fails: {}", plan.seed, found[0]);
                            }
                        }
                    }
                    if failed.load(Ordering::Relaxed) && number("KEEP").is_none() {
                        return;
                    }
                }
            });
        }
    });
    let all = all.into_inner().unwrap();
    let said: usize = all.iter().map(|stats| stats.said).sum();
    let carried: u64 = all.iter().map(|stats| stats.carried).sum();
    let slowest = all.iter().map(|stats| stats.convergence).max().unwrap_or_default();
    println!(
        "{} of {} seeds agree: {said} messages, {carried} requests, at rest within {slowest:?} of mending; {:?}",
        all.len(),
        plans.len(),
        begun.elapsed()
    );
    assert!(!failed.load(Ordering::Relaxed), "some servers disagree, see above");
}
