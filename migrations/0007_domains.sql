-- Custom domains with their base path mappings, certificates, and who may
-- associate with a private domain.

CREATE TABLE domain_names (
    -- Global: all scopes share the nodes' listeners.
    name       text        CONSTRAINT domain_names_pkey PRIMARY KEY,
    account    text        NOT NULL,
    region     text        NOT NULL,
    definition jsonb       NOT NULL,
    tags       jsonb       NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    certificate_arn          text GENERATED ALWAYS AS (definition ->> 'certificateArn') STORED,
    regional_certificate_arn text GENERATED ALWAYS AS (definition ->> 'regionalCertificateArn') STORED
);
CREATE INDEX domain_names_scope_idx ON domain_names (account, region, name);
CREATE INDEX domain_names_certificate_idx ON domain_names (certificate_arn);
CREATE INDEX domain_names_regional_certificate_idx ON domain_names (regional_certificate_arn);

CREATE TABLE base_path_mappings (
    domain    text NOT NULL CONSTRAINT base_path_mappings_domain_fkey REFERENCES domain_names ON DELETE CASCADE,
    -- `(none)` where the domain itself is the base.
    base_path text NOT NULL,
    api_id    text NOT NULL CONSTRAINT base_path_mappings_api_fkey REFERENCES rest_apis,
    -- Null where the next path segment names the stage.
    stage     text,
    CONSTRAINT base_path_mappings_pkey PRIMARY KEY (domain, base_path)
);
CREATE INDEX base_path_mappings_api_idx ON base_path_mappings (api_id, stage);

CREATE TABLE domain_access_associations (
    arn         text        CONSTRAINT domain_access_associations_pkey PRIMARY KEY,
    account     text        NOT NULL,
    region      text        NOT NULL,
    domain      text        NOT NULL CONSTRAINT domain_access_associations_domain_fkey REFERENCES domain_names ON DELETE CASCADE,
    source_type text        NOT NULL,
    source      text        NOT NULL,
    tags        jsonb       NOT NULL DEFAULT '{}',
    created_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX domain_access_associations_scope_idx ON domain_access_associations (account, region, arn);
CREATE INDEX domain_access_associations_domain_idx ON domain_access_associations (domain);

-- What Certificate Manager is at AWS: certificates that domains name by ARN.
CREATE TABLE certificates (
    arn        text        CONSTRAINT certificates_pkey PRIMARY KEY,
    account    text        NOT NULL,
    region     text        NOT NULL,
    -- The leaf first.
    chain_pem  text        NOT NULL,
    sealed_key bytea       NOT NULL,
    names      jsonb       NOT NULL,
    not_before timestamptz NOT NULL,
    not_after  timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX certificates_scope_idx ON certificates (account, region, arn);

-- Certificates that belong to one domain: given with it, or issued for it
-- because nobody here knows the ARN that it names.
CREATE TABLE domain_certificates (
    domain     text        NOT NULL CONSTRAINT domain_certificates_domain_fkey REFERENCES domain_names ON DELETE CASCADE,
    -- `edge` or `regional`.
    role       text        NOT NULL,
    chain_pem  text        NOT NULL,
    sealed_key bytea       NOT NULL,
    -- Whether this installation issued it, and so renews it.
    issued     boolean     NOT NULL,
    not_after  timestamptz NOT NULL,
    CONSTRAINT domain_certificates_pkey PRIMARY KEY (domain, role)
);

-- The authority behind issued ones. It is not the fleet's: what that signs can
-- pose as a control plane under the name that it holds.
CREATE TABLE domain_ca (
    only_row        boolean CONSTRAINT domain_ca_pkey PRIMARY KEY DEFAULT true
        CONSTRAINT domain_ca_single CHECK (only_row),
    certificate_der bytea       NOT NULL,
    sealed_key      bytea       NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now()
);
