//! Log setup and every metric name, in one place
