//! The lines of a response template that answer one of several origins.

use std::fmt::Write as _;

const BEGIN: &str = "## CORS: origins beside the first\n";
const END: &str = "## CORS end\n";
/// The end in a template of ours, that stands where there was none.
const END_OF_OURS: &str = "## CORS end; there was no template\n";
const ORIGIN: &str = "#set($origin = $input.params().header.get(\"Origin\"))\n\
    #if($origin == \"\")\n#set($origin = $input.params().header.get(\"origin\"))\n#end\n";
const OVERRIDE: &str =
    "#set($context.responseOverride.header.Access-Control-Allow-Origin = $origin)\n#end\n";
/// What such a template passes on.
const PASSED: &str = "$input.body";

/// The lines: they print nothing. Comments and directives take the ends of
/// their lines with them.
fn lines(origins: &[String], end: &str) -> String {
    let mut out = format!("{BEGIN}{ORIGIN}#if(");
    for (at, origin) in origins.iter().enumerate() {
        let or = if at > 0 { " || " } else { "" };
        // A checked origin holds nothing that Velocity would read.
        let _ = write!(out, "{or}$origin == \"{origin}\"");
    }
    out + ")\n" + OVERRIDE + end
}

/// A template that begins with the lines for these origins; without origins
/// the template as it was before.
pub(super) fn with(template: &str, origins: &[String]) -> String {
    let rest = without(template);
    if origins.is_empty() { rest.to_owned() } else { lines(origins, END) + rest }
}

/// A template for answers that had none: the lines, then the body as it came.
pub(super) fn passing(origins: &[String]) -> String {
    lines(origins, END_OF_OURS) + PASSED
}

/// The same where there is no body.
pub(super) fn alone(origins: &[String]) -> String {
    lines(origins, END_OF_OURS)
}

/// Whether a template is one of [`passing`] or [`alone`].
pub(super) fn is_ours(template: &str) -> bool {
    read(template)
        .is_some_and(|(_, end, rest)| end == END_OF_OURS && (rest.is_empty() || rest == PASSED))
}

/// The template without the lines.
pub(super) fn without(template: &str) -> &str {
    read(template).map_or(template, |(_, _, rest)| rest)
}

/// The origins that the lines at a template's start name; `None` without them.
pub(super) fn origins(template: &str) -> Option<Vec<String>> {
    read(template).map(|(origins, _, _)| origins)
}

/// Origins and end of the lines at a template's start, and what follows.
fn read(template: &str) -> Option<(Vec<String>, &'static str, &str)> {
    let conditions = template.strip_prefix(BEGIN)?.strip_prefix(ORIGIN)?.strip_prefix("#if(")?;
    let conditions = conditions.split(")\n").next()?;
    let named = |part: &str| {
        let inner = part.strip_prefix("$origin == \"")?.strip_suffix('"')?;
        Some(inner.to_owned())
    };
    let found: Vec<String> = conditions.split(" || ").map(named).collect::<Option<_>>()?;
    // What somebody changed by hand is theirs.
    let end = |end| Some((end, template.strip_prefix(&*lines(&found, end))?));
    let (end, rest) = end(END).or_else(|| end(END_OF_OURS))?;
    Some((found, end, rest))
}
