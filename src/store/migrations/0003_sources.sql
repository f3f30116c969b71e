-- What Alertmanager was seen to list of the alerts that we know, by its fingerprint. Only of an alert that it has listed
-- does it mean something that it lists it no more: others send to the same address.
create table alertmanager_sightings (
  fingerprint text primary key,
  listed_at timestamptz,
  -- The first of the looks in a row that did not find it, and how many they are.
  missing_since timestamptz,
  misses integer not null default 0,
  -- The end that we gave it, because its own resolve did not come.
  ended_at timestamptz
);
create index alertmanager_sightings_ended on alertmanager_sightings (fingerprint) where ended_at is not null;

-- Looks at what surrounds us, each taken by one replica at a time, and how the last ones went.
create table rounds (
  name text primary key,
  taken_at timestamptz not null,
  -- Null: the last look went well.
  failing_since timestamptz,
  failure text
);

-- Requests that were turned away for good, one row an endpoint and reason: what they said is lost.
create table refusals (
  source text not null,
  code text not null,
  count integer not null,
  first_at timestamptz not null,
  last_at timestamptz not null,
  in_a_row integer not null,
  primary key (source, code)
);
