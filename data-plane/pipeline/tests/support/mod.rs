//! A gateway core and an echo backend on loopback, in one thread.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

pub mod lambda;

use std::{
    cell::RefCell, collections::BTreeMap, convert::Infallible, net::SocketAddr, rc::Rc, sync::Arc,
};

use bytes::Bytes;
use gw_model::{
    Api, HttpMethod, Integration, IntegrationResponse, IntegrationType, Method, Release,
    ReleaseNumber, Resource, RestApi, Scope, StageKey, StageSettings, encode,
};
use gw_pipeline::{Config, ConnInfo, CoreState, Counters, SharedWorld};
use gw_snapshot::{CompiledStage, Limits, World, compile};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// A method whose integration is changed.
pub fn with(mut method: Method, change: impl FnOnce(&mut Integration)) -> Method {
    change(method.integration.as_mut().unwrap());
    method
}

/// What the backend saw.
#[derive(Debug, Clone)]
pub struct Seen {
    pub method: http::Method,
    pub uri: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

pub type Log = Rc<RefCell<Vec<Seen>>>;

/// What a client got.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

/// Runs a test on a core's kind of runtime.
pub fn on_core<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, test)
}

/// A backend that notes what it sees and answers by `respond`.
pub async fn backend(
    respond: impl Fn(&Seen) -> Response<Full<Bytes>> + 'static,
) -> (SocketAddr, Log) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let log = Log::default();
    let (seen, respond) = (Rc::clone(&log), Rc::new(respond));
    tokio::task::spawn_local(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (seen, respond) = (Rc::clone(&seen), Rc::clone(&respond));
            let service = service_fn(move |request: Request<Incoming>| {
                let (seen, respond) = (Rc::clone(&seen), Rc::clone(&respond));
                async move {
                    let (head, body) = request.into_parts();
                    let body = body.collect().await.map(|b| b.to_bytes()).unwrap_or_default();
                    let uri = head.uri.to_string();
                    let entry = Seen { method: head.method, uri, headers: head.headers, body };
                    let response = respond(&entry);
                    seen.borrow_mut().push(entry);
                    Ok::<_, Infallible>(response)
                }
            });
            tokio::task::spawn_local(async move {
                let http = hyper::server::conn::http1::Builder::new();
                let _ = http.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    (address, log)
}

/// A backend that says "ok".
pub async fn echo() -> (SocketAddr, Log) {
    backend(|_| Response::new(Full::from("ok"))).await
}

/// A backend that speaks raw bytes.
pub async fn raw_backend(answer: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::task::spawn_local(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::task::spawn_local(async move {
                let mut buffer = [0; 4096];
                if stream.read(&mut buffer).await.is_ok() && !answer.is_empty() {
                    let _ = stream.write_all(answer).await;
                } else {
                    // Says nothing for longer than any test's timeout.
                    let _ = stream.read(&mut buffer).await;
                }
            });
        }
    });
    address
}

/// A gateway on a free port.
pub struct Gateway {
    pub address: SocketAddr,
    pub world: Arc<SharedWorld>,
    pub counters: Arc<Counters>,
}

impl Gateway {
    pub async fn start(stages: Vec<CompiledStage>) -> Self {
        Self::with_config(stages, Config::default()).await
    }

