-- What stands beside the APIs of a scope: client certificates, VPC links with
-- the addresses of their targets, and the account's settings.

CREATE TABLE client_certificates (
    account         text        NOT NULL,
    region          text        NOT NULL,
    id              text        NOT NULL,
    description     text,
    -- The public half; the key is in the fact that nodes get, sealed.
    certificate_pem text        NOT NULL,
    tags            jsonb       NOT NULL DEFAULT '{}',
    created_at      timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL,
    CONSTRAINT client_certificates_pkey PRIMARY KEY (account, region, id)
);

CREATE TABLE vpc_links (
    account     text        NOT NULL,
    region      text        NOT NULL,
    id          text        NOT NULL,
    name        text        NOT NULL,
    description text,
    target_arn  text        NOT NULL,
    tags        jsonb       NOT NULL DEFAULT '{}',
    created_at  timestamptz NOT NULL,
    CONSTRAINT vpc_links_pkey PRIMARY KEY (account, region, id)
);
CREATE INDEX vpc_links_target_idx ON vpc_links (account, region, target_arn);

-- Which addresses stand for a load balancer here.
CREATE TABLE vpc_targets (
    account    text        NOT NULL,
    region     text        NOT NULL,
    -- The load balancer's ARN, or its name alone.
    target     text        NOT NULL,
    -- HOST or HOST:PORT.
    addresses  jsonb       NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT vpc_targets_pkey PRIMARY KEY (account, region, target)
);

-- Which VPC links the content of a deployment names, so that deleting a link
-- reads no content. A name may hold stage variables.
CREATE TABLE deployment_links (
    digest        bytea NOT NULL CONSTRAINT deployment_links_content_fkey
        REFERENCES deployment_contents ON DELETE CASCADE,
    connection_id text  NOT NULL,
    -- METHOD:resource, as AWS lists them.
    used_by       jsonb NOT NULL,
    CONSTRAINT deployment_links_pkey PRIMARY KEY (digest, connection_id)
);

CREATE INDEX methods_connection_idx ON methods ((definition->'integration'->>'connectionId'))
    WHERE definition->'integration'->>'connectionId' IS NOT NULL;

-- One row per scope whose settings were ever changed.
CREATE TABLE accounts (
    account             text  NOT NULL,
    region              text  NOT NULL,
    cloudwatch_role_arn text,
    features            jsonb NOT NULL,
    CONSTRAINT accounts_pkey PRIMARY KEY (account, region)
);
