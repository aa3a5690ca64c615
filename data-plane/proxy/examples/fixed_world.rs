//! A serving core without a fleet: one API with an HTTP_PROXY (`/p/proxy`)
//! and a MOCK (`/p/mock`), for profiles and quick comparisons.
//!
//! `fixed_world 127.0.0.1:8080 http://127.0.0.1:9000/hello`, then ask for
//! `/_aws/execute-api/abc/p/proxy`. A third argument `bare` leaves the gateway
//! out: front and client alone.

use std::{
    collections::BTreeMap,
    error::Error,
    net::SocketAddr,
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use gw_listen::{Settings, Workers};
use gw_model::{
    Api, HttpMethod, Integration, IntegrationResponse, IntegrationType, Method, Release,
    ReleaseNumber, Resource, RestApi, Scope, StageKey, StageSettings, encode,
};
use gw_pipeline::{Config, ConnInfo, CoreState, Counters, ResponseBody, SharedWorld};
use gw_snapshot::{CompiledStage, Limits, World, compile};
use gw_upstream::TlsOptions;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

struct Front(CoreState);

/// Passes requests on as they are: what the engine costs without a gateway.
struct Bare(gw_upstream::Client, gw_upstream::Target);

impl gw_listen::Handler for Bare {
    type Body = Answer;

    async fn call(
        &self,
        request: http::Request<hyper::body::Incoming>,
        _info: Rc<gw_listen::ConnInfo>,
    ) -> http::Response<Answer> {
        let (mut parts, body) = request.into_parts();
        parts.uri = http::Uri::from_static("/hello");
        let request = http::Request::from_parts(parts, gw_upstream::Body::from(body));
        match self.0.send(&self.1, request, &gw_upstream::Timeouts::default()).await {
            Ok(response) => response.map(|body| Answer(Some(body))),
            Err(error) => {
                eprintln!("{error}");
                let mut failed = http::Response::new(Answer(None));
                *failed.status_mut() = http::StatusCode::BAD_GATEWAY;
                failed
            }
        }
    }
}

/// A backend's body, or none.
#[derive(Default)]
struct Answer(Option<gw_upstream::ResponseBody>);

impl http_body::Body for Answer {
    type Data = bytes::Bytes;
    type Error = gw_upstream::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<bytes::Bytes>, gw_upstream::Error>>> {
        match &mut self.0 {
            Some(body) => Pin::new(body).poll_frame(cx),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(http_body::Body::is_end_stream)
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.0
            .as_ref()
            .map_or_else(|| http_body::SizeHint::with_exact(0), http_body::Body::size_hint)
    }
}

impl gw_listen::Handler for Front {
    type Body = ResponseBody;

    async fn call(
        &self,
        request: http::Request<hyper::body::Incoming>,
        info: Rc<gw_listen::ConnInfo>,
    ) -> http::Response<ResponseBody> {
        let conn = ConnInfo::new(info.peer, info.local, info.tls);
        gw_pipeline::handle(&self.0, request, &conn).await
    }
}

fn integration(path: &str, integration: Integration) -> (String, Resource) {
    let method = Method { integration: Some(integration), ..Method::default() };
    let resource = Resource {
        parent_id: None,
        path_part: String::new(),
        path: path.to_owned(),
        methods: BTreeMap::from([(HttpMethod::Get, method)]),
    };
    (format!("r{}", path.replace('/', "-")), resource)
}

fn stage(backend: &str) -> Result<CompiledStage, Box<dyn Error>> {
    let mut proxy = Integration::of_kind(IntegrationType::HttpProxy);
    proxy.uri = Some(backend.to_owned());
    proxy.http_method = Some("GET".to_owned());
    let mut mock = Integration::of_kind(IntegrationType::Mock);
    let json = || "application/json".to_owned();
    mock.request_templates.insert(json(), Some("{\"statusCode\": 200}".to_owned()));
    let mut answer = IntegrationResponse::default();
    answer.response_templates.insert(json(), Some("{\"hello\":\"world\"}".to_owned()));
    mock.responses.insert("200".to_owned(), answer);
    let mut api: RestApi = serde_json::from_str(r#"{"id":"abc","name":"fixed","resources":{}}"#)?;
    for (id, resource) in [integration("/proxy", proxy), integration("/mock", mock)] {
        api.resources.insert(id.as_str().into(), resource);
    }
    let api = Api::Rest(api);
    let release = Release {
        number: ReleaseNumber(1),
        deployment_id: "dep001".into(),
        deployment: encode::encode(&api).digest,
        variables: BTreeMap::new(),
        canary: None,
        settings: StageSettings::default(),
    };
    let scope = Scope::new("000000000000", "us-east-1");
    let key = StageKey { scope, api: "abc".into(), stage: "p".into() };
    let compiled = Arc::new(compile(&api, &Limits::default()).map_err(|f| format!("{f:?}"))?);
    CompiledStage::bind(&key, &release, |_| Some(Arc::clone(&compiled)))
        .map_err(|error| format!("{error:?}").into())
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let listen: SocketAddr = args.next().ok_or("an address to listen on")?.parse()?;
    let backend = args.next().ok_or("a backend's address")?;
    let settings = Settings { cores: 1, plain: vec![listen], ..Settings::default() };
    if args.next().as_deref() == Some("bare") {
        let target = gw_upstream::Target::from_uri(&backend.parse()?, TlsOptions::default())?;
        let _workers = Workers::start(settings, move |_core| {
            let client = gw_upstream::Client::new(&gw_upstream::Config::default())?;
            Ok(Bare(client, target.clone()))
        })?;
        serve_forever();
    }
    let stage = stage(&backend)?;
    let world = Arc::new(SharedWorld::new(World::default().with([Arc::new(stage)], [])));
    let config = Arc::new(Config::default());
    let workers = Workers::start(settings, move |_core| {
        let client = gw_upstream::Client::new(&gw_upstream::Config::default())?;
        let counters = Arc::new(Counters::default());
        Ok(Front(CoreState::new(Arc::clone(&config), Arc::clone(&world), client, counters)))
    })?;
    println!("serving on {:?}", workers.plain_addresses());
    serve_forever()
}

fn serve_forever() -> ! {
    loop {
        std::thread::sleep(Duration::from_secs(3600));
    }
}
