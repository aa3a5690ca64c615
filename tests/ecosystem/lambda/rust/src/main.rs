//! Answers with the event, with what its query asks for, or as a stream.

use std::path::PathBuf;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use lambda_runtime::{
    Error, FunctionResponse, LambdaEvent, MetadataPrelude, StreamResponse, run, service_fn,
};
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
    if event["path"].as_str().is_some_and(|path| path.starts_with("/stream")) {
        let until = event["queryStringParameters"]["until"].as_str().map(PathBuf::from);
        return Ok(stream(until));
    }
    let query = &event["queryStringParameters"];
    if let Some(answer) = query["answer"].as_str() {
        return Ok(FunctionResponse::BufferedResponse(serde_json::from_str(answer)?));
    }
    if query["fail"].is_string() {
        return Err("on purpose".into());
    }
    let told = json!({"event": event, "version": context.env_config.version});
    Ok(FunctionResponse::BufferedResponse(json!({
        "statusCode": 200, "headers": {"X-By": "rust"}, "body": told.to_string(),
    })))
}

/// All but the first are written when the caller has told that the first has come.
fn stream(until: Option<PathBuf>) -> Answer {
    let words = ["one,", "two,", "three"].map(|word| Ok(Bytes::from(word)));
    let all = tokio_stream::iter(words.into_iter().enumerate());
    let stream: Chunks = Box::pin(all.then(move |(at, word)| {
        let until = until.clone().filter(|_| at > 0);
        async move {
            while until.as_ref().is_some_and(|file| !file.exists()) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            word
        }
    }));
    let mut metadata_prelude = MetadataPrelude::default();
    metadata_prelude.cookies = vec!["a=b".to_owned(), "c=d".to_owned()];
    metadata_prelude.headers.insert("x-by", "rust".parse().expect("a header's value"));
    FunctionResponse::StreamingResponse(StreamResponse { metadata_prelude, stream })
}
