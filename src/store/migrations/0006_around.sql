-- Announced work: while a window holds, incidents of its service or environment are recorded and wake nobody.
create table maintenance_windows (
  id integer generated always as identity primary key,
  -- Null: of every one; at least one of the two is given.
  service text,
  environment text,
  from_at timestamptz not null,
  until_at timestamptz not null,
  because text not null,
  made_by text not null,
  made_at timestamptz not null,
  -- Ended before its time.
  ended_at timestamptz,
  ended_by text,
  check (service is not null or environment is not null),
  check (until_at > from_at)
);
create index maintenance_by_end on maintenance_windows (until_at);

-- So many incidents opened in a minute that one of them, the head, tells of all. At most one goes on.
create table storms (
  id integer generated always as identity primary key,
  head text not null,
  -- When the first incident of it opened, and when the last one did.
  began_at timestamptz not null,
  last_at timestamptz not null,
  -- What was told last.
  told integer not null default 0,
  ended_at timestamptz
);
create unique index one_storm on storms ((true)) where ended_at is null;

-- Who is part of whom, without opening their states.
alter table incidents
  add column merged_into text generated always as (state->>'mergedInto') stored,
  add column is_drill boolean generated always as (state->>'drill' is not null) stored;
create index merged_incidents on incidents (correlation_key) where merged_into is not null;
