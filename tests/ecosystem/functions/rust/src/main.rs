//! Answers with its event and what it was told of it; streams, fails, waits or
//! panics when the event says so.

use std::path::PathBuf;
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
        Some("stream") => {
            let until = event["until"].as_str().map(PathBuf::from);
            return Ok(stream(event["fail"] == true, until));
        }
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

/// All but the first are written when the caller has told that the first has come.
fn stream(fails: bool, until: Option<PathBuf>) -> Answer {
    let words: Vec<Result<Bytes, Error>> = ["one,", "two,", "three"].map(|w| Ok(w.into())).into();
    let end = fails.then(|| Err("midway".into()));
    let all = tokio_stream::iter(words.into_iter().chain(end).enumerate());
    let stream: Chunks = Box::pin(all.then(move |(at, word)| {
        let until = until.clone().filter(|_| at > 0);
        async move {
            while until.as_ref().is_some_and(|file| !file.exists()) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            word
        }
    }));
    FunctionResponse::StreamingResponse(StreamResponse {
        metadata_prelude: Default::default(),
        stream,
    })
}
