//! A client that counts the operations that succeeded, and a caller of nodes.

use std::{
    collections::BTreeSet,
    env,
    sync::{Arc, Mutex},
};

use aws_sdk_apigateway::{
    Client,
    config::{
        BehaviorVersion, ConfigBag, Credentials, Intercept, Region, RuntimeComponents,
        retry::RetryConfig,
    },
    types::{Op, PatchOperation},
};
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{interceptors::context::FinalizerInterceptorContextRef, orchestrator::Metadata},
};
use http_body_util::{BodyExt as _, Empty};
use hyper::{Request, body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// What a chapter ends with.
pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// What nodes answer to requests that they do not let in.
pub(crate) const FORBIDDEN: (u16, &str) = (403, r#"{"message":"Forbidden"}"#);

/// Where the story takes place.
pub(crate) struct Story {
    pub(crate) sdk: Client,
    pub(crate) region: String,
    traffic: String,
    used: Arc<Mutex<BTreeSet<String>>>,
}

/// Notes the names of operations.
#[derive(Debug)]
struct Count(Arc<Mutex<BTreeSet<String>>>);

impl Intercept for Count {
    fn name(&self) -> &'static str {
        "Count"
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> std::result::Result<(), BoxError> {
        if context.output_or_error().is_some_and(|outcome| outcome.is_ok())
            && let Some(metadata) = bag.load::<Metadata>()
        {
            self.0.lock().unwrap().insert(metadata.name().to_owned());
        }
        Ok(())
    }
}

impl Story {
    pub(crate) fn from_environment() -> Result<Self> {
        let used = Arc::default();
        let region = env::var("AWS_DEFAULT_REGION")?;
        let credentials = Credentials::new(
            env::var("AWS_ACCESS_KEY_ID")?,
            env::var("AWS_SECRET_ACCESS_KEY")?,
            None,
            None,
            "environment",
        );
        let config = aws_sdk_apigateway::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(region.clone()))
            .endpoint_url(env::var("AWS_ENDPOINT_URL")?)
            .credentials_provider(credentials)
            .retry_config(RetryConfig::disabled())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .interceptor(Count(Arc::clone(&used)))
            .build();
        let traffic = env::var("GATEWRIGHT_TRAFFIC_URL")?;
        let traffic = traffic.strip_prefix("http://").ok_or("traffic is not HTTP")?.to_owned();
        Ok(Self { sdk: Client::from_conf(config), region, traffic, used })
    }

    /// The names of the operations that have succeeded so far.
    pub(crate) fn used(&self) -> BTreeSet<String> {
        self.used.lock().unwrap().clone()
    }

    /// The ARN of what this path names.
    pub(crate) fn arn(&self, path: &str) -> String {
        format!("arn:aws:apigateway:{}::{path}", self.region)
    }

    /// A node's answer to `GET`.
    pub(crate) async fn get(&self, path: &str, header: (&str, &str)) -> Result<(u16, String)> {
        let stream = TcpStream::connect(&self.traffic).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let mut request = Request::get(path).header(header.0, header.1);
        if header.0 != "host" {
            request = request.header("host", &self.traffic);
        }
        let answer = sender.send_request(request.body(Empty::<Bytes>::new())?).await?;
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await?.to_bytes();
        Ok((status, String::from_utf8(body.to_vec())?))
    }

    /// Nodes answer like this to requests of the API.
    pub(crate) async fn met(&self, api: &str, path: &str, expected: (u16, &str)) -> Result<()> {
        self.met_with(api, path, ("accept", "*/*"), expected).await
    }

    /// The same for requests with that header.
    pub(crate) async fn met_with(
        &self,
        api: &str,
        path: &str,
        header: (&str, &str),
        expected: (u16, &str),
    ) -> Result<()> {
        let (status, text) = self.get(&format!("/_aws/execute-api/{api}/{path}"), header).await?;
        assert_eq!((status, text.as_str()), expected, "{path}");
        Ok(())
    }
}

/// A patch operation.
pub(crate) fn patch(op: Op, path: &str, value: &str) -> PatchOperation {
    PatchOperation::builder().op(op).path(path).value(value).build()
}

/// The patch operation that sets a value.
pub(crate) fn replace(path: &str, value: &str) -> PatchOperation {
    patch(Op::Replace, path, value)
}
