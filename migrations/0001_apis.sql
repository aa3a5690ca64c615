-- The working copies: one row per addressable resource; value objects (an
-- integration with its responses) are JSON inside their row. Constraints are
-- named, because the store tells domain errors by their names.

CREATE TABLE rest_apis (
    id               text        CONSTRAINT rest_apis_pkey PRIMARY KEY,
    account          text        NOT NULL,
    region           text        NOT NULL,
    root_resource_id text        NOT NULL,
    -- The model's API without anything below it.
    definition       jsonb       NOT NULL,
    tags             jsonb       NOT NULL DEFAULT '{}',
    -- What the last import had to say.
    warnings         jsonb       NOT NULL DEFAULT '[]',
    -- Grows with every change of the working copy.
    version          bigint      NOT NULL DEFAULT 1,
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX rest_apis_scope_idx ON rest_apis (account, region, id);

CREATE TABLE resources (
    api_id    text NOT NULL CONSTRAINT resources_api_fkey REFERENCES rest_apis ON DELETE CASCADE,
    id        text NOT NULL,
    parent_id text,
    path_part text NOT NULL,
    path      text NOT NULL,
    CONSTRAINT resources_pkey PRIMARY KEY (api_id, id),
    CONSTRAINT resources_parent_fkey FOREIGN KEY (api_id, parent_id)
        REFERENCES resources (api_id, id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT resources_sibling_key UNIQUE (api_id, parent_id, path_part)
        DEFERRABLE INITIALLY IMMEDIATE
);
CREATE UNIQUE INDEX resources_root_key ON resources (api_id) WHERE parent_id IS NULL;

CREATE TABLE methods (
    api_id      text  NOT NULL,
    resource_id text  NOT NULL,
    verb        text  NOT NULL,
    definition  jsonb NOT NULL,
    CONSTRAINT methods_pkey PRIMARY KEY (api_id, resource_id, verb),
    CONSTRAINT methods_resource_fkey FOREIGN KEY (api_id, resource_id)
        REFERENCES resources (api_id, id) ON DELETE CASCADE
);

CREATE TABLE models (
    api_id     text  NOT NULL CONSTRAINT models_api_fkey REFERENCES rest_apis ON DELETE CASCADE,
    name       text  NOT NULL,
    definition jsonb NOT NULL,
    CONSTRAINT models_pkey PRIMARY KEY (api_id, name)
);

CREATE TABLE request_validators (
    api_id     text  NOT NULL CONSTRAINT request_validators_api_fkey REFERENCES rest_apis ON DELETE CASCADE,
    id         text  NOT NULL,
    definition jsonb NOT NULL,
    CONSTRAINT request_validators_pkey PRIMARY KEY (api_id, id)
);

CREATE TABLE authorizers (
    api_id     text  NOT NULL CONSTRAINT authorizers_api_fkey REFERENCES rest_apis ON DELETE CASCADE,
    id         text  NOT NULL,
    definition jsonb NOT NULL,
    CONSTRAINT authorizers_pkey PRIMARY KEY (api_id, id)
);

CREATE TABLE gateway_responses (
    api_id     text  NOT NULL CONSTRAINT gateway_responses_api_fkey REFERENCES rest_apis ON DELETE CASCADE,
    kind       text  NOT NULL,
    definition jsonb NOT NULL,
    CONSTRAINT gateway_responses_pkey PRIMARY KEY (api_id, kind)
);
