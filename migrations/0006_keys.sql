-- API keys and usage plans.

CREATE TABLE api_keys (
    account      text        NOT NULL,
    region       text        NOT NULL,
    id           text        NOT NULL,
    -- The model's API key. Name and customer stand beside it to be looked for.
    definition   jsonb       NOT NULL,
    name         text,
    customer_id  text,
    -- The value for those who may read it, and its keyed hash: what two keys
    -- of a scope may not share, and what nodes know it by.
    sealed_value bytea       NOT NULL,
    value_hash   bytea       NOT NULL,
    tags         jsonb       NOT NULL DEFAULT '{}',
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    CONSTRAINT api_keys_pkey PRIMARY KEY (account, region, id),
    CONSTRAINT api_keys_value_key UNIQUE (account, region, value_hash)
);
CREATE INDEX api_keys_name_idx ON api_keys (account, region, name text_pattern_ops);
CREATE INDEX api_keys_customer_idx ON api_keys (account, region, customer_id)
    WHERE customer_id IS NOT NULL;

CREATE TABLE usage_plans (
    account    text        NOT NULL,
    region     text        NOT NULL,
    id         text        NOT NULL,
    -- The model's usage plan without its stages.
    definition jsonb       NOT NULL,
    tags       jsonb       NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL,
    CONSTRAINT usage_plans_pkey PRIMARY KEY (account, region, id)
);

CREATE TABLE usage_plan_stages (
    account  text   NOT NULL,
    region   text   NOT NULL,
    plan_id  text   NOT NULL,
    api_id   text   NOT NULL,
    stage    text   NOT NULL,
    -- The order of their adding.
    position bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    -- Rates of single methods.
    throttle jsonb  NOT NULL DEFAULT '{}',
    CONSTRAINT usage_plan_stages_pkey PRIMARY KEY (account, region, plan_id, api_id, stage),
    CONSTRAINT usage_plan_stages_plan_fkey FOREIGN KEY (account, region, plan_id)
        REFERENCES usage_plans ON DELETE CASCADE,
    -- Whoever deletes a stage takes it out of its plans first: nodes must hear of it.
    CONSTRAINT usage_plan_stages_stage_fkey FOREIGN KEY (api_id, stage)
        REFERENCES stages (api_id, name)
);
CREATE INDEX usage_plan_stages_stage_idx ON usage_plan_stages (api_id, stage);

CREATE TABLE usage_plan_keys (
    account text NOT NULL,
    region  text NOT NULL,
    plan_id text NOT NULL,
    key_id  text NOT NULL,
    CONSTRAINT usage_plan_keys_pkey PRIMARY KEY (account, region, plan_id, key_id),
    CONSTRAINT usage_plan_keys_plan_fkey FOREIGN KEY (account, region, plan_id)
        REFERENCES usage_plans ON DELETE CASCADE,
    CONSTRAINT usage_plan_keys_key_fkey FOREIGN KEY (account, region, key_id)
        REFERENCES api_keys ON DELETE CASCADE
);
CREATE INDEX usage_plan_keys_key_idx ON usage_plan_keys (account, region, key_id);
