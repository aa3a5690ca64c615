//! `deploy`: a document into an API, the API onto a stage.

use std::collections::BTreeMap;
use std::time::Duration;

use gw_wire::aws::{CreateDeployment, Deployment, DeploymentCanary, RestApi, Stage};
use gw_wire::gatewright::{Adaptation, RELEASE_HEADER, ReleaseDetail};
use http::Method;
use serde::Serialize;

use crate::cli::DeployArgs;
use crate::client::{Body, Client, Path};
use crate::error::{Error, Kind, Result};
use crate::output::Output;
use crate::watch::{Watched, summary, verdict, watch};
use crate::{api, document};

/// How many warnings are shown without `--verbose`; JSON always has all.
const MAX_WARNINGS: usize = 5;

/// What `deploy --output json` prints.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Deployed<'a> {
    rest_api_id: &'a str,
    rest_api_name: &'a str,
    created: bool,
    stage_name: &'a str,
    deployment_id: &'a str,
    /// What the import said.
    import_warnings: &'a [String],
    /// Routes that answer with an error at run time.
    warnings: &'a [String],
    adaptations: &'a [Adaptation],
    release: &'a ReleaseDetail,
}

/// Updates or creates the API, deploys it, and follows the receipts.
pub(crate) async fn deploy(client: &Client, args: &DeployArgs, out: Output) -> Result<()> {
    let bytes = document::read(&args.file)?;
    let name = match &args.api {
        Some(name) => name.clone(),
        None => document::title(&bytes)?,
    };
    let all = api::apis(client).await?;
    let existing = api::pick(&all, &name)?;
    if let Some(existing) = existing {
        let stage = api::stage(client, &existing.id, &args.stage).await?;
        check_canary(&existing.name, stage.as_ref(), args)?;
    } else if args.canary.is_some() {
        return Err(no_stage(&name, &args.stage));
    }
    let by_id = existing.is_some_and(|api| api.id == name);
    let bytes = match &args.api {
        // An import takes the API's name from the document, so a name that was
        // given must stand there, or the next deploy would not find it.
        Some(wanted) if !by_id => document::with_title(bytes, wanted)?,
        _ => bytes,
    };
    let existing_id = existing.map(|api| api.id.as_str());
    let api =
        api::put_document(client, existing_id, args.backend.as_deref(), Body::Document(bytes));
    let api = api.await.map_err(with_backend)?;
    out.note(&format!(
        "{} API {} ({})",
        if existing.is_some() { "updated" } else { "created" },
        api.name,
        api.id
    ));
    tell_import(&api, args.verbose, out);
    let (deployment, number) = match create_deployment(client, &api, args).await {
        Err(error) if existing.is_none() => return Err(take_back(client, &api, error).await),
        made => made?,
    };
    tell_warnings(&deployment.gatewright_warnings, args.verbose, out);
    let watched = Watched {
        api: &api.id,
        stage: &args.stage,
        number,
        timeout: Duration::from_secs(if args.wait { args.timeout } else { 0 }),
    };
    let release = watch(client, watched, out).await?;
    let deployed = Deployed {
        rest_api_id: &api.id,
        rest_api_name: &api.name,
        created: existing.is_none(),
        stage_name: &args.stage,
        deployment_id: &deployment.id,
        import_warnings: &api.warnings,
        warnings: &deployment.gatewright_warnings,
        adaptations: &api.gatewright_adaptations,
        release: &release,
    };
    out.data(&deployed, |d| format!("{}, deployment {}", summary(d.release), d.deployment_id))?;
    match verdict(&release, args.wait) {
        Err(error) if existing.is_none() => Err(take_back(client, &api, error).await),
        told => told,
    }
}

/// Says which flag gives operations a backend, where they have none.
fn with_backend(error: Error) -> Error {
    if error.message().contains("need a backend") {
        error.hint("give its address with --backend URL")
    } else {
        error
    }
}

