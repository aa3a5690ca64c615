//! Answers with its event and what it was told of it; streams, fails, waits or
//! panics when the event says so.

use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use lambda_runtime::{Error, FunctionResponse, LambdaEvent, StreamResponse, run, service_fn};
use serde_json::{Value, json};
use tokio_stream::{Stream, StreamExt as _};

type Chunks = Pin<Box<dyn Stream<Item = Result<Bytes, Error>> + Send>>;
type Answer = FunctionResponse<Value, Chunks>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(answer)).await
}

async fn answer(event: LambdaEvent<Value>) -> Result<Answer, Error> {
    let (event, context) = event.into_parts();
    match event["do"].as_str() {
        Some("fail") => return Err("no cat".into()),
        Some("panic") => panic!("on purpose"),
        Some("exit") => std::process::exit(3),
        Some("sleep") => tokio::time::sleep(Duration::from_secs(600)).await,
        Some("stream") => return Ok(stream(event["fail"] == true)),
        _ => println!("hello from rust"),
    }
    Ok(FunctionResponse::BufferedResponse(json!({
        "event": event,
        "id": context.request_id,
        "arn": context.invoked_function_arn,
        "deadline": context.deadline,
        "version": context.env_config.version,
        "pid": std::process::id(),
    })))
}

fn stream(fails: bool) -> Answer {
    let words: Vec<Result<Bytes, Error>> = ["one,", "two,", "three"].map(|w| Ok(w.into())).into();
    let end = fails.then(|| Err("midway".into()));
    let all = tokio_stream::iter(words.into_iter().chain(end));
    let stream: Chunks = Box::pin(all.throttle(Duration::from_millis(50)));
    FunctionResponse::StreamingResponse(StreamResponse {
        metadata_prelude: Default::default(),
        stream,
    })
}
