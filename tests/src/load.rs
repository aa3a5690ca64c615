//! A closed-loop load generator that looks at every answer.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response, header::HOST};
use http_body_util::{BodyExt as _, Empty};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, task::JoinHandle};

/// What the load generator asks for.
#[derive(Debug, Clone)]
pub struct Target {
    /// `host:port` to connect to.
    pub address: String,
    /// The `Host` header.
    pub host: String,
    /// Path and query.
    pub path: String,
}

impl Target {
    /// A target under a base URL such as `http://127.0.0.1:8080`.
    pub fn new(base_url: &str, path: &str) -> Self {
        let address = base_url.trim_start_matches("http://").trim_end_matches('/').to_owned();
        Self { host: address.clone(), address, path: path.to_owned() }
    }
}

/// Decides whether an answer is right; an error names what is wrong with it.
pub type Check = Arc<dyn Fn(&Response<Bytes>) -> Result<(), String> + Send + Sync>;

/// What a load run saw.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Answers that passed the check.
    pub good: u64,
    /// Failed requests and wrong answers.
    pub bad: u64,
    /// The first few failures, for the test's message.
    pub failures: Vec<String>,
}

/// A running load; it ends when [`Load::stop`] is called.
#[derive(Debug)]
pub struct Load {
    stop: Arc<AtomicBool>,
    good: Arc<AtomicU64>,
    tasks: Vec<JoinHandle<Outcome>>,
}

impl Load {
    /// Starts `connections` keep-alive connections to each target. Each sends
    /// its next request when the last one is answered.
    pub fn start(targets: &[Target], connections: usize, check: &Check) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let good = Arc::new(AtomicU64::new(0));
        let tasks = targets
            .iter()
            .flat_map(|target| std::iter::repeat_n(target, connections))
            .map(|target| {
                tokio::spawn(drive(target.clone(), check.clone(), stop.clone(), good.clone()))
            })
            .collect();
        Self { stop, good, tasks }
    }

    /// How many good answers there were so far.
    pub fn good_so_far(&self) -> u64 {
        self.good.load(Ordering::Relaxed)
    }

    /// Ends the load and sums up.
    pub async fn stop(self) -> Outcome {
        self.stop.store(true, Ordering::Relaxed);
        let mut sum = Outcome::default();
        for task in self.tasks {
            let part = task.await.expect("a load task does not panic");
            sum.good += part.good;
            sum.bad += part.bad;
            sum.failures.extend(part.failures);
        }
        sum.failures.truncate(10);
        sum
    }
}

async fn drive(
    target: Target,
    check: Check,
    stop: Arc<AtomicBool>,
    good: Arc<AtomicU64>,
) -> Outcome {
    let mut outcome = Outcome::default();
    let mut connection = None;
    while !stop.load(Ordering::Relaxed) {
        let result = match one(&target, &mut connection).await {
            Ok(response) => check(&response),
            Err(error) => {
                connection = None;
                Err(error)
            }
        };
        match result {
            Ok(()) => {
                outcome.good += 1;
                good.fetch_add(1, Ordering::Relaxed);
            }
            Err(failure) => {
                outcome.bad += 1;
                if outcome.failures.len() < 10 {
                    outcome.failures.push(failure);
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    }
    outcome
}

type Sender = http1::SendRequest<Empty<Bytes>>;

/// Sends one request over the kept connection, opening it where there is none.
async fn one(target: &Target, connection: &mut Option<Sender>) -> Result<Response<Bytes>, String> {
    let mut sender = match connection.take() {
        Some(sender) if !sender.is_closed() => sender,
        _ => connect(&target.address).await?,
    };
    let request = Request::get(&target.path)
        .header(HOST, &target.host)
        .body(Empty::new())
        .map_err(|error| error.to_string())?;
    let answer = async {
        let (head, body) = sender.send_request(request).await?.into_parts();
        Ok::<_, hyper::Error>(Response::from_parts(head, body.collect().await?.to_bytes()))
    };
    let response = tokio::time::timeout(Duration::from_secs(30), answer)
        .await
        .map_err(|_| "no answer within 30 s".to_owned())?
        .map_err(|error| format!("{error} ({error:?})"))?;
    let closing = response.headers().get("connection").is_some_and(|value| value == "close");
    if !closing && sender.ready().await.is_ok() {
        *connection = Some(sender);
    }
    Ok(response)
}

async fn connect(address: &str) -> Result<Sender, String> {
    let stream = TcpStream::connect(address).await.map_err(|error| format!("connect: {error}"))?;
    stream.set_nodelay(true).map_err(|error| error.to_string())?;
    let (sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
    tokio::spawn(async move {
        // The sender learns of a broken connection by itself.
        let _ended = connection.await;
    });
    Ok(sender)
}

/// One GET, outside of any load.
///
/// # Errors
/// When there is no answer.
pub async fn get(base_url: &str, path: &str) -> Result<Response<Bytes>, String> {
    one(&Target::new(base_url, path), &mut None).await
}
