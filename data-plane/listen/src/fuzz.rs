//! Entry point for fuzzing: a connection without a socket.

use std::{net::SocketAddr, rc::Rc, sync::Arc};

use tokio::io::{AsyncRead, AsyncWrite};

use crate::{
    ConnInfo, Handler, Limits,
    conn::{self, Protocol},
    core::Core,
};

/// Serves one plain connection over any stream until it ends, as a serving
/// core does. Has to run within a `LocalSet`.
pub async fn serve<H, T>(handler: H, limits: Limits, stream: T)
where
    H: Handler,
    T: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let address = SocketAddr::from(([127, 0, 0, 1], 80));
    let info = ConnInfo::new(address, address, false, None);
    let core = Core::new(handler, limits, Arc::default());
    conn::serve(&core, stream, Rc::new(info), Protocol::Unknown).await;
}
