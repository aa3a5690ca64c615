//! `test-invoke`: one request to a method as it is declared now.

use std::{collections::BTreeMap, path::PathBuf};

use clap::Args;
use gw_wire::aws::{Resource, TestInvokeMethod, TestInvokeResult};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::api;
use crate::client::{Body, Client, Path};
use crate::error::{Error, Result};
use crate::input;
use crate::output::{Output, Tone, paint, warn};

/// A method, and the request to it.
#[derive(Debug, Default, Args)]
pub(crate) struct TestInvokeArgs {
    /// The API, by id or name
    api: String,
    /// The verb
    #[arg(value_parser = verb)]
    method: String,
    /// A resource such as /pets/{id}, or a request's path such as /pets/7?full=true
    path: String,
    /// The path of the request, where PATH names the resource
    #[arg(long, value_name = "PATH")]
    request_path: Option<String>,
    /// A stage variable, as if the method had a stage
    #[arg(long, value_name = "NAME=VALUE")]
    stage_variables: Vec<String>,
    /// A header of the request; repeat it for more, or for more values
    #[arg(long, short = 'H', value_name = "NAME: VALUE")]
    header: Vec<String>,
    /// A query parameter of the request
    #[arg(long, value_name = "NAME=VALUE")]
    query: Vec<String>,
    /// The request's body; `-` is standard input
    #[arg(long, value_name = "FILE")]
    body: Option<PathBuf>,
    /// The client certificate to show to the backend
    #[arg(long, value_name = "ID")]
    client_certificate: Option<String>,
    /// Show the log as AWS has it: without what templates did, long lines cut
    #[arg(long)]
    as_aws: bool,
}

fn verb(text: &str) -> std::result::Result<String, String> {
    let upper = text.to_ascii_uppercase();
    let verbs = ["GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "HEAD", "ANY"];
    match verbs.contains(&upper.as_str()) {
        true => Ok(upper),
        false => Err(format!("one of {}", verbs.join(", "))),
    }
}

/// Calls the method and prints what came of it, step by step.
pub(crate) async fn test_invoke(client: &Client, args: &TestInvokeArgs, out: Output) -> Result<()> {
    let wanted = request(args)?;
    let id = api::api(client, &args.api).await?.id;
    let resources = api::resources(client, &id).await?;
    let path = args.path.split('?').next().unwrap_or_default();
    let resource = pick(&resources, path, &args.method)?;
    let wanted = TestInvokeMethod { path_with_query_string: target(args, resource)?, ..wanted };
    let print = if args.as_aws { None } else { Some("trace") };
    let call = Path::of(&["restapis", &id, "resources", &resource.id, "methods", &args.method])
        .with_some("gatewright", print);
    let result: TestInvokeResult = client.post(call, Body::json(&wanted)?).await?;
    if out.format == crate::output::Format::Table && !out.quiet {
        steps(&result.log).iter().for_each(|line| warn(line));
        warn("");
        warn(&status_line(&result));
        for (name, values) in &result.multi_value_headers {
            values.iter().for_each(|value| warn(&format!("{name}: {value}")));
        }
        warn("");
    }
    out.data(&result, |result| result.body.clone())
}

/// The parts of the request that need no look at the API.
fn request(args: &TestInvokeArgs) -> Result<TestInvokeMethod> {
    let mut multi_value_headers = BTreeMap::<String, Vec<String>>::new();
    for header in &args.header {
        let (name, value) = header
            .split_once(':')
            .ok_or_else(|| Error::usage(format!("`{header}`: write it as NAME: VALUE")))?;
        multi_value_headers
            .entry(name.trim().to_owned())
            .or_default()
            .push(value.trim().to_owned());
    }
    let pair = |text: &String| {
        text.split_once('=')
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .ok_or_else(|| Error::usage(format!("`{text}`: write it as NAME=VALUE")))
    };
    Ok(TestInvokeMethod {
        body: match &args.body {
            Some(file) => input::text(file)?,
            None => String::new(),
        },
        multi_value_headers,
        stage_variables: args.stage_variables.iter().map(pair).collect::<Result<_>>()?,
        client_certificate_id: args.client_certificate.clone(),
        ..TestInvokeMethod::default()
    })
}

/// The resource of that path; else the one that a request to it would meet.
fn pick<'r>(resources: &'r [Resource], path: &str, verb: &str) -> Result<&'r Resource> {
    if let Some(resource) = resources.iter().find(|resource| resource.path == path) {
        return Ok(resource);
    }
    let has = |resource: &&Resource| {
        resource.resource_methods.contains_key(verb)
            || resource.resource_methods.contains_key("ANY")
    };
    let matching = resources.iter().filter(|resource| fits(&resource.path, path)).filter(has);
    // As a router prefers them: a text before a variable, a greedy one last.
    let rank = |resource: &&Resource| {
        let rank = |part: &str| match (part.starts_with('{'), part.ends_with("+}")) {
            (false, _) => 0,
            (true, false) => 1,
            (true, true) => 2,
        };
        resource.path.split('/').map(rank).collect::<Vec<u8>>()
    };
    matching.min_by_key(rank).ok_or_else(|| {
        let mut known: Vec<&str> = resources.iter().map(|resource| &*resource.path).collect();
        known.sort_unstable();
        Error::refused(format!("no resource of the API with a method for {verb} fits `{path}`"))
            .hint(format!("it has {}", known.join(", ")))
    })
}

