create table "record" ("kind" text COLLATE "C" not null, "account" text COLLATE "C" not null, "region" text COLLATE "C" not null, "id" text COLLATE "C" not null, "parent" text COLLATE "C", "created_at" bigint not null, "due_at" bigint, "revision" bigint not null, "body" text COLLATE "C" not null, "mac" bytea not null, constraint "record_key" primary key ("kind", "account", "region", "id"));
create index "record_order" on "record" ("kind", "account", "region", "created_at", "id");
create index "record_parent" on "record" ("kind", "account", "region", "parent", "created_at", "id") where "parent" is not null;
create index "record_due" on "record" ("kind", "due_at") where "due_at" is not null;
create table "tally" ("kind" text COLLATE "C" not null, "account" text COLLATE "C" not null, "region" text COLLATE "C" not null, "n" bigint not null, constraint "tally_key" primary key ("kind", "account", "region"));
create table "nonce" ("digest" bytea not null primary key, "expires_at" bigint not null);
create index "nonce_expiry" on "nonce" ("expires_at");
create table "event" ("seq" bigserial primary key, "event_id" text COLLATE "C" not null, "account" text COLLATE "C" not null, "region" text COLLATE "C" not null, "at" bigint not null, "body" text COLLATE "C" not null);
