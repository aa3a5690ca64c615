//! `functions list`.

use bytes::Bytes;
use http::Method;
use serde::{Deserialize, Serialize};

use super::{WhereArgs, invoke};
use crate::cli::Global;
use crate::client::Path;
use crate::error::{Error, Result};
use crate::output::{Output, render, table};

/// A page of `ListFunctions`, as far as we show it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page {
    functions: Vec<Function>,
    next_marker: Option<String>,
}

/// One function, in AWS's words.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Function {
    function_name: String,
    function_arn: String,
    runtime: String,
    handler: String,
    timeout: u32,
    memory_size: u32,
}

/// Lists what runs.
pub(super) async fn list(args: &WhereArgs, global: &Global, out: Output) -> Result<()> {
    let endpoint = args.endpoint(global)?;
    let (mut all, mut marker) = (Vec::new(), None);
    loop {
        let path = Path::of(&["2015-03-31", "functions"]);
        let path = path.with_some("Marker", marker.as_deref());
        let answer = invoke::call(&endpoint, Method::GET, path, &[], Bytes::new()).await?;
        let page: Page = serde_json::from_slice(&answer.body)
            .map_err(|error| Error::failed(format!("{endpoint} is no Lambda API: {error}")))?;
        all.extend(page.functions);
        marker = page.next_marker;
        if marker.is_none() {
            break;
        }
    }
    out.note(&format!("functions at {endpoint}"));
    out.data(&all, |all| {
        let mut table = table(&["function", "runtime", "handler", "timeout", "memory"]);
        for function in all {
            table.add_row([
                function.function_name.clone(),
                function.runtime.clone(),
                function.handler.clone(),
                format!("{} s", function.timeout),
                format!("{} MB", function.memory_size),
            ]);
        }
        render(&table)
    })
}
