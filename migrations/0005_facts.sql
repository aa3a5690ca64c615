-- Facts: what nodes hold beside stages, as they hold it. Rows are derived from
-- the tables of their kind and written in the same transactions.

CREATE TABLE facts (
    -- The name of the resource in a node's world.
    name    text    CONSTRAINT facts_pkey PRIMARY KEY,
    content bytea   NOT NULL,
    -- Whether the content is sealed with the master key; nodes get it opened.
    sealed  boolean NOT NULL,
    -- The revision number at which the row last changed.
    version bigint  NOT NULL DEFAULT 0
);
