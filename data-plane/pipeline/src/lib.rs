//! The phases of a request, one file each
