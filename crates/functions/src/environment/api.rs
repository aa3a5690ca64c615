//! The Runtime API of one environment: HTTP in front of its actor.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{Ask, Asks, Failure, MAX_ANSWER, MAX_STREAM, TRUNCATED, Work, Wrong};

const BASE: &str = "/2018-06-01/runtime/";

/// Listens until dropped.
#[derive(Debug)]
pub(super) struct RuntimeApi {
    pub(super) address: SocketAddr,
    _open: DropGuard,
}

impl RuntimeApi {
    /// Listens on a loopback port; what runtimes ask goes to `asks`.
    pub(super) async fn open(asks: Asks) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let open = CancellationToken::new();
        let closed = open.clone();
        tokio::spawn(async move {
            closed.run_until_cancelled(accept(&listener, &asks, &closed)).await;
        });
        Ok(Self { address, _open: open.drop_guard() })
    }
}

async fn accept(listener: &TcpListener, asks: &Asks, closed: &CancellationToken) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Too many open files, most likely; runtimes keep few connections.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        stream.set_nodelay(true).ok();
        let (asks, closed) = (asks.clone(), closed.clone());
        tokio::spawn(async move {
            let service = service_fn(|request| {
                let asks = asks.clone();
                async move { Ok::<_, Infallible>(answer(request, &asks).await) }
            });
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(None)
                // Lambda's own names, for clients that compare them as they are.
                .title_case_headers(true)
                .serve_connection(TokioIo::new(stream), service);
            closed.run_until_cancelled(connection).await;
        });
    }
}

type Answer = Response<Full<Bytes>>;

async fn answer(request: Request<Incoming>, asks: &Asks) -> Answer {
    let (head, body) = request.into_parts();
    let path = head.uri.path().to_owned();
    let Some(path) = path.strip_prefix(BASE) else { return unknown() };
    match (&head.method, path.split('/').collect::<Vec<_>>().as_slice()) {
        (&Method::GET, ["invocation", "next"]) => next(asks).await,
        (&Method::POST, ["init", "error"]) => init_error(&head.headers, body, asks).await,
        (&Method::POST, ["invocation", id, "response"]) => {
            respond(id, &head.headers, body, asks).await
        }
        (&Method::POST, ["invocation", id, "error"]) => fail(id, &head.headers, body, asks).await,
        _ => unknown(),
    }
}

async fn next(asks: &Asks) -> Answer {
    let (give, given) = oneshot::channel();
    asks.send(Ask::Next(give)).ok();
    match given.await {
        Ok(Ok(work)) => handed_out(work),
        Ok(Err(wrong)) => refused(wrong),
        Err(_) => gone(),
    }
}

fn handed_out(work: Work) -> Answer {
    let mut answer = Response::new(Full::new(work.call.payload));
    let headers = answer.headers_mut();
    let mut set = |name: &'static str, value: &str| {
        // What came as a header or as a part of a URL can be a header again.
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    set("content-type", "application/json");
    set("lambda-runtime-aws-request-id", &work.call.id);
    set("lambda-runtime-deadline-ms", &work.deadline_ms.to_string());
    set("lambda-runtime-invoked-function-arn", &work.call.arn);
    set("lambda-runtime-trace-id", &work.call.trace);
    if let Some(context) = &work.call.client_context {
        set("lambda-runtime-client-context", context);
    }
    answer
}

async fn init_error(headers: &HeaderMap, mut body: Incoming, asks: &Asks) -> Answer {
    let Some(told) = whole(&mut body, MAX_ANSWER).await.ok().flatten() else {
        return too_large(body).await;
    };
    let failure = Failure::told(error_type(headers).as_deref(), told);
    let (granted, answer) = oneshot::channel();
    asks.send(Ask::InitError { failure, granted }).ok();
    match answer.await {
        Ok(Ok(())) => accepted(),
        Ok(Err(wrong)) => refused(wrong),
        Err(_) => gone(),
    }
}

async fn fail(id: &str, headers: &HeaderMap, mut body: Incoming, asks: &Asks) -> Answer {
    if let Err(answer) = begin(id, asks).await {
        return answer;
    }
    let read = whole(&mut body, MAX_ANSWER).await;
    let failure = match &read {
        Ok(Some(told)) => Failure::told(error_type(headers).as_deref(), told.clone()),
        Ok(None) => Failure::too_large(MAX_ANSWER),
        Err(_) => truncated(id),
    };
    asks.send(Ask::End(Err(failure))).ok();
    match read {
        Ok(Some(_)) => accepted(),
        Ok(None) => too_large(body).await,
        Err(_) => gone(),
    }
}