/// Whether a request's path fits a resource's.
fn fits(template: &str, path: &str) -> bool {
    let mut wanted = template.split('/');
    let mut given = path.split('/');
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some(part), Some(_)) if part.ends_with("+}") => return true,
            (Some(part), Some(text)) if part.starts_with('{') && !text.is_empty() => {}
            (Some(part), Some(text)) if part == text => {}
            _ => return false,
        }
    }
}

/// The request's target.
fn target(args: &TestInvokeArgs, resource: &Resource) -> Result<String> {
    let given = args.request_path.as_deref().unwrap_or(&args.path);
    if given.contains('{') && *given == *resource.path {
        return Err(Error::usage(format!("`{given}` has variables"))
            .hint("say with --request-path what stands in their place"));
    }
    let mut target = given.to_owned();
    for query in &args.query {
        let (name, value) = query.split_once('=').unwrap_or((query, ""));
        target.push(if target.contains('?') { '&' } else { '?' });
        target.extend(utf8_percent_encode(name, NON_ALPHANUMERIC));
        target.push('=');
        target.extend(utf8_percent_encode(value, NON_ALPHANUMERIC));
    }
    Ok(target)
}

/// The log for people: the time of day alone, what failed in colour.
fn steps(log: &str) -> Vec<String> {
    let line = |line: &str| {
        let split = line.split_once(" UTC ").and_then(|(at, rest)| {
            let (year, text) = rest.split_once(" : ")?;
            let time = at.rsplit(' ').next()?;
            (year.len() == 4 && time.len() == 8).then_some((time, text))
        });
        let Some((time, text)) = split else { return line.to_owned() };
        let is_bad = ["Execution failed", "Request validation", "Lambda execution failed"]
            .iter()
            .any(|start| text.starts_with(start));
        let text = if is_bad { paint(text, Tone::Bad) } else { text.to_owned() };
        format!("{time}  {text}")
    };
    log.lines().map(line).collect()
}

