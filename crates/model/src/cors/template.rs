//! The lines of a response template that answer one of several origins.

use std::fmt::Write as _;

const BEGIN: &str = "## CORS: origins beside the first\n";
const END: &str = "## CORS end\n";
const ORIGIN: &str = "#set($origin = $input.params().header.get(\"Origin\"))\n\
    #if($origin == \"\")\n#set($origin = $input.params().header.get(\"origin\"))\n#end\n";
const OVERRIDE: &str =
    "#set($context.responseOverride.header.Access-Control-Allow-Origin = $origin)\n#end\n";
/// What a template of ours passes on that stands where there was none.
const PASSED: &str = "$input.body";

/// The lines: they print nothing. Comments and directives take the ends of
/// their lines with them.
fn lines(origins: &[String]) -> String {
    let mut out = format!("{BEGIN}{ORIGIN}#if(");
    for (at, origin) in origins.iter().enumerate() {
        let or = if at > 0 { " || " } else { "" };
        // A checked origin holds nothing that Velocity would read.
        let _ = write!(out, "{or}$origin == \"{origin}\"");
    }
    out + ")\n" + OVERRIDE + END
}

/// A template that begins with the lines for these origins; without origins
/// the template as it was before.
pub(super) fn with(template: &str, origins: &[String]) -> String {
    let rest = without(template);
    if origins.is_empty() { rest.to_owned() } else { lines(origins) + rest }
}

/// A template for answers that had none: the lines, then the body as it came.
pub(super) fn passing(origins: &[String]) -> String {
    lines(origins) + PASSED
}

/// Whether a template is one of [`passing`].
pub(super) fn is_passing(template: &str) -> bool {
    origins(template).is_some() && without(template) == PASSED
}

/// The template without the lines.
pub(super) fn without(template: &str) -> &str {
    match origins(template) {
        Some(found) => template.get(lines(&found).len()..).unwrap_or_default(),
        None => template,
    }
}

/// The origins that the lines at a template's start name; `None` without them.
pub(super) fn origins(template: &str) -> Option<Vec<String>> {
    let conditions = template.strip_prefix(BEGIN)?.strip_prefix(ORIGIN)?.strip_prefix("#if(")?;
    let conditions = conditions.split(")\n").next()?;
    let named = |part: &str| {
        let inner = part.strip_prefix("$origin == \"")?.strip_suffix('"')?;
        Some(inner.to_owned())
    };
    let found: Vec<String> = conditions.split(" || ").map(named).collect::<Option<_>>()?;
    // What somebody changed by hand is theirs.
    template.starts_with(&lines(&found)).then_some(found)
}
