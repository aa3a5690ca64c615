//! The bounds of one rendering.

/// What one rendering may use. Exceeding any of them ends it with an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Steps: each node, method call, loop turn and copied element counts one.
    pub steps: u64,
    /// Nesting of blocks, expressions, macro calls and values.
    pub depth: usize,
    /// Bytes of the result, and of any single string made on the way.
    pub output_bytes: usize,
    /// Turns of one `#foreach`. API Gateway documents 1000.
    pub loop_turns: usize,
    /// Nesting of macro calls; Velocity's `velocimacro.max.depth` is 20.
    pub macro_depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            steps: 2_000_000,
            depth: 100,
            output_bytes: 12 << 20,
            loop_turns: 1000,
            macro_depth: 20,
        }
    }
}