async fn respond(id: &str, headers: &HeaderMap, mut body: Incoming, asks: &Asks) -> Answer {
    let mode = headers.get("lambda-runtime-function-response-mode");
    let streams = mode.is_some_and(|mode| mode.as_bytes().eq_ignore_ascii_case(b"streaming"));
    if mode.is_some() && !streams {
        return error(
            StatusCode::BAD_REQUEST,
            "Runtime.InvalidResponseModeHeader",
            "Invalid response mode header",
        );
    }
    let receive = match begin(id, asks).await {
        Ok(receive) => receive,
        Err(answer) => return answer,
    };
    let to = receive.stream.filter(|_| streams);
    let most = if to.is_some() { MAX_STREAM } else { MAX_ANSWER };
    let (result, answer) = match collect(&mut body, most, to.as_ref()).await {
        Ok(Collected::Whole(body, None)) => (Ok(body), accepted()),
        Ok(Collected::Whole(_, Some(failure))) => (Err(failure), accepted()),
        Ok(Collected::TooLarge) => {
            asks.send(Ask::End(Err(Failure::too_large(most)))).ok();
            return too_large(body).await;
        }
        Err(_) => (Err(truncated(id)), gone()),
    };
    asks.send(Ask::End(result)).ok();
    answer
}

async fn begin(id: &str, asks: &Asks) -> Result<super::Receive, Answer> {
    let (granted, answer) = oneshot::channel();
    asks.send(Ask::Begin { id: id.to_owned(), granted }).ok();
    match answer.await {
        Ok(Ok(receive)) => Ok(receive),
        Ok(Err(wrong)) => Err(refused(wrong)),
        Err(_) => Err(gone()),
    }
}

enum Collected {
    /// All of it, or nothing if it was streamed on; and the failure that the
    /// runtime told after it.
    Whole(Bytes, Option<Failure>),
    TooLarge,
}

/// Reads an answer to its end, handing chunks on as they come if there is
/// somebody to take them.
async fn collect(
    body: &mut Incoming,
    most: usize,
    to: Option<&mpsc::Sender<Bytes>>,
) -> Result<Collected, hyper::Error> {
    let (mut kept, mut length, mut failure) = (BytesMut::new(), 0, None);
    while let Some(frame) = body.frame().await {
        let frame = match frame?.into_data() {
            Ok(data) => {
                length += data.len();
                if length > most {
                    return Ok(Collected::TooLarge);
                }
                match to {
                    // A caller that has gone does not stop the function.
                    Some(to) => to.send(data).await.unwrap_or(()),
                    None => kept.extend_from_slice(&data),
                }
                continue;
            }
            Err(frame) => frame,
        };
        failure = frame.trailers_ref().and_then(told_after);
    }
    Ok(Collected::Whole(kept.freeze(), failure))
}

/// The failure in the trailers of a streamed answer.
fn told_after(trailers: &HeaderMap) -> Option<Failure> {
    let kind = error_type(trailers);
    let body = trailers.get("lambda-runtime-function-error-body");
    if kind.is_none() && body.is_none() {
        return None;
    }
    let body = body.map(HeaderValue::as_bytes).unwrap_or_default();
    let body = BASE64_STANDARD.decode(body).unwrap_or_else(|_| body.to_vec());
    Some(Failure::told(kind.as_deref(), body.into()))
}

/// A body within a bound; `None` when it is longer.
async fn whole(body: &mut Incoming, most: usize) -> Result<Option<Bytes>, hyper::Error> {
    Ok(match collect(body, most, None).await? {
        Collected::Whole(body, _) => Some(body),
        Collected::TooLarge => None,
    })
}

fn error_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get("lambda-runtime-function-error-type")?.to_str().ok()?;
    Some(value.to_owned()).filter(|value| !value.is_empty())
}

fn truncated(id: &str) -> Failure {
    Failure::of(id, TRUNCATED, "Response body's stream was truncated")
}

fn accepted() -> Answer {
    json_answer(StatusCode::ACCEPTED, &json!({ "status": "OK" }))
}

fn refused(wrong: Wrong) -> Answer {
    match wrong {
        Wrong::Id => error(StatusCode::BAD_REQUEST, "InvalidRequestID", "Invalid request ID"),
        Wrong::State => error(
            StatusCode::FORBIDDEN,
            "InvalidStateTransition",
            "State transition is not allowed",
        ),
    }
}

/// The answer to a body that is too long, once all of it has been sent: many a
/// runtime that is cut off while it writes takes that for the end.
async fn too_large(mut body: Incoming) -> Answer {
    while let Some(Ok(_)) = body.frame().await {}
    error(
        StatusCode::PAYLOAD_TOO_LARGE,
        "RequestEntityTooLarge",
        &format!("Exceeded maximum allowed payload size ({MAX_ANSWER} bytes)."),
    )
}

fn unknown() -> Answer {
    error(StatusCode::NOT_FOUND, "NotFound", "The Runtime API has no such path")
}

/// The environment ends; the runtime is about to learn it by a signal.
fn gone() -> Answer {
    error(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", "The environment ends")
}

fn error(status: StatusCode, kind: &str, message: &str) -> Answer {
    json_answer(status, &json!({ "errorMessage": message, "errorType": kind }))
}

fn json_answer(status: StatusCode, value: &serde_json::Value) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(value.to_string())));
    *answer.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    answer.headers_mut().insert(http::header::CONTENT_TYPE, json);
    answer
}
