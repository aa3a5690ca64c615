//! Compiles a declared API to what a proxy runs, or to the list of what is wrong with it
