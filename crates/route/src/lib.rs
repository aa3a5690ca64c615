//! Hosts, base paths and path templates compiled to one matcher
