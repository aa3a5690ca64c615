//! Resolver, connection pools and outbound HTTP
