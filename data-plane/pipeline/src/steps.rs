//! What mappings did, as further lines of an execution log: AWS's has the
//! bodies before and after only.

use gw_snapshot::{Event, Record};
use gw_template::{Multi, Position, Step, Tracer};

use crate::note::{Recorder, map};

/// Steps of one template that are told; a loop makes thousands.
const MAX_STEPS: usize = 500;

/// How much of a value a step shows, in bytes.
const SHOWN: usize = 256;

/// Tells a recorder what a mapping does.
pub(crate) struct Steps<'r> {
    recorder: &'r Recorder,
    /// Told of the template that runs.
    told: usize,
}

impl<'r> Steps<'r> {
    /// For one mapping.
    pub(crate) fn new(recorder: &'r Recorder) -> Self {
        Self { recorder, told: 0 }
    }
}

impl Record for Steps<'_> {
    fn record(&mut self, event: Event<'_>) {
        self.told = 0;
        let text = match event {
            Event::Template { media_type, .. } => format!("Applied the template for {media_type}"),
            Event::Passthrough => "Passed the body through without a template".to_owned(),
            Event::RequestOverrides(over) => {
                let groups = [
                    ("path", &over.path),
                    ("query string", &over.querystring),
                    ("header", &over.header),
                ];
                format!("Request overrides: {}", overrides(&groups))
            }
            Event::ResponseOverrides(over) => {
                let mut text =
                    format!("Response overrides: {}", overrides(&[("header", &over.header)]));
                if let Some(status) = over.status {
                    text.push_str(&format!(" status {status}"));
                }
                text
            }
            Event::Selected { status, pattern: Some(pattern) } => {
                format!("Selected the integration response {status} by its pattern {pattern}")
            }
            Event::Selected { status, pattern: None } => {
                format!("Selected the default integration response {status}")
            }
        };
        self.recorder.add_step(text);
    }

    fn tracer(&mut self) -> Option<&mut dyn Tracer> {
        Some(self)
    }
}

fn overrides(groups: &[(&str, &Multi)]) -> String {
    let group = |(name, values): &(&str, &Multi)| {
        let each = values.iter().map(|(name, values)| (name.as_str(), values.join(",")));
        (!values.is_empty()).then(|| format!("{name} {}", map(each)))
    };
    groups.iter().filter_map(group).collect::<Vec<_>>().join(" ")
}

impl Tracer for Steps<'_> {
    fn step(&mut self, position: Position, step: &Step<'_>) {
        self.told += 1;
        match self.told.cmp(&MAX_STEPS) {
            std::cmp::Ordering::Less => {
                self.recorder.add_step(format!("Template {position}: {}", step.line(shown)));
            }
            std::cmp::Ordering::Equal => {
                self.recorder.add_step("Template: further steps are left out".to_owned());
            }
            std::cmp::Ordering::Greater => {}
        }
    }
}

/// A value on one line, cut where it is long.
fn shown(text: &str) -> String {
    let start = &text[..text.floor_char_boundary(SHOWN)];
    match text.len() - start.len() {
        0 => format!("{start:?}"),
        left => format!("{start:?} and {left} more bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_bounded_and_overrides_named() {
        let recorder = Recorder::default();
        let mut steps = Steps::new(&recorder);
        let at = Position { line: 2, column: 3 };
        for count in 1..1000 {
            steps.step(at, &Step::Turn { count });
        }
        let mut over = gw_template::ResponseOverride { status: Some(404), ..Default::default() };
        over.header.push(("A".to_owned(), vec!["1".to_owned(), "2".to_owned()]));
        steps.record(Event::ResponseOverrides(&over));
        let printed = "x".repeat(SHOWN + 2);
        steps.step(at, &Step::Reference { text: "$x", printed: &printed });
        let lines = recorder.take();
        assert_eq!(lines.len(), MAX_STEPS + 2);
        assert!(lines.iter().all(|line| line.is_step));
        assert_eq!(lines[0].text, "Template line 2, column 3: #foreach turn 1");
        assert_eq!(lines[MAX_STEPS].text, "Response overrides: header {A=1,2} status 404");
        assert!(lines[MAX_STEPS + 1].text.ends_with("x\" and 2 more bytes"));
    }
}
