//! `template`: mapping templates and JSONPath, run here as nodes run them.

mod request;
mod show;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use gw_template::{CompileError, Document, JsonPath, Limits, PathError, Position, Template};

use self::{
    request::Request,
    show::{Evaluated, Steps},
};
use crate::error::{Error, Result};
use crate::input;
use crate::output::{Output, warn};

/// What can be tried without a server.
#[derive(Debug, Subcommand)]
pub(crate) enum TemplateCommand {
    /// Render a mapping template and print what it makes
    Eval(EvalArgs),
    /// Read a JSON document by a JSONPath
    Path(PathArgs),
}

/// A template, and the request that it sees.
#[derive(Debug, Default, Args)]
pub(crate) struct EvalArgs {
    /// The template; `-` is standard input
    #[arg(long, value_name = "FILE")]
    template: PathBuf,
    /// The payload, `$input.body`; `-` is standard input
    #[arg(long, value_name = "FILE")]
    body: Option<PathBuf>,
    /// A JSON file with `context`, `path`, `querystring`, `header`, `stageVariables` and `body`
    #[arg(long, value_name = "FILE")]
    context: Option<PathBuf>,
    /// A value of `$input.params()`, such as path.id=7, querystring.q=x or header.Accept=a/b
    #[arg(long = "params", alias = "param", value_name = "PLACE.NAME=VALUE")]
    params: Vec<String>,
    /// A stage variable
    #[arg(long, value_name = "NAME=VALUE")]
    stage_variables: Vec<String>,
    /// Tell each step with its line and column
    #[arg(long)]
    trace: bool,
}

/// A path, and the document that it reads.
#[derive(Debug, Default, Args)]
pub(crate) struct PathArgs {
    /// The expression, such as '$.items[?(@.price > 5)].name'
    #[arg(long, value_name = "JSONPATH")]
    path: String,
    /// The document; `-` is standard input
    #[arg(long, value_name = "FILE")]
    body: PathBuf,
}

/// Runs a subcommand.
pub(crate) fn template(command: &TemplateCommand, out: Output) -> Result<()> {
    match command {
        TemplateCommand::Eval(args) => eval(args, out),
        TemplateCommand::Path(args) => path(args, out),
    }
}

fn eval(args: &EvalArgs, out: Output) -> Result<()> {
    let inputs = [Some(&args.template), args.body.as_ref(), args.context.as_ref()];
    if inputs.iter().flatten().filter(|path| path.as_os_str() == "-").count() > 1 {
        return Err(Error::usage("only one of the files can be standard input"));
    }
    let text = input::text(&args.template)?;
    let mut request = match &args.context {
        Some(file) => Request::parse(&input::text(file)?)
            .map_err(|reason| Error::usage(format!("{}: {reason}", file.display())))?,
        None => Request::default(),
    };
    if let Some(file) = &args.body {
        request.body = input::text(file)?;
    }
    for param in &args.params {
        request.param(param).map_err(Error::usage)?;
    }
    for variable in &args.stage_variables {
        request.set_stage_variable(variable).map_err(Error::usage)?;
    }
    let template = Template::compile(&text)
        .map_err(|CompileError { position, message }| {
            broken(&args.template, &text, position, &message)
        })
        .map_err(Error::usage)?;
    let mut steps = Steps::default();
    let rendered = match args.trace {
        true => template.trace(&request, Limits::default(), &mut steps),
        false => template.render(&request, Limits::default()),
    };
    let rendered = rendered.map_err(|error| {
        // How far it came is worth the most when it fails.
        steps.tell();
        Error::failed(broken(&args.template, &text, error.position, &error.fault.to_string()))
    })?;
    let evaluated = Evaluated::new(&rendered, args.trace.then_some(&steps));
    if out.format == crate::output::Format::Table {
        steps.tell();
        evaluated.overrides.tell();
    }
    out.data(&evaluated, |evaluated| evaluated.result.clone())
}

fn path(args: &PathArgs, out: Output) -> Result<()> {
    let path = JsonPath::parse(&args.path).map_err(|error| match error {
        PathError::Syntax { at, message } => {
            let position = Position::of(&args.path, at);
            Error::usage(excerpt("the JSONPath", &args.path, position, &message))
        }
        other => Error::usage(other.to_string()),
    })?;
    let text = input::text(&args.body)?;
    let document = Document::parse(&text)
        .map_err(|reason| Error::usage(format!("{}: {reason}", args.body.display())))?;
    match path.eval(&document).map_err(|error| Error::failed(error.to_string()))? {
        Some(found) => out.line(&found.json()),
        None => Err(Error::failed("the path finds nothing")),
    }
}

