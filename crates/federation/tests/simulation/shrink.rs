//! Cutting a failing plan down: parts of it are taken away as long as what is left still fails (delta debugging).

use crate::plan::{Plan, Step};

/// The shortest failing plan found within so many runs.
pub fn shrink(plan: &Plan, mut runs: usize, fails: impl Fn(&Plan) -> bool) -> Plan {
    let mut best = plan.clone();
    let mut parts = 2;
    while best.steps.len() > 1 && runs > 0 {
        let size = best.steps.len().div_ceil(parts);
        let mut cut = false;
        // The end first: what comes after the cause is the largest part that can go.
        for part in (0..best.steps.len().div_ceil(size)).rev() {
            if runs == 0 {
                break;
            }
            runs -= 1;
            let shorter = Plan { steps: without(&best.steps, part * size, size), ..best.clone() };
            if fails(&shorter) {
                best = shorter;
                cut = true;
                break;
            }
        }
        if cut {
            parts = parts.saturating_sub(1).max(2);
        } else if size == 1 {
            break;
        } else {
            parts = (parts * 2).min(best.steps.len());
        }
    }
    best
}

fn without(steps: &[Step], from: usize, many: usize) -> Vec<Step> {
    let to = (from + many).min(steps.len());
    // Time passes whether or not anything happens in it.
    let mut rest: Vec<Step> = steps[..from].to_vec();
    let passed: u64 = steps[from..to].iter().map(|step| step.wait_ms).sum();
    rest.extend(steps[to..].iter().cloned());
    if let Some(next) = rest.get_mut(from) {
        next.wait_ms += passed;
    }
    rest
}
