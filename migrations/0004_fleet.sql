-- Nodes, the ways in, and credentials.

CREATE TABLE nodes (
    id              text        CONSTRAINT nodes_pkey PRIMARY KEY,
    slot            integer     NOT NULL CONSTRAINT nodes_slot_key UNIQUE,
    labels          jsonb       NOT NULL DEFAULT '{}',
    cordoned        boolean     NOT NULL DEFAULT false,
    draining        boolean     NOT NULL DEFAULT false,
    build           text        NOT NULL DEFAULT '',
    traffic_address text        NOT NULL DEFAULT '',
    metrics_address text        NOT NULL DEFAULT '',
    boot_epoch      bigint      NOT NULL DEFAULT 0,
    -- The replica that holds the node's stream.
    replica         text,
    last_seen       timestamptz NOT NULL DEFAULT now(),
    acked_epoch     bigint      NOT NULL DEFAULT 0,
    acked_number    bigint      NOT NULL DEFAULT 0,
    -- The revision number at which the node's facts last changed.
    version         bigint      NOT NULL DEFAULT 0,
    joined_at       timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE join_tokens (
    -- HMAC of the secret; the secret itself is shown once.
    hash       bytea       CONSTRAINT join_tokens_pkey PRIMARY KEY,
    uses_left  integer     NOT NULL,
    expires_at timestamptz NOT NULL,
    labels     jsonb       NOT NULL DEFAULT '{}',
    created_by text        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE ca (
    only_row        boolean CONSTRAINT ca_pkey PRIMARY KEY DEFAULT true
        CONSTRAINT ca_single CHECK (only_row),
    certificate_der bytea       NOT NULL,
    sealed_key      bytea       NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE access_keys (
    id            text        CONSTRAINT access_keys_pkey PRIMARY KEY,
    account       text        NOT NULL,
    arn           text        NOT NULL,
    sealed_secret bytea       NOT NULL,
    enabled       boolean     NOT NULL DEFAULT true,
    created_at    timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE bearer_tokens (
    id         text        CONSTRAINT bearer_tokens_pkey PRIMARY KEY,
    account    text        NOT NULL,
    arn        text        NOT NULL,
    hash       bytea       NOT NULL,
    enabled    boolean     NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- Replicas of the control plane, each with a lease that it renews.
CREATE TABLE replicas (
    name       text        CONSTRAINT replicas_pkey PRIMARY KEY,
    address    text        NOT NULL,
    expires_at timestamptz NOT NULL
);

-- Who leads what. The token grows with each change of hands, and a leader's
-- writes carry it: what a former leader sends late is refused.
CREATE TABLE leaders (
    role    text   CONSTRAINT leaders_pkey PRIMARY KEY,
    replica text   NOT NULL,
    token   bigint NOT NULL
);
