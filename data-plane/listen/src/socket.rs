//! Listening sockets: one per core and address, shared through SO_REUSEPORT.

use std::{io, net::SocketAddr};

use socket2::{Domain, Protocol, SockFilter, SockRef, Socket, Type};

/// Connections the kernel holds for one socket before they are accepted.
const BACKLOG: i32 = 8192;

/// Opens `count` sockets on one address. With port 0 the first picks a port
/// and the others share it. They take no connection before [`listen`].
pub(crate) fn bind_all(address: SocketAddr, count: usize) -> io::Result<(SocketAddr, Vec<Socket>)> {
    let first = bind(address)?;
    let bound = first.local_addr()?.as_socket().ok_or(io::ErrorKind::AddrNotAvailable)?;
    let mut all = vec![first];
    for _ in 1..count {
        all.push(bind(bound)?);
    }
    Ok((bound, all))
}

fn bind(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

/// From now on the kernel gives the socket its share of new connections.
pub(crate) fn listen(socket: Socket) -> io::Result<std::net::TcpListener> {
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Makes a socket ignore the first packet of new connections, while those
/// that are half open still finish. Without it a connection that completes
/// between the last accept and the close would be reset. The client sends its
/// packet again a second later and reaches another socket of the port.
pub(crate) fn ignore_new(listener: &tokio::net::TcpListener) -> io::Result<()> {
    /// The flags' place in a TCP header, where the filter's view starts.
    const FLAGS: u32 = 13;
    const SYN: u32 = 0x02;
    const SYN_ACK: u32 = 0x12;
    // A program of the classic packet filter: keep the SYN and ACK bits of the
    // flags; drop (return 0 bytes) if they are SYN alone, else keep all.
    let program = [
        SockFilter::new(0x30, 0, 0, FLAGS),
        SockFilter::new(0x54, 0, 0, SYN_ACK),
        SockFilter::new(0x15, 0, 1, SYN),
        SockFilter::new(0x06, 0, 0, 0),
        SockFilter::new(0x06, 0, 0, u32::MAX),
    ];
    SockRef::from(listener).attach_filter(&program)
}

/// Empties the kernel's queue of a socket that is about to close: what still
/// waits there would be reset.
pub(crate) fn drain_queue(listener: &std::net::TcpListener) -> Vec<std::net::TcpStream> {
    let mut waiting = Vec::new();
    while let Ok((stream, _)) = listener.accept() {
        if stream.set_nonblocking(true).is_ok() {
            waiting.push(stream);
        }
    }
    waiting
}
