//! Use cases of the control plane: one use case, one transaction