/// A first deploy that was refused leaves no API behind. What may still come
/// to serve stays.
async fn take_back(client: &Client, api: &RestApi, error: Error) -> Error {
    let name = format!("{} ({})", api.name, api.id);
    if !matches!(error.kind, Kind::Refused | Kind::Rejected) {
        return error;
    }
    match client.call(Method::DELETE, Path::of(&["restapis", &api.id]), Body::None).await {
        Ok(_) => error.note(format!("the new API {name} is removed again")),
        Err(failed) => error.note(format!(
            "the new API {name} stays, as removing it failed ({}); the next deploy updates it",
            failed.message()
        )),
    }
}

/// A stage with a canary is not deployed to by accident.
fn check_canary(api: &str, stage: Option<&Stage>, args: &DeployArgs) -> Result<()> {
    let Some(stage) = stage else {
        return if args.canary.is_some() { Err(no_stage(api, &args.stage)) } else { Ok(()) };
    };
    let name = format!("{api}/{}", stage.stage_name);
    match &stage.canary_settings {
        Some(canary) if args.canary.is_none() => Err(Error::refused(format!(
            "{name} has a canary with {} % of its requests",
            canary.percent_traffic
        ))
        .hint(format!(
            "first `gwctl promote-canary \"{name}\"` or `gwctl stop-canary \"{name}\"`; \
             or replace the canary with --canary PERCENT"
        ))),
        _ => Ok(()),
    }
}

fn no_stage(api: &str, stage: &str) -> Error {
    Error::refused(format!("{api} has no stage `{stage}` that could have a canary"))
        .hint("deploy once without --canary; the canary goes beside that")
}

/// Lists what the import changed: each adaptation, or how many of each kind.
fn tell_import(api: &RestApi, verbose: bool, out: Output) {
    tell_warnings(&api.warnings, verbose, out);
    for line in adaptation_lines(&api.gatewright_adaptations, verbose) {
        out.note(&line);
    }
}

/// The first warnings, or all of them.
fn tell_warnings(warnings: &[String], verbose: bool, out: Output) {
    let shown = if verbose { warnings.len() } else { MAX_WARNINGS.min(warnings.len()) };
    for warning in &warnings[..shown] {
        out.note(&format!("warning: {warning}"));
    }
    if shown < warnings.len() {
        let more = warnings.len() - shown;
        let noun = if more == 1 { "warning" } else { "warnings" };
        out.note(&format!("and {more} more {noun} (--verbose lists them)"));
    }
}

fn adaptation_lines(adaptations: &[Adaptation], verbose: bool) -> Vec<String> {
    if adaptations.is_empty() {
        return Vec::new();
    }
    if verbose {
        let line = |a: &Adaptation| format!("adapted {}: {}: {}", a.place, a.kind, a.detail);
        return adaptations.iter().map(line).collect();
    }
    let mut kinds: BTreeMap<&str, (usize, &Adaptation)> = BTreeMap::new();
    for adaptation in adaptations {
        kinds.entry(&adaptation.kind).or_insert((0, adaptation)).0 += 1;
    }
    let count = match adaptations.len() {
        1 => "1 adaptation (--verbose tells it):".to_owned(),
        more => format!("{more} adaptations (--verbose lists them):"),
    };
    let mut lines = vec![count];
    lines.extend(kinds.iter().map(|(kind, (count, first))| {
        format!("  {count} × {kind}, such as {}: {}", first.place, first.detail)
    }));
    lines
}

