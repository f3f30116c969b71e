-- Alerts are source data: one row each, newest word wins (domain/alert-merge). `identity` is the fingerprint without
-- the labels that only tell replicas apart; `key_version` and `status_version` order changes within a correlation key.
create table alerts (
  source text not null,
  fingerprint text not null,
  identity text not null,
  correlation_key text not null,
  name text not null,
  key_version bigint not null,
  status_version bigint not null,
  status text not null check (status in ('firing', 'resolved')),
  -- Whether this occurrence was ever delivered as firing. A resolve that comes first waits for it.
  fired boolean not null,
  starts_at timestamptz not null,
  ends_at timestamptz,
  status_seen_at timestamptz not null,
  last_seen_at timestamptz not null,
  content_hash text not null,
  content text not null,
  primary key (source, fingerprint)
) with (fillfactor = 85);
create index alerts_by_key on alerts (correlation_key, key_version);

-- Orders the changes of a key: whoever writes its alerts takes the next version under this row's lock, so versions are
-- committed in their order. Written by ingest only.
create table correlation_keys (
  key text primary key,
  version bigint not null
) with (fillfactor = 70);

-- What is dirty stands here, appended by ingest and deleted once it has been looked at: neither waits for the other.
-- Wake-ups may be lost, this is not.
create table dirty_keys (
  key text not null,
  version bigint not null,
  primary key (key, version)
);

-- How far a key has been looked at, and when it may be looked at again. Written by advance only.
create table key_progress (
  key text primary key,
  advanced_version bigint not null,
  next_at timestamptz not null
) with (fillfactor = 70);

create table deliveries (
  id uuid primary key,
  source text not null,
  received_at timestamptz not null,
  changed integer not null,
  duplicates integer not null,
  rejected integer not null
);
create index deliveries_by_time on deliveries (received_at);

create table quarantine (
  id bigint generated always as identity primary key,
  delivery_id uuid not null,
  source text not null,
  received_at timestamptz not null,
  position integer not null,
  field text not null,
  message text not null,
  raw text not null
);

create table changes (
  id text primary key,
  service text not null,
  environment text,
  started_at timestamptz not null,
  content text not null,
  received_at timestamptz not null
);
create index changes_by_service on changes (service, started_at desc);

-- Heartbeats (Watchdog): their absence is the news.
create table heartbeats (
  source text not null,
  name text not null,
  last_seen_at timestamptz not null,
  primary key (source, name)
);

-- Notices that are delivered at least once (PagerDuty): each is applied once.
create table seen_notices (
  source text not null,
  id text not null,
  received_at timestamptz not null,
  primary key (source, id)
);

create table incidents (
  id text primary key,
  correlation_key text not null,
  status text not null,
  severity text not null,
  service text,
  environment text,
  opened_at timestamptz not null,
  version integer not null,
  head_hash text not null,
  state jsonb not null
) with (fillfactor = 70);
create unique index one_active_incident on incidents (correlation_key)
  where status in ('open', 'acknowledged', 'mitigated');
create index incidents_by_opening on incidents (opened_at desc, id desc);
create index incidents_by_key on incidents (correlation_key, opened_at desc);

create table incident_events (
  incident_id text not null,
  seq integer not null,
  type text not null,
  body text not null,
  previous_hash text not null,
  hash text not null,
  primary key (incident_id, seq)
);

-- Incident ids hold the second of their opening; the second incident of one second gets a suffix.
create table incident_seconds (
  second text primary key,
  taken integer not null
);

create table timers (
  incident_id text not null,
  name text not null,
  due timestamptz not null,
  primary key (incident_id, name)
);
create index timers_by_due on timers (due);

-- The ledger: intent, attempt, receipt. A row in `acting` whose lease ran out is ambiguous: look before acting again.
create table effects (
  id text primary key,
  number bigint generated always as identity,
  incident_id text not null,
  channel text not null,
  kind text not null,
  urgent boolean not null,
  status text not null check (status in ('pending', 'acting', 'delivered', 'skipped', 'failed', 'dead')),
  ambiguous boolean not null default false,
  attempts integer not null default 0,
  intent text not null,
  result text,
  lease_until timestamptz,
  not_before timestamptz,
  created_at timestamptz not null,
  finished_at timestamptz
) with (fillfactor = 70);
create index effects_unfinished on effects (incident_id, channel, number) where status in ('pending', 'acting');
create index effects_by_incident on effects (incident_id, number);
create index effects_dead on effects (number) where status in ('dead', 'failed');

-- One rollback step in flight a target, whoever asks.
create table rollback_targets (
  target text primary key,
  incident_id text not null,
  fence bigint not null,
  acquired_at timestamptz not null
);
create sequence rollback_fences;

-- Every automatic rollback that was started, for the cooldown.
create table rollback_starts (
  incident_id text primary key,
  service text not null,
  started_at timestamptz not null
);
create index rollback_starts_by_service on rollback_starts (service, started_at desc);

create table automation (
  only_row boolean primary key default true check (only_row),
  mode text,
  kill_switch boolean,
  changed_by text not null,
  changed_at timestamptz not null
);

-- Counters and histogram buckets. Sharded, so that concurrent transactions do not wait for each other's rows.
create table counters (
  metric text not null,
  labels text not null,
  shard smallint not null,
  value double precision not null,
  primary key (metric, labels, shard)
) with (fillfactor = 70);
