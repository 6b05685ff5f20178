alter table "event" add column "hash" text default '' not null;
create table "event_index" ("first_seq" bigint not null primary key, "last_seq" bigint not null, "from_at" bigint not null, "to_at" bigint not null, "last_hash" text not null, "terms_hash" text not null, "postings_hash" text not null, "mac" blob not null, "terms" blob not null, "postings" blob not null);
create index "event_index_last" on "event_index" ("last_seq");
