-- Nodes that were forgotten while they were away. Their certificates stay
-- good: one that connects again is taken back with what was set of it.
CREATE TABLE former_nodes (
    id           text        CONSTRAINT former_nodes_pkey PRIMARY KEY,
    labels       jsonb       NOT NULL,
    cordoned     boolean     NOT NULL,
    forgotten_at timestamptz NOT NULL DEFAULT now()
);
