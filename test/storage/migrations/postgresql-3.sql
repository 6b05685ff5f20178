alter table "record" rename column "due_at" to "due";
alter table "event" add column "change" bigint;
create table "change_number" ("n" bigint not null);
insert into "change_number" ("n") values (0);
create table "change_log" ("n" bigint primary key, "records" text COLLATE "C" not null);
