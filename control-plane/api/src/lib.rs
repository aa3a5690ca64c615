//! The admin API: routing, authentication and AWS's wire format
