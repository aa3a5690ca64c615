//! Mapping templates: compiled and rendered with hostile bodies, within bounds.

use std::collections::BTreeMap;

use gw_template::{Leaf, Limits, Place, Position, RenderError, Source, Step, Template, Tracer};

/// Small enough that a run which keeps them ends in a moment.
const LIMITS: Limits =
    Limits { steps: 50_000, depth: 60, output_bytes: 256 << 10, loop_turns: 100, macro_depth: 20 };

/// Parts of an input stand apart by this line.
pub(super) const APART: &str = "\n%%\n";

/// A template, a body, and lines `PLACE NAME VALUE` for parameters, stage
/// variables and context.
///
/// # Panics
/// When a rendering goes beyond a limit, differs from its repetition or from
/// what is traced of it, or an error names a place outside of the text.
pub fn template(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut parts = text.splitn(3, APART);
    let source = parts.next().unwrap_or_default();
    let request = Request::read(parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let template = match Template::compile(source) {
        Ok(template) => template,
        Err(error) => return inside(source, error.position),
    };
    assert_eq!(template.source(), source);
    let rendered = template.render(&request, LIMITS);
    match &rendered {
        Ok(rendered) => assert!(rendered.text.len() <= LIMITS.output_bytes),
        Err(RenderError { position, fault }) => {
            inside(source, *position);
            assert!(fault.to_string().len() < 2 * LIMITS.output_bytes);
        }
    }
    let mut counted = Counted::default();
    let traced = template.trace(&request, LIMITS, &mut counted);
    assert_eq!(traced, rendered, "watching changes nothing");
    assert!(counted.steps <= LIMITS.steps, "each step told is a step taken");
}

/// Lines are counted from one, and there are not more than in the text.
fn inside(source: &str, position: Position) {
    let lines = source.split(['\n', '\r']).count();
    assert!(position.line >= 1 && position.column >= 1, "{position}");
    assert!(usize::try_from(position.line).is_ok_and(|line| line <= lines), "{position}");
}

#[derive(Default)]
struct Counted {
    steps: u64,
}

impl Tracer for Counted {
    fn step(&mut self, _: Position, _: &Step<'_>) {
        self.steps += 1;
    }
}

struct Request<'d> {
    body: &'d str,
    values: BTreeMap<(&'d str, &'d str), &'d str>,
}

impl<'d> Request<'d> {
    fn read(body: &'d str, lines: &'d str) -> Self {
        let value = |line: &'d str| {
            let (place, rest) = line.split_once(' ')?;
            let (name, value) = rest.split_once(' ')?;
            Some(((place, name), value))
        };
        Self { body, values: lines.lines().take(64).filter_map(value).collect() }
    }

    fn of(&self, place: &str) -> impl Iterator<Item = (&str, &str)> {
        let here = self.values.iter().filter(move |((at, _), _)| *at == place);
        here.map(|((_, name), value)| (*name, *value))
    }
}

fn word(place: Place) -> &'static str {
    match place {
        Place::Path => "path",
        Place::QueryString => "query",
        Place::Header => "header",
    }
}

/// Numbers and the words of JSON keep their kind, as in a real `$context`.
fn leaf(text: &str) -> Leaf<'_> {
    match text {
        "null" => Leaf::Null,
        "true" => Leaf::Bool(true),
        "false" => Leaf::Bool(false),
        _ => text.parse().map_or_else(|_| Leaf::Text(text.into()), Leaf::Integer),
    }
}

impl Source for Request<'_> {
    fn body(&self) -> &str {
        self.body
    }

    fn parameter(&self, place: Place, name: &str) -> Option<&str> {
        self.values.get(&(word(place), name)).copied()
    }

    fn parameters(&self, place: Place, each: &mut dyn FnMut(&str, &str)) {
        self.of(word(place)).for_each(|(name, value)| each(name, value));
    }

    fn stage_variable(&self, name: &str) -> Option<&str> {
        self.values.get(&("stage", name)).copied()
    }

    fn stage_variables(&self, each: &mut dyn FnMut(&str, &str)) {
        self.of("stage").for_each(|(name, value)| each(name, value));
    }

    fn context(&self, path: &[&str]) -> Option<Leaf<'_>> {
        let name = path.join(".");
        self.of("context").find(|(known, _)| *known == name).map(|(_, value)| leaf(value))
    }

    fn context_values(&self, each: &mut dyn FnMut(&[&str], Leaf<'_>)) {
        self.of("context").for_each(|(name, value)| {
            each(&name.split('.').collect::<Vec<_>>(), leaf(value));
        });
    }
}
