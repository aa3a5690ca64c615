//! The fleet side of the control plane: tonic moves bytes for fleet-core