async fn create_deployment(
    client: &Client,
    api: &RestApi,
    args: &DeployArgs,
) -> Result<(Deployment, u64)> {
    let request = CreateDeployment {
        stage_name: Some(args.stage.clone()),
        description: args.description.clone(),
        canary_settings: args
            .canary
            .map(|percent| DeploymentCanary { percent_traffic: percent, ..Default::default() }),
        ..CreateDeployment::default()
    };
    let path = Path::of(&["restapis", &api.id, "deployments"])
        .with_some("gatewright", (!args.lenient).then_some("strict"));
    let answer = client.call(Method::POST, path, Body::json(&request)?).await.map_err(|error| {
        let advice = "no stage is changed; mend the document, or deploy such routes as they are \
                      with --lenient";
        match error.kind {
            Kind::Refused if !args.lenient => error.listed("faults").hint(advice),
            Kind::Rejected => {
                error.hint("nothing changed for callers; `gwctl fleet` shows the nodes")
            }
            _ => error,
        }
    })?;
    let deployment: Deployment = serde_json::from_slice(&answer.body)
        .map_err(|e| Error::failed(format!("the deployment's answer is odd: {e}")))?;
    let header = answer.headers.get(RELEASE_HEADER).and_then(|v| v.to_str().ok());
    if let Some(number) = header.and_then(|v| v.parse().ok()) {
        return Ok((deployment, number));
    }
    // A server behind something that strips headers: ask for it.
    let stage = api::stage(client, &api.id, &args.stage).await?;
    match stage.and_then(|stage| stage.gatewright_release) {
        Some(number) => Ok((deployment, number)),
        None => Err(Error::failed("the server did not say which release it made")),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::{Cli, Command};
    use crate::client::script::{Answer, ok, play};
    use crate::watch::tests::detail;

    fn args(more: &[&str]) -> DeployArgs {
        let line = ["gwctl", "deploy", "f.yaml", "--stage", "prod"];
        match Cli::try_parse_from(line.iter().chain(more)).unwrap().command {
            Command::Deploy(args) => args,
            other => panic!("{other:?}"),
        }
    }

    fn stage(canary: bool) -> Stage {
        let canary = canary.then(|| serde_json::json!({"percentTraffic": 10.0}));
        serde_json::from_value(serde_json::json!({
            "deploymentId": "d", "stageName": "prod", "cacheClusterEnabled": false,
            "cacheClusterStatus": "NOT_AVAILABLE", "canarySettings": canary,
            "tracingEnabled": false, "createdDate": 1, "lastUpdatedDate": 1
        }))
        .unwrap()
    }

    #[test]
    fn a_canary_is_never_overwritten_by_accident() {
        let plain = args(&[]);
        let canary = args(&["--canary", "5"]);
        assert!(check_canary("pets", Some(&stage(false)), &plain).is_ok());
        assert!(check_canary("pets", Some(&stage(true)), &canary).is_ok());
        assert!(check_canary("pets", None, &plain).is_ok());
        let error = check_canary("pets", Some(&stage(true)), &plain).unwrap_err();
        assert_eq!(error.kind.exit_code(), 3);
        let text = error.to_string();
        assert!(text.contains("promote-canary") && text.contains("stop-canary"), "{text}");
        assert!(check_canary("pets", None, &canary).is_err());
    }

    const API: &str = r#"{"id":"aaaaaaaaaa","name":"Pets","createdDate":1,"rootResourceId":"r"}"#;
    const QUIET: Output = Output { format: crate::output::Format::Json, quiet: true };

    fn document() -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "openapi: 3.0.0\ninfo: {title: Pets}\n").unwrap();
        file
    }

    fn created() -> Answer {
        Answer {
            expects: "POST /restapis/aaaaaaaaaa/deployments?gatewright=strict",
            head: "201 Created\r\nx-gatewright-release: 7\r\n",
            body: r#"{"id":"dddddd","createdDate":1}"#.into(),
        }
    }

    #[tokio::test]
    async fn a_new_api_is_imported_deployed_and_watched() {
        let pending =
            serde_json::to_string(&detail("pending", &[("n1", "waiting")], false)).unwrap();
        let serving =
            serde_json::to_string(&detail("serving", &[("n1", "serving")], true)).unwrap();
        let (client, server) = play(vec![
            ok("GET /restapis?limit=500", r#"{"item":[]}"#),
            ok("POST /restapis?mode=import&gatewright=adapt&backend=http%3A%2F%2Fb", API),
            created(),
            ok(
                "GET /gatewright/v1/restapis/aaaaaaaaaa/stages/prod/releases/7/watch?timeoutMs=9000",
                format!("{pending}\n\n{serving}\n"),
            ),
        ])
        .await;
        let file = document();
        let mut args = args(&["--backend", "http://b", "--wait", "--timeout", "9"]);
        args.file = file.path().to_owned();
        deploy(&client, &args, QUIET).await.unwrap();
        let bodies = server.await.unwrap();
        assert!(bodies[1].contains("title: Pets"));
        assert!(bodies[2].contains(r#""stageName":"prod""#), "{}", bodies[2]);
    }

    #[tokio::test]
    async fn where_a_backend_is_missing_its_flag_is_named() {
        let body = "{\"message\":\"Operations without an integration need a backend: none\"}";
        let (client, server) = play(vec![
            ok("GET /restapis?limit=500", r#"{"item":[]}"#),
            Answer {
                expects: "POST /restapis?mode=import&gatewright=adapt",
                head: "400 Bad Request\r\n",
                body: body.into(),
            },
        ])
        .await;
        let file = document();
        let args = DeployArgs { file: file.path().to_owned(), ..args(&[]) };
        let error = deploy(&client, &args, QUIET).await.unwrap_err();
        assert!(error.to_string().contains("next: give its address with --backend"), "{error}");
        server.await.unwrap();
    }

    #[tokio::test]
    async fn a_known_api_is_replaced_and_a_rejection_is_told() {
        let rejected = serde_json::to_string(&detail("rejected", &[("n2", "rejected")], true));
        let (client, server) = play(vec![
            ok("GET /restapis?limit=500", format!(r#"{{"item":[{API}]}}"#)),
            ok("GET /restapis/aaaaaaaaaa/stages", r#"{"item":[]}"#),
            ok("PUT /restapis/aaaaaaaaaa?mode=overwrite&gatewright=adapt", API),
            created(),
            ok("GET /gatewright/v1/restapis/aaaaaaaaaa/stages/prod/releases/7", rejected.unwrap()),
        ])
        .await;
        let file = document();
        let args = DeployArgs { file: file.path().to_owned(), ..args(&[]) };
        let error = deploy(&client, &args, QUIET).await.unwrap_err();
        assert_eq!(error.kind.exit_code(), 5, "{error}");
        server.await.unwrap();
    }

    #[tokio::test]
    async fn a_new_api_whose_first_release_is_rejected_is_removed() {
        let rejected =
            serde_json::to_string(&detail("rejected", &[("n2", "rejected")], true)).unwrap();
        let gone = "DELETE /restapis/aaaaaaaaaa";
        for (head, told) in [
            ("202 Accepted\r\n", "note: the new API Pets (aaaaaaaaaa) is removed again"),
            ("503 Service Unavailable\r\n", "note: the new API Pets (aaaaaaaaaa) stays"),
        ] {
            let (client, server) = play(vec![
                ok("GET /restapis?limit=500", r#"{"item":[]}"#),
                ok("POST /restapis?mode=import&gatewright=adapt", API),
                created(),
                ok(
                    "GET /gatewright/v1/restapis/aaaaaaaaaa/stages/prod/releases/7",
                    rejected.clone(),
                ),
                Answer { expects: gone, head, body: String::new() },
            ])
            .await;
            let file = document();
            let args = DeployArgs { file: file.path().to_owned(), ..args(&[]) };
            let error = deploy(&client, &args, QUIET).await.unwrap_err();
            assert_eq!(error.kind.exit_code(), 5, "{error}");
            assert!(error.to_string().contains(told), "{error}");
            server.await.unwrap();
        }
    }

    #[test]
    fn adaptations_are_summed_up_or_listed() {
        let one = |kind: &str, place: &str| Adaptation {
            kind: kind.into(),
            place: place.into(),
            detail: "done".into(),
        };
        let all = [one("integration", "GET /a"), one("integration", "GET /b"), one("size", "api")];
        let lines = adaptation_lines(&all, false);
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[0], "3 adaptations (--verbose lists them):");
        assert_eq!(adaptation_lines(&all[..1], false)[0], "1 adaptation (--verbose tells it):");
        assert_eq!(lines[1], "  2 × integration, such as GET /a: done");
        assert_eq!(adaptation_lines(&all, true).len(), 3);
        assert!(adaptation_lines(&[], true).is_empty());
    }
}
