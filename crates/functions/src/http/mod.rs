//! The Lambda API towards callers: listening, and which call is which.

mod invoke;
mod read;
mod refusal;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use percent_encoding::percent_decode_str;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::invoke::Service;
use crate::queue::Queue;

pub(crate) use refusal::Refusal;

/// How many callers at once.
const CONNECTIONS: usize = 1024;

/// How long a caller may take for the head of a request, also between two.
const HEAD: Duration = Duration::from_secs(75);

/// What a caller gets.
type Answer = Response<UnsyncBoxBody<Bytes, Infallible>>;

/// What calls are answered from.
#[derive(Debug, Clone)]
pub(crate) struct Front {
    pub(crate) service: Arc<Service>,
    pub(crate) queue: Arc<Queue>,
}

/// Answers calls until everything ends.
pub(crate) async fn serve(listener: TcpListener, front: Front) {
    let stop = front.service.home.stop.clone();
    let tracker = front.service.home.tracker.clone();
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(place) = room.clone().acquire_owned().await else { return };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => return,
        };
        let Ok((stream, _)) = accepted else {
            // Too many open files, most likely.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        stream.set_nodelay(true).ok();
        let (front, stop) = (front.clone(), stop.clone());
        tracker.spawn(async move {
            let service = service_fn(|request| {
                let front = front.clone();
                async move { Ok::<_, Infallible>(answer(&front, request).await) }
            });
            let mut builder = http1::Builder::new();
            builder.timer(TokioTimer::new()).header_read_timeout(HEAD);
            let connection = builder.serve_connection(TokioIo::new(stream), service);
            let mut connection = std::pin::pin!(connection);
            tokio::select! {
                _ = connection.as_mut() => {}
                () = stop.cancelled() => {
                    // Who waits for an answer gets the one that says so.
                    connection.as_mut().graceful_shutdown();
                    tokio::time::timeout(Duration::from_secs(3), connection).await.ok();
                }
            }
            drop(place);
        });
    }
}

async fn answer(front: &Front, request: Request<Incoming>) -> Answer {
    let id = uuid::Uuid::new_v4().to_string();
    let mut answer = match route(front, request, &id).await {
        Ok(answer) => answer,
        Err(refusal) => refusal.answer(),
    };
    if let Ok(value) = HeaderValue::from_str(&id) {
        answer.headers_mut().insert("x-amzn-requestid", value);
    }
    answer
}

async fn route(front: &Front, request: Request<Incoming>, id: &str) -> Result<Answer, Refusal> {
    let path = request.uri().path().to_owned();
    let Some(parts) = segments(&path) else { return Err(Refusal::Unknown) };
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let method = request.method().clone();
    match (&method, parts.as_slice()) {
        (&Method::POST, ["2015-03-31", "functions", name, "invocations"]) => {
            invoke::invoke(front, name, request, id).await
        }
        (&Method::POST, ["2021-11-15", "functions", name, "response-streaming-invocations"]) => {
            invoke::stream(front, name, request, id).await
        }
        (&Method::POST, ["2014-11-13", "functions", name, "invoke-async"]) => {
            invoke::invoke_async(front, name, request, id).await
        }
        (&Method::GET, parts) => read::read(&front.service, parts, request.uri().query()),
        _ => Err(Refusal::Unknown),
    }
}

/// The segments of a path, decoded; a slash at its end makes none.
fn segments(path: &str) -> Option<Vec<String>> {
    let path = path.strip_prefix('/')?;
    let path = path.strip_suffix('/').unwrap_or(path);
    path.split('/')
        .map(|segment| percent_decode_str(segment).decode_utf8().ok().map(Into::into))
        .collect()
}

/// The value of a query parameter, decoded.
fn parameter(query: Option<&str>, name: &str) -> Option<String> {
    let mut pairs = query?.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let (_, value) = pairs.find(|(key, _)| *key == name)?;
    Some(percent_decode_str(value).decode_utf8_lossy().into_owned())
}

fn whole(status: StatusCode, media_type: &'static str, body: Bytes) -> Answer {
    let body = Full::new(body).map_err(|never| match never {}).boxed_unsync();
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    let media_type = HeaderValue::from_static(media_type);
    answer.headers_mut().insert(http::header::CONTENT_TYPE, media_type);
    answer
}

fn json(status: StatusCode, value: &serde_json::Value) -> Answer {
    whole(status, "application/json", Bytes::from(value.to_string()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn paths_and_queries_are_decoded() {
        let arn = "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A1%3Afunction%3Af/x/";
        assert_eq!(segments(arn).unwrap()[2], "arn:aws:lambda:us-east-1:1:function:f");
        assert_eq!(segments(arn).unwrap().len(), 4);
        assert_eq!(segments("/%ff"), None);
        assert_eq!(segments("*"), None);
        let query = Some("a=1&Qualifier=%24LATEST&b");
        assert_eq!(parameter(query, "Qualifier").as_deref(), Some("$LATEST"));
        assert_eq!(parameter(query, "b").as_deref(), Some(""));
        assert_eq!(parameter(query, "c"), None);
    }
}
