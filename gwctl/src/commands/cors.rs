//! `cors`: who may call an API from pages of other origins.

use clap::Args;
use gw_wire::gatewright::{ApiCors, CorsAnswers, PutCors, ResourceCors};

use super::dash;
use crate::api;
use crate::client::{Body, Client, Path};
use crate::error::{Error, Result};
use crate::output::{Output, render, table};

/// Without --origins or --remove the settings are shown.
#[derive(Debug, Default, Args)]
pub(crate) struct CorsArgs {
    /// The API, by id or name
    api: String,
    /// One resource, by its path
    #[arg(long, value_name = "PATH", conflicts_with = "all")]
    path: Option<String>,
    /// Every resource that has methods
    #[arg(long)]
    all: bool,
    /// `*`, or the origins of the pages that may call, such as https://app.example
    #[arg(long, value_name = "ORIGIN", value_delimiter = ',', num_args = 1..)]
    origins: Vec<String>,
    /// The verbs that pages may use; those that the resource has by default
    #[arg(long, value_name = "VERB", value_delimiter = ',', num_args = 1.., requires = "origins")]
    methods: Vec<String>,
    /// The request headers that pages may send; those of AWS's console by default
    #[arg(long, value_name = "NAME", value_delimiter = ',', num_args = 1.., requires = "origins")]
    headers: Vec<String>,
    /// The response headers that scripts may read
    #[arg(long, value_name = "NAME", value_delimiter = ',', num_args = 1.., requires = "origins")]
    expose_headers: Vec<String>,
    /// How long browsers may keep what they were told, in seconds
    #[arg(long, value_name = "SECONDS", requires = "origins")]
    max_age: Option<u32>,
    /// Let browsers send cookies and the like
    #[arg(long, requires = "origins")]
    credentials: bool,
    /// Do it for the answers that the gateway gives on its own behalf too
    #[arg(long)]
    gateway_responses: bool,
    /// Take the settings away
    #[arg(long, conflicts_with = "origins")]
    remove: bool,
}

impl CorsArgs {
    fn request(&self) -> PutCors {
        let some = |list: &Vec<String>| (!list.is_empty()).then(|| list.clone());
        PutCors {
            allow_origins: self.origins.clone(),
            allow_methods: some(&self.methods),
            allow_headers: some(&self.headers),
            expose_headers: self.expose_headers.clone(),
            max_age_seconds: self.max_age,
            allow_credentials: self.credentials,
            gateway_responses: self.gateway_responses,
        }
    }
}

/// Shows, sets or takes away CORS settings.
pub(crate) async fn cors(client: &Client, args: &CorsArgs, out: Output) -> Result<()> {
    let changes = args.remove || !args.origins.is_empty();
    if changes && !args.all && args.path.is_none() {
        return Err(Error::usage("which resources?").hint("name one with --path, or say --all"));
    }
    if args.gateway_responses && !changes {
        return Err(Error::usage("--gateway-responses goes with --origins or --remove"));
    }
    let id = api::api(client, &args.api).await?.id;
    let path = match &args.path {
        Some(path) => {
            let resource = resource(client, &id, path).await?;
            Path::own(&["restapis", &id, "resources", &resource, "cors"])
        }
        None => Path::own(&["restapis", &id, "cors"]),
    };
    let told: ApiCors = if args.remove {
        let path = path.with_some("gatewayResponses", args.gateway_responses.then_some("true"));
        client.delete(path).await?
    } else if changes {
        client.put(path, Body::json(&args.request())?).await?
    } else {
        client.get(path).await?
    };
    if changes {
        for resource in &told.resources {
            for note in notes(resource) {
                out.note(&note);
            }
        }
        out.note("stages follow once the API is deployed again");
    }
    out.data(&told, rows)
}

