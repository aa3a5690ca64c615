-- Documentation of APIs: the parts of the working copy, and named snapshots.

CREATE TABLE documentation_parts (
    api_id     text  NOT NULL CONSTRAINT documentation_parts_api_fkey REFERENCES rest_apis ON DELETE CASCADE,
    id         text  NOT NULL,
    -- One text for all spellings of a location.
    location   text  NOT NULL,
    definition jsonb NOT NULL,
    CONSTRAINT documentation_parts_pkey PRIMARY KEY (api_id, id),
    CONSTRAINT documentation_parts_location_key UNIQUE (api_id, location)
        DEFERRABLE INITIALLY IMMEDIATE
);

CREATE TABLE documentation_versions (
    api_id      text        NOT NULL CONSTRAINT documentation_versions_api_fkey REFERENCES rest_apis ON DELETE CASCADE,
    name        text        NOT NULL,
    description text,
    -- The parts by id, as they were.
    parts       jsonb       NOT NULL,
    created_at  timestamptz NOT NULL,
    CONSTRAINT documentation_versions_pkey PRIMARY KEY (api_id, name)
);
