//! What came of a template, for people and for programs.

use std::collections::BTreeMap;

use gw_template::{Multi, Position, Rendered, Step, Tracer};
use serde::Serialize;

/// How much of a value a step shows, in characters.
const SHOWN: usize = 120;

/// A rendering.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Evaluated<'a> {
    pub(super) result: String,
    pub(super) overrides: Overrides,
    /// Present when they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    steps: Option<&'a [OneStep]>,
}

/// `$context.requestOverride` and `responseOverride`; a list in the template
/// makes several values.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Overrides {
    request: Parts,
    response: ResponseParts,
}

type Values = BTreeMap<String, Vec<String>>;

#[derive(Debug, Serialize)]
struct Parts {
    header: Values,
    path: Values,
    querystring: Values,
}

#[derive(Debug, Serialize)]
struct ResponseParts {
    header: Values,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
}

impl<'a> Evaluated<'a> {
    pub(super) fn new(rendered: &Rendered, steps: Option<&'a Steps>) -> Self {
        let values = |multi: &Multi| multi.iter().cloned().collect();
        let (request, response) = (&rendered.overrides.request, &rendered.overrides.response);
        Self {
            result: rendered.text.clone(),
            overrides: Overrides {
                request: Parts {
                    header: values(&request.header),
                    path: values(&request.path),
                    querystring: values(&request.querystring),
                },
                response: ResponseParts {
                    header: values(&response.header),
                    status: response.status,
                },
            },
            steps: steps.map(|steps| steps.0.as_slice()),
        }
    }
}

impl Overrides {
    /// The overrides, a line each.
    fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let mut add = |group: &str, values: &Values| {
            for (name, values) in values {
                lines.push(format!("{group}.{name} = {}", values.join(", ")));
            }
        };
        add("requestOverride.path", &self.request.path);
        add("requestOverride.querystring", &self.request.querystring);
        add("requestOverride.header", &self.request.header);
        add("responseOverride.header", &self.response.header);
        if let Some(status) = self.response.status {
            lines.push(format!("responseOverride.status = {status}"));
        }
        lines
    }

    /// Tells them to the person at the terminal.
    pub(super) fn tell(&self) {
        super::tell(self.lines());
    }
}

/// The steps of a rendering.
#[derive(Debug, Default)]
pub(super) struct Steps(Vec<OneStep>);

#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct OneStep {
    line: u32,
    column: u32,
    #[serde(flatten)]
    what: What,
    /// For people.
    #[serde(skip)]
    text: String,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "step", rename_all = "camelCase")]
enum What {
    Reference { text: String, printed: String },
    Set { target: String, value: Option<String> },
    Condition { holds: bool },
    Turn { count: usize },
    Macro { name: String },
    Evaluate { text: String },
    Stop,
}

impl Tracer for Steps {
    fn step(&mut self, position: Position, step: &Step<'_>) {
        let what = match *step {
            Step::Reference { text, printed } => {
                What::Reference { text: text.to_owned(), printed: printed.to_owned() }
            }
            Step::Set { target, value } => {
                What::Set { target: target.to_owned(), value: value.map(str::to_owned) }
            }
            Step::Condition { holds } => What::Condition { holds },
            Step::Turn { count } => What::Turn { count },
            Step::Macro { name } => What::Macro { name: name.to_owned() },
            Step::Evaluate { text } => What::Evaluate { text: text.to_owned() },
            Step::Stop => What::Stop,
        };
        let Position { line, column } = position;
        self.0.push(OneStep { line, column, what, text: step.line(shown) });
    }
}

impl Steps {
    fn lines(&self) -> Vec<String> {
        let place = |step: &OneStep| format!("{}:{}", step.line, step.column);
        let width = self.0.iter().map(|step| place(step).len()).max().unwrap_or_default();
        let line = |step: &OneStep| format!("{:>width$}  {}", place(step), step.text);
        self.0.iter().map(line).collect()
    }

    /// Tells them to the person at the terminal.
    pub(super) fn tell(&self) {
        super::tell(self.lines());
    }
}

/// A value on one line, cut where it is long.
fn shown(text: &str) -> String {
    let mut chars = text.chars();
    let start: String = chars.by_ref().take(SHOWN).collect();
    let left = chars.count();
    match left {
        0 => format!("{start:?}"),
        _ => format!("{start:?} and {left} more characters"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use gw_template::{Empty, Limits, Template};

    use super::*;

    const TEMPLATE: &str = "\
#set($a = [1, 2])
#foreach($x in $a)$x#end
#if($none)no#end
#set($context.responseOverride.status = 404)
#set($context.requestOverride.header.X = \"y\")
#set($b = $none)";

    #[test]
    fn steps_and_overrides_are_lines() {
        let mut steps = Steps::default();
        let template = Template::compile(TEMPLATE).unwrap();
        let rendered = template.trace(&Empty, Limits::default(), &mut steps).unwrap();
        assert_eq!(
            steps.lines(),
            [
                " 1:1  #set $a = \"[1, 2]\"",
                " 2:1  #foreach turn 1",
                "2:19  $x -> \"1\"",
                " 2:1  #foreach turn 2",
                "2:19  $x -> \"2\"",
                " 3:5  #if false",
                " 4:1  #set $context.responseOverride.status = \"404\"",
                " 5:1  #set $context.requestOverride.header.X = \"y\"",
                " 6:1  #set $b: null, not set",
            ]
        );
        let evaluated = Evaluated::new(&rendered, Some(&steps));
        let lines = ["requestOverride.header.X = y", "responseOverride.status = 404"];
        assert_eq!(evaluated.overrides.lines(), lines);
        let json = serde_json::to_value(&evaluated).unwrap();
        assert_eq!(json["overrides"]["response"]["status"], 404);
        assert_eq!(json["overrides"]["request"]["header"]["X"][0], "y");
        let first = serde_json::json!(
            {"line": 1, "column": 1, "step": "set", "target": "$a", "value": "[1, 2]"}
        );
        assert_eq!(json["steps"][0], first);
    }

    #[test]
    fn long_values_are_cut() {
        let text = "x".repeat(SHOWN + 5);
        assert!(shown(&text).ends_with("x\" and 5 more characters"));
        assert_eq!(shown("a\nb"), "\"a\\nb\"");
    }
}