/// What is wrong with a template, and where.
fn broken(file: &Path, text: &str, position: Position, message: &str) -> String {
    excerpt(&file.display().to_string(), text, position, message)
}

/// Characters of a line that are shown at most.
const WIDTH: usize = 160;

/// A fault with the line that it is in, and a mark below its column.
pub(crate) fn excerpt(name: &str, text: &str, at: Position, message: &str) -> String {
    let head = format!("{name}: {at}: {message}");
    // As positions count: \n, \r and \r\n end a line.
    let unified = text.replace("\r\n", "\n").replace('\r', "\n");
    let number = usize::try_from(at.line).unwrap_or(usize::MAX);
    let Some(line) = unified.split('\n').nth(number.saturating_sub(1)) else { return head };
    let before = usize::try_from(at.column).unwrap_or(usize::MAX).saturating_sub(1);
    // Of a long line what is around the fault.
    let skipped = match line.chars().count() {
        ..=WIDTH => 0,
        _ => before.saturating_sub(WIDTH / 2),
    };
    let shown: String = line.chars().skip(skipped).take(WIDTH).collect();
    // Tabs stay, so that the mark stands below its column in any terminal.
    let indent: String =
        shown.chars().take(before - skipped).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
    let bar = " ".repeat(number.to_string().len());
    format!("{head}\n{bar} |\n{number} | {shown}\n{bar} | {indent}^")
}

/// Lines for people, on standard error.
fn tell(lines: impl IntoIterator<Item = String>) {
    lines.into_iter().for_each(|line| warn(&line));
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::error::Kind;
    use crate::output::Format;

    const OUT: Output = Output { format: Format::Json, quiet: true };

    fn file(dir: &tempfile::TempDir, name: &str, text: &str) -> PathBuf {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    #[test]
    fn excerpts_mark_the_column() {
        let at = Position { line: 2, column: 4 };
        let expected = "t.vm: line 2, column 4: bad\n  |\n2 | \tab#if(\n  | \t  ^";
        assert_eq!(excerpt("t.vm", "one\r\n\tab#if(\rthree", at, "bad"), expected);
        let long = format!("{}!{}", "a".repeat(1000), "b".repeat(1000));
        let far = Position { line: 1, column: 1001 };
        let (a, b, indent) = ("a".repeat(80), "b".repeat(79), " ".repeat(80));
        let expected = format!("t.vm: {far}: bad\n  |\n1 | {a}!{b}\n  | {indent}^");
        assert_eq!(excerpt("t.vm", &long, far, "bad"), expected);
        let beyond = Position { line: 9, column: 1 };
        assert_eq!(excerpt("t.vm", "one", beyond, "bad"), "t.vm: line 9, column 1: bad");
    }

    #[test]
    fn each_failure_has_its_exit_code() {
        let dir = tempfile::tempdir().unwrap();
        let template = file(&dir, "t.vm", "$input.path('$.a')");
        let json = file(&dir, "b.json", r#"{"a": [1, 2]}"#);
        let args = |template: &Path, body: &Path| EvalArgs {
            template: template.to_owned(),
            body: Some(body.to_owned()),
            ..EvalArgs::default()
        };
        eval(&args(&template, &json), OUT).unwrap();
        let bad = file(&dir, "bad.vm", "a\n#if($x)\nb");
        let error = eval(&args(&bad, &json), OUT).unwrap_err();
        assert_eq!(error.kind, Kind::Usage);
        assert!(error.message().contains("bad.vm: line "), "{error}");
        assert!(error.message().ends_with('^'), "{error}");
        let not_json = file(&dir, "c.json", "{");
        let error = eval(&args(&template, &not_json), OUT).unwrap_err();
        assert_eq!(error.kind, Kind::Failed);
        assert!(error.message().contains("Could not parse request body into json"), "{error}");
        let error = eval(&args(Path::new("-"), Path::new("-")), OUT).unwrap_err();
        assert_eq!(error.kind, Kind::Usage);
        assert!(eval(&args(&dir.path().join("none"), &json), OUT).is_err());
        let find = |path: &str| path_of(path, &json);
        find("$.a[0]").unwrap();
        assert_eq!(find("$.b").unwrap_err().kind, Kind::Failed);
        let error = find("$.a[").unwrap_err();
        assert_eq!(error.kind, Kind::Usage);
        assert!(error.message().starts_with("the JSONPath: line 1, column "), "{error}");
    }

    fn path_of(path: &str, body: &Path) -> Result<()> {
        super::path(&PathArgs { path: path.to_owned(), body: body.to_owned() }, OUT)
    }
}
