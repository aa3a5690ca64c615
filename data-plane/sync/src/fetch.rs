//! Deployments' content, by digest, in chunks.

use std::time::Duration;

use gw_fleet_core::message::Fault;
use gw_model::Digest;
use gw_proto::{FetchRequest, MAX_MESSAGE_BYTES, fleet_client::FleetClient};
use tonic::transport::Channel;

use crate::compile::within_limit;

/// How often a broken transfer is taken up again on one channel.
const ATTEMPTS: u32 = 3;

/// The longest silence within a transfer.
const CHUNK_TIMEOUT: Duration = Duration::from_secs(10);

/// Contents above this are hashed off the sync thread.
const HASH_INLINE_BYTES: usize = 256 * 1024;

/// What a failed transfer leaves behind.
#[derive(Debug)]
pub(crate) struct Broken {
    /// Why it failed.
    pub(crate) fault: Fault,
    /// What had come; the next attempt goes on from there.
    pub(crate) partial: Vec<u8>,
}

/// Fetches a content and checks its digest. `partial` is what an earlier
/// attempt left behind.
pub(crate) async fn fetch(
    channel: Channel,
    digest: Digest,
    mut partial: Vec<u8>,
    max_bytes: u64,
) -> Result<Vec<u8>, Broken> {
    let mut client = FleetClient::new(channel).max_decoding_message_size(MAX_MESSAGE_BYTES);
    let mut attempt = 0;
    loop {
        attempt += 1;
        match transfer(&mut client, digest, &mut partial, max_bytes).await {
            Ok(()) => break,
            // A content fault fails again; so does what no retry can mend.
            Err(Stop { fault, again }) if !again || attempt == ATTEMPTS => {
                return Err(Broken { fault, partial });
            }
            Err(_) => {}
        }
    }
    let (found, content) = if partial.len() <= HASH_INLINE_BYTES {
        (Digest::of(&partial), partial)
    } else {
        let hash = tokio::task::spawn_blocking(move || (Digest::of(&partial), partial));
        hash.await.map_err(|error| Broken {
            fault: Fault::resource(format!("cannot hash deployment {digest}: {error}")),
            partial: Vec::new(),
        })?
    };
    if found == digest {
        return Ok(content);
    }
    let fault = Fault::resource(format!("deployment {digest} came with digest {found}"));
    Err(Broken { fault, partial: Vec::new() })
}

struct Stop {
    fault: Fault,
    again: bool,
}

impl Stop {
    fn network(digest: Digest, reason: &str, again: bool) -> Self {
        Self {
            fault: Fault::resource(format!("cannot fetch deployment {digest}: {reason}")),
            again,
        }
    }
}

async fn transfer(
    client: &mut FleetClient<Channel>,
    digest: Digest,
    partial: &mut Vec<u8>,
    max_bytes: u64,
) -> Result<(), Stop> {
    let refused = |status: tonic::Status| {
        let again = matches!(status.code(), tonic::Code::Unavailable | tonic::Code::Unknown);
        Stop::network(digest, status.message(), again)
    };
    let silent = |_| Stop::network(digest, "the control plane went silent", false);
    let request =
        FetchRequest { digest: digest.as_bytes().to_vec().into(), offset: partial.len() as u64 };
    let answer = tokio::time::timeout(CHUNK_TIMEOUT, client.fetch(request)).await;
    let mut chunks = answer.map_err(silent)?.map_err(refused)?.into_inner();
    let mut total = None;
    loop {
        let chunk = tokio::time::timeout(CHUNK_TIMEOUT, chunks.message()).await;
        let Some(chunk) = chunk.map_err(silent)?.map_err(refused)? else { break };
        within_limit(digest, chunk.total, max_bytes)
            .map_err(|fault| Stop { fault, again: false })?;
        total = Some(chunk.total);
        if (partial.len() + chunk.data.len()) as u64 > chunk.total {
            partial.clear();
            return Err(Stop::network(digest, "more came than was announced", false));
        }
        partial.extend_from_slice(&chunk.data);
    }
    match total {
        Some(total) if total == partial.len() as u64 => Ok(()),
        // Everything had come before the transfer broke, or it is empty.
        None if !partial.is_empty() => Ok(()),
        _ => Err(Stop::network(digest, "the transfer ended early", true)),
    }
}