fn status_line(result: &TestInvokeResult) -> String {
    let tone = match result.status {
        ..400 => Tone::Good,
        400..500 => Tone::Warn,
        500.. => Tone::Bad,
    };
    format!("{} in {} ms", paint(&format!("HTTP {}", result.status), tone), result.latency)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::client::script::{ok, play};
    use crate::output::Format;

    const OUT: Output = Output { format: Format::Json, quiet: true };

    const APIS: &str = r#"{"item": [{"id": "a1", "name": "pets", "createdDate": 1,
        "apiKeySource": "HEADER", "rootResourceId": "r0", "disableExecuteApiEndpoint": false,
        "endpointConfiguration": {"types": ["REGIONAL"]}}]}"#;

    const RESOURCES: &str = r#"{"item": [
        {"id": "r0", "path": "/"},
        {"id": "r1", "path": "/pets/{id}", "resourceMethods": {"GET": {}, "POST": {}}},
        {"id": "r2", "path": "/pets/all", "resourceMethods": {"GET": {}}},
        {"id": "r3", "path": "/{proxy+}", "resourceMethods": {"ANY": {}}}]}"#;

    const RESULT: &str = r#"{"status": 200, "body": "hi", "headers": {"A": "b"},
        "multiValueHeaders": {"A": ["b"]}, "latency": 3,
        "log": "Execution log for request x\nThu Apr 05 11:07:54 UTC 2018 : Starting\n"}"#;

    fn args() -> TestInvokeArgs {
        TestInvokeArgs {
            api: "a1".into(),
            method: "GET".into(),
            path: "/pets/7?full=true".into(),
            ..TestInvokeArgs::default()
        }
    }

    #[tokio::test]
    async fn sends_the_request() {
        let script = vec![
            ok("GET /restapis?limit=500", APIS),
            ok("GET /restapis/a1/resources?limit=500", RESOURCES),
            ok("POST /restapis/a1/resources/r1/methods/GET?gatewright=trace", RESULT),
        ];
        let (client, sent) = play(script).await;
        let args = TestInvokeArgs {
            stage_variables: vec!["host=h".into()],
            header: vec!["X-A: 1".into(), "X-A:2".into()],
            query: vec!["q=a b".into()],
            ..args()
        };
        test_invoke(&client, &args, OUT).await.unwrap();
        let sent: serde_json::Value = serde_json::from_str(&sent.await.unwrap()[2]).unwrap();
        let expected = serde_json::json!({
            "pathWithQueryString": "/pets/7?full=true&q=a%20b",
            "multiValueHeaders": {"X-A": ["1", "2"]},
            "stageVariables": {"host": "h"},
        });
        assert_eq!(sent, expected);
    }

    #[test]
    fn resources_are_found_as_requests_find_them() {
        let list: gw_wire::page::List<Resource> = serde_json::from_str(RESOURCES).unwrap();
        let found = |path: &str, verb: &str| pick(&list.item, path, verb).map(|r| r.id.clone());
        for (path, verb, id) in [
            ("/pets/{id}", "GET", "r1"),
            ("/pets/7", "GET", "r1"),
            ("/pets/all", "GET", "r2"),
            ("/pets/7/8", "GET", "r3"),
            ("/pets/7", "PUT", "r3"),
            ("/", "GET", "r0"),
        ] {
            assert_eq!(found(path, verb).unwrap(), id, "{verb} {path}");
        }
        let two = list.item[..2].to_vec();
        let error = pick(&two, "/x", "GET").unwrap_err().to_string();
        assert!(error.ends_with("next: it has /, /pets/{id}"), "{error}");
        let vague = TestInvokeArgs { path: "/pets/{id}".into(), ..args() };
        assert!(target(&vague, &list.item[1]).is_err());
        let clear = TestInvokeArgs { request_path: Some("/pets/7".into()), ..vague };
        assert_eq!(target(&clear, &list.item[1]).unwrap(), "/pets/7");
    }

    #[test]
    fn the_log_is_printed_for_people() {
        let result: TestInvokeResult = serde_json::from_str(RESULT).unwrap();
        let lines = steps(&result.log);
        assert_eq!(lines, ["Execution log for request x", "11:07:54  Starting"]);
        assert_eq!(status_line(&result), "HTTP 200 in 3 ms");
        assert_eq!(steps("odd UTC line : x"), ["odd UTC line : x"]);
    }

    #[test]
    fn what_makes_no_sense_is_refused_before_any_call() {
        let odd = TestInvokeArgs { header: vec!["x".into()], ..args() };
        assert!(request(&odd).is_err());
        let odd = TestInvokeArgs { stage_variables: vec!["x".into()], ..args() };
        assert!(request(&odd).is_err());
        assert_eq!(verb("get").as_deref(), Ok("GET"));
        assert!(verb("fetch").is_err());
    }
}
