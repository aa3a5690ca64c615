-- The log of committed changes. Its counter is one row, updated as the last
-- statement of a transaction: number order is commit order, and a reader at n
-- has seen all before n. A sequence would promise neither.

CREATE TABLE revision_counter (
    only_row boolean CONSTRAINT revision_counter_pkey PRIMARY KEY DEFAULT true
        CONSTRAINT revision_counter_single CHECK (only_row),
    epoch    bigint NOT NULL,
    number   bigint NOT NULL,
    -- Changes up to here were pruned: who is behind resyncs in full.
    pruned   bigint NOT NULL DEFAULT 0
);
INSERT INTO revision_counter (epoch, number) VALUES (1, 0);

CREATE TABLE changes (
    epoch         bigint NOT NULL,
    number        bigint NOT NULL,
    resource_name text   NOT NULL,
    CONSTRAINT changes_pkey PRIMARY KEY (epoch, number, resource_name)
);

CREATE TABLE audit_log (
    id         bigint      GENERATED ALWAYS AS IDENTITY CONSTRAINT audit_log_pkey PRIMARY KEY,
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor      text        NOT NULL,
    operation  text        NOT NULL,
    resource   text        NOT NULL,
    account    text        NOT NULL,
    region     text        NOT NULL,
    request_id text        NOT NULL,
    detail     jsonb
);
CREATE INDEX audit_log_scope_idx ON audit_log (account, region, id);