    pub async fn with_config(stages: Vec<CompiledStage>, config: Config) -> Self {
        let world = World::default().with(stages.into_iter().map(Arc::new), []);
        let world = Arc::new(SharedWorld::new(world));
        let counters = Arc::new(Counters::default());
        let client = gw_upstream::Client::new(&gw_upstream::Config::default()).unwrap();
        let core = Rc::new(CoreState::new(
            Arc::new(config),
            Arc::clone(&world),
            client,
            Arc::clone(&counters),
        ));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::task::spawn_local(async move {
            while let Ok((stream, peer)) = listener.accept().await {
                let core = Rc::clone(&core);
                let info = ConnInfo::new(peer, address, false);
                let service = service_fn(move |request| {
                    let core = Rc::clone(&core);
                    async move { Ok::<_, Infallible>(gw_pipeline::handle(&core, request, &info).await) }
                });
                tokio::task::spawn_local(async move {
                    let mut http = hyper_util::server::conn::auto::Builder::new(OnThisCore);
                    http.http1().max_buf_size(64 * 1024);
                    let _ = http.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Self { address, world, counters }
    }

    /// Sends `GET` to the stage `prod` of the API `abc`.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(request("GET", path).body(Full::default()).unwrap()).await
    }

    pub async fn send<B>(&self, request: Request<B>) -> Answer
    where
        B: http_body::Body<Data = Bytes, Error: std::error::Error + Send + Sync> + 'static,
    {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::task::spawn_local(connection);
        let (head, body) = sender.send_request(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer { status: head.status, headers: head.headers, body }
    }
}

/// Runs the streams of HTTP/2 where they are.
#[derive(Clone, Copy)]
pub struct OnThisCore;

impl<F: Future<Output = ()> + 'static> hyper::rt::Executor<F> for OnThisCore {
    fn execute(&self, future: F) {
        tokio::task::spawn_local(future);
    }
}

/// A request to the stage `prod` of the API `abc`; `path` starts behind it.
pub fn request(method: &str, path: &str) -> http::request::Builder {
    Request::builder()
        .method(method)
        .uri(format!("/prod{path}"))
        .header("host", "abc.execute-api.localhost")
}

/// An API `abc` from paths with their methods.
pub fn api(methods: Vec<(&str, HttpMethod, Method)>) -> RestApi {
    let mut api = RestApi::new("abc".into(), "test");
    for (path, verb, method) in methods {
        let id = format!("r{}", path.replace('/', "-"));
        let entry = api.resources.entry(id.as_str().into()).or_insert_with(|| Resource {
            parent_id: None,
            path_part: String::new(),
            path: path.to_owned(),
            methods: BTreeMap::new(),
        });
        entry.methods.insert(verb, method);
    }
    api
}

pub fn http_proxy(uri: impl Into<String>, parameters: &[(&str, &str)]) -> Method {
    let mut integration = Integration::of_kind(IntegrationType::HttpProxy);
    integration.uri = Some(uri.into());
    integration.http_method = Some("ANY".to_owned());
    integration.request_parameters =
        parameters.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    Method { integration: Some(integration), ..Method::default() }
}

/// A MOCK that answers `status` with a JSON template.
pub fn mock(status: &str, template: &str) -> Method {
    let mut integration = Integration::of_kind(IntegrationType::Mock);
    let request = format!("{{\"statusCode\": {status}}}");
    integration.request_templates.insert("application/json".to_owned(), Some(request));
    let mut response = IntegrationResponse::default();
    response.response_templates.insert("application/json".to_owned(), Some(template.to_owned()));
    integration.responses.insert(status.to_owned(), response);
    Method { integration: Some(integration), ..Method::default() }
}

pub fn release(api: &RestApi) -> Release {
    Release {
        number: ReleaseNumber(7),
        deployment_id: "dep001".into(),
        deployment: digest(api),
        variables: BTreeMap::new(),
        canary: None,
        settings: StageSettings::default(),
    }
}

pub fn digest(api: &RestApi) -> gw_model::Digest {
    encode::encode(&Api::Rest(api.clone())).digest
}

/// The stage `prod` of the first API at `release`, which may name the others.
pub fn bind(apis: &[&RestApi], release: &Release) -> CompiledStage {
    let scope = Scope::new("000000000000", "us-east-1");
    let key = StageKey { scope, api: "abc".into(), stage: "prod".into() };
    CompiledStage::bind(&key, release, |wanted| {
        let found = apis.iter().find(|api| digest(api) == *wanted)?;
        Some(Arc::new(compile(&Api::Rest((*found).clone()), &Limits::default()).unwrap()))
    })
    .unwrap()
}

pub fn stage(api: &RestApi) -> CompiledStage {
    bind(&[api], &release(api))
}