/// The id of the resource at a path.
async fn resource(client: &Client, api: &str, path: &str) -> Result<String> {
    let all = api::resources(client, api).await?;
    let wanted = if path == "/" { path } else { path.trim_end_matches('/') };
    match all.iter().find(|resource| resource.path == wanted) {
        Some(found) => Ok(found.id.clone()),
        None => {
            let mut paths: Vec<_> = all.iter().map(|resource| resource.path.as_str()).collect();
            paths.sort_unstable();
            let more = if paths.len() > 10 { ", ..." } else { "" };
            paths.truncate(10);
            Err(Error::refused(format!("the API has no resource `{path}`"))
                .hint(format!("it has {}{more}", paths.join(", "))))
        }
    }
}

/// What is left to do by hand.
fn notes(resource: &ResourceCors) -> Vec<String> {
    if resource.cors.is_none() {
        return Vec::new();
    }
    let verbs = |answers: CorsAnswers| {
        let verbs = resource.methods.iter().filter(|(_, a)| **a == answers);
        verbs.map(|(verb, _)| verb.as_str()).collect::<Vec<_>>().join(", ")
    };
    let told = [
        (CorsAnswers::Backend, "the backend must send Access-Control-Allow-Origin itself"),
        (CorsAnswers::NoResponse, "there is no integration response 200 to set the header on"),
        (
            CorsAnswers::FirstOriginOnly,
            "answers name the first origin only; a response template would choose",
        ),
    ];
    told.iter()
        .map(|(answers, text)| (verbs(*answers), text))
        .filter(|(verbs, _)| !verbs.is_empty())
        .map(|(verbs, text)| format!("{} {verbs}: {text}", resource.path))
        .collect()
}

fn rows(told: &ApiCors) -> String {
    let mut table = table(&["path", "origins", "methods", "credentials", "max age", "set by"]);
    for resource in &told.resources {
        let cors = resource.cors.as_ref();
        let list = |list: Option<&Vec<String>>| list.map(|l| l.join(",")).unwrap_or_default();
        let (origins, methods) =
            (list(cors.map(|c| &c.allow_origins)), list(cors.map(|c| &c.allow_methods)));
        let age = cors.and_then(|c| c.max_age_seconds).map(|age| age.to_string());
        let by: Vec<_> = resource
            .methods
            .iter()
            .map(|(verb, answers)| format!("{verb} {}", word(*answers)))
            .collect();
        table.add_row([
            resource.path.as_str(),
            dash(Some(&origins)),
            dash(Some(&methods)),
            match cors {
                Some(cors) if cors.allow_credentials => "yes",
                Some(_) => "no",
                None => "-",
            },
            dash(age.as_deref()),
            dash(Some(&by.join(", "))),
        ]);
    }
    let text = render(&table);
    if told.gateway_responses.is_empty() {
        return text;
    }
    format!("{text}\ngateway responses: {}", told.gateway_responses.join(", "))
}

