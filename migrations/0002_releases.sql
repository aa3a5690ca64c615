-- Deployments, stages and their history.

-- Content by SHA-256, stored once however many deployments name it.
CREATE TABLE deployment_contents (
    digest     bytea       CONSTRAINT deployment_contents_pkey PRIMARY KEY,
    format     integer     NOT NULL,
    size_bytes bigint      NOT NULL,
    bytes      bytea       NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
-- The encoding is read by chunks; out-of-line without compression makes a
-- chunk cost what it weighs.
ALTER TABLE deployment_contents ALTER COLUMN bytes SET STORAGE EXTERNAL;

CREATE TABLE deployments (
    api_id      text        NOT NULL CONSTRAINT deployments_api_fkey REFERENCES rest_apis ON DELETE CASCADE,
    id          text        NOT NULL,
    description text,
    digest      bytea       NOT NULL CONSTRAINT deployments_content_fkey REFERENCES deployment_contents,
    -- Deleted by its owner; history may still name it.
    hidden      boolean     NOT NULL DEFAULT false,
    warnings    jsonb       NOT NULL DEFAULT '[]',
    created_at  timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT deployments_pkey PRIMARY KEY (api_id, id)
);
CREATE INDEX deployments_digest_idx ON deployments (digest);

CREATE TABLE stages (
    id              bigint      GENERATED ALWAYS AS IDENTITY CONSTRAINT stages_pkey PRIMARY KEY,
    api_id          text        NOT NULL CONSTRAINT stages_api_fkey REFERENCES rest_apis ON DELETE CASCADE,
    name            text        NOT NULL,
    -- What admin calls read and write; the newest release.
    desired_release bigint      NOT NULL,
    -- What the fleet serves; null until the first commit.
    serving_release bigint,
    tags            jsonb       NOT NULL DEFAULT '{}',
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT stages_name_key UNIQUE (api_id, name)
);

-- The last release number of a deleted stage: a stage of the same name goes
-- on from it, so that a late receipt never fits another release.
CREATE TABLE former_stages (
    api_id       text   NOT NULL CONSTRAINT former_stages_api_fkey REFERENCES rest_apis ON DELETE CASCADE,
    name         text   NOT NULL,
    last_release bigint NOT NULL,
    CONSTRAINT former_stages_pkey PRIMARY KEY (api_id, name)
);

CREATE TABLE releases (
    stage_id   bigint      NOT NULL CONSTRAINT releases_stage_fkey REFERENCES stages ON DELETE CASCADE,
    number     bigint      NOT NULL,
    -- json, not jsonb: nodes hash these very bytes, whatever build wrote them.
    release    json        NOT NULL,
    cause      text        NOT NULL,
    actor      text        NOT NULL,
    state      text        NOT NULL CONSTRAINT releases_state_check
        CHECK (state IN ('pending', 'serving', 'former', 'superseded', 'rejected')),
    reason     text,
    -- The revision at which it was appended.
    epoch      bigint      NOT NULL DEFAULT 0,
    revision   bigint      NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    CONSTRAINT releases_pkey PRIMARY KEY (stage_id, number)
);
CREATE INDEX releases_pending_idx ON releases (stage_id) WHERE state = 'pending';

-- Which release a node serves: one row for the whole fleet (node_id null) and
-- one per node that differs from it during a wave.
CREATE TABLE assignments (
    stage_id bigint NOT NULL,
    node_id  text,
    release  bigint NOT NULL,
    -- The revision number at which the row last changed.
    version  bigint NOT NULL DEFAULT 0,
    CONSTRAINT assignments_release_fkey FOREIGN KEY (stage_id, release)
        REFERENCES releases (stage_id, number) ON DELETE CASCADE,
    CONSTRAINT assignments_key UNIQUE NULLS NOT DISTINCT (stage_id, node_id)
);

CREATE TABLE receipts (
    stage_id   bigint      NOT NULL,
    release    bigint      NOT NULL,
    node_id    text        NOT NULL,
    state      text        NOT NULL CONSTRAINT receipts_state_check
        CHECK (state IN ('waiting', 'prepared', 'serving', 'rejected', 'lagging')),
    reason     text,
    warnings   jsonb       NOT NULL DEFAULT '[]',
    compile_us bigint      NOT NULL DEFAULT 0,
    at         timestamptz NOT NULL,
    CONSTRAINT receipts_pkey PRIMARY KEY (stage_id, release, node_id),
    CONSTRAINT receipts_release_fkey FOREIGN KEY (stage_id, release)
        REFERENCES releases (stage_id, number) ON DELETE CASCADE
);
