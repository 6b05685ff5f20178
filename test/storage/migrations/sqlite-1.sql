create table "record" ("kind" text not null, "account" text not null, "region" text not null, "id" text not null, "parent" text, "created_at" bigint not null, "due_at" bigint, "revision" bigint not null, "body" text not null, "mac" blob not null, constraint "record_key" primary key ("kind", "account", "region", "id"));
create index "record_order" on "record" ("kind", "account", "region", "created_at", "id");
create index "record_parent" on "record" ("kind", "account", "region", "parent", "created_at", "id") where "parent" is not null;
create index "record_due" on "record" ("kind", "due_at") where "due_at" is not null;
create table "tally" ("kind" text not null, "account" text not null, "region" text not null, "n" bigint not null, constraint "tally_key" primary key ("kind", "account", "region"));
create table "nonce_batch" ("seq" integer primary key, "expires_at" bigint not null, "digests" blob not null);
create table "event" ("seq" integer primary key, "event_id" text not null, "account" text not null, "region" text not null, "at" bigint not null, "body" text not null);
