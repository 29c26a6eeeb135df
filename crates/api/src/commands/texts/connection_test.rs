//! What `/secure-connection test` answers: both ways step by step, each failure with what can be done (behaviour 8.7).

use rialto_federation::probe::{Report, WayBack};
use rialto_wire::federation::extension::{ProbeStep, StepState};
use rialto_wire::v4::connection_health::Step;

use super::organisation;
use crate::commands::table::{Cell, Table, escape};

/// The answer.
pub fn tested(display_name: &str, report: &Report) -> String {
    let name = organisation(display_name);
    let back = match &report.back {
        WayBack::Steps(steps) => way(steps),
        WayBack::Unsupported => "The other server cannot be asked for this.".to_owned(),
        WayBack::Unknown { cause, text } => format!("Not known: {}. {}", escape(text), cause.remedy()),
    };
    format!("#### From here to {name}\n{}\n\n#### From {name} to here\n{back}", way(&report.there))
}

fn way(steps: &[ProbeStep]) -> String {
    let mut table = Table::new(["Step", "Result", "Time", "Remedy"]);
    for step in steps.iter().cloned().map(Step::from) {
        let Step { step, remedy } = step;
        let word = match step.state {
            StepState::Ok => "ok",
            StepState::Warn => "warning",
            StepState::Fail => "failed",
        };
        let result = if step.code.is_empty() { word.to_owned() } else { format!("{word}: {}", step.code) };
        let time = step.ms.map(|ms| format!("{ms} ms")).unwrap_or_default();
        table.push([Cell::text(&step.name), Cell::text(&result), Cell::text(&time), Cell::text(&remedy)]);
    }
    table.render()
}
