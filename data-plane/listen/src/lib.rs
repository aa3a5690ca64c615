//! Sockets, TLS and the HTTP front
