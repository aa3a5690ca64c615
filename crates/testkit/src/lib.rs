//! Starts real Postgres, both planes, echo servers and fault proxies for tests
