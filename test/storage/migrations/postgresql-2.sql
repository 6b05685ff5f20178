alter table "event" add column "hash" text COLLATE "C" default '' not null;
create table "event_index" ("first_seq" bigint not null primary key, "last_seq" bigint not null, "from_at" bigint not null, "to_at" bigint not null, "last_hash" text COLLATE "C" not null, "terms_hash" text COLLATE "C" not null, "postings_hash" text COLLATE "C" not null, "mac" bytea not null, "terms" bytea not null, "postings" bytea not null);
create index "event_index_last" on "event_index" ("last_seq");