fn word(answers: CorsAnswers) -> &'static str {
    match answers {
        CorsAnswers::Gateway => "gateway",
        CorsAnswers::Backend => "backend",
        CorsAnswers::NoResponse => "(no response 200)",
        CorsAnswers::FirstOriginOnly => "gateway (first origin)",
        CorsAnswers::Nobody => "nobody",
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::client::script::{ok, play};
    use crate::output::Format;

    const OUT: Output = Output { format: Format::Json, quiet: true };
    const APIS: &str = r#"{"item":[{"id":"a1","name":"pets","createdDate":1700000000,
        "rootResourceId":"r"}]}"#;
    const RESOURCES: &str = r#"{"item":[{"id":"r1","path":"/"},{"id":"r2","parentId":"r1","pathPart":"x","path":"/x"}]}"#;
    const TOLD: &str = r#"{"resources":[
        {"resourceId":"r1","path":"/","cors":{"allowOrigins":["https://a.example","https://b.example"],
          "allowMethods":["GET","OPTIONS"],"allowHeaders":[],"exposeHeaders":[],
          "maxAgeSeconds":600,"allowCredentials":true},"methods":{"GET":"GATEWAY"}},
        {"resourceId":"r2","path":"/x","methods":{"ANY":"BACKEND","GET":"NO_RESPONSE"}}],
        "gatewayResponses":["DEFAULT_4XX","DEFAULT_5XX"]}"#;

    fn args() -> CorsArgs {
        CorsArgs { api: "pets".into(), ..CorsArgs::default() }
    }

    #[tokio::test]
    async fn a_path_leads_to_its_resource() {
        let script = vec![
            ok("GET /restapis?limit=500", APIS),
            ok("GET /restapis/a1/resources?limit=500", RESOURCES),
            ok("PUT /gatewright/v1/restapis/a1/resources/r2/cors", TOLD),
        ];
        let (client, sent) = play(script).await;
        let args = CorsArgs {
            path: Some("/x/".into()),
            origins: vec!["*".into()],
            headers: vec!["X-A".into()],
            max_age: Some(5),
            ..args()
        };
        cors(&client, &args, OUT).await.unwrap();
        let sent: serde_json::Value = serde_json::from_str(&sent.await.unwrap()[2]).unwrap();
        let expected = serde_json::json!({
            "allowOrigins": ["*"], "allowHeaders": ["X-A"], "maxAgeSeconds": 5,
            "allowCredentials": false, "gatewayResponses": false,
        });
        assert_eq!(sent, expected);
    }

    #[tokio::test]
    async fn removing_and_showing() {
        let script = vec![
            ok("GET /restapis?limit=500", APIS),
            ok("DELETE /gatewright/v1/restapis/a1/cors?gatewayResponses=true", TOLD),
        ];
        let (client, sent) = play(script).await;
        let args_of = CorsArgs { all: true, remove: true, gateway_responses: true, ..args() };
        cors(&client, &args_of, OUT).await.unwrap();
        sent.await.unwrap();
        let script = vec![
            ok("GET /restapis?limit=500", APIS),
            ok("GET /gatewright/v1/restapis/a1/cors", TOLD),
        ];
        let (client, sent) = play(script).await;
        cors(&client, &args(), OUT).await.unwrap();
        sent.await.unwrap();
    }

    #[tokio::test]
    async fn what_is_unclear_is_asked_before_any_call() {
        let (client, server) = play(vec![]).await;
        let vague = CorsArgs { origins: vec!["*".into()], ..args() };
        let error = cors(&client, &vague, OUT).await.unwrap_err();
        assert_eq!(error.message(), "which resources?");
        let odd = CorsArgs { gateway_responses: true, ..args() };
        assert!(cors(&client, &odd, OUT).await.is_err());
        server.await.unwrap();
        let script = vec![
            ok("GET /restapis?limit=500", APIS),
            ok("GET /restapis/a1/resources?limit=500", RESOURCES),
        ];
        let (client, _) = play(script).await;
        let unknown = CorsArgs { path: Some("/y".into()), remove: true, ..args() };
        let error = cors(&client, &unknown, OUT).await.unwrap_err().to_string();
        assert_eq!(error, "error: the API has no resource `/y`\nnext: it has /, /x");
    }

    #[test]
    fn the_table() {
        let told: ApiCors = serde_json::from_str(TOLD).unwrap();
        let expected = "\
PATH  ORIGINS                              METHODS      CREDENTIALS  MAX AGE  SET BY
/     https://a.example,https://b.example  GET,OPTIONS  yes          600      GET gateway
/x    -                                    -            -            -        ANY backend, GET (no response 200)
gateway responses: DEFAULT_4XX, DEFAULT_5XX";
        assert_eq!(rows(&told), expected);
        let mut with = told.resources[1].clone();
        with.cors.clone_from(&told.resources[0].cors);
        let notes = notes(&with);
        assert_eq!(notes.len(), 2);
        assert!(notes[0].starts_with("/x ANY: the backend must send"), "{notes:?}");
    }
}
