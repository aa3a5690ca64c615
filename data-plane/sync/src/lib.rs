//! A node's world: the fleet stream, compilation, the swap and the disk
