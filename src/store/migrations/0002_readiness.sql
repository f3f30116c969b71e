-- How the last rehearsal of each service's rollback plan went. Any replica may have done it; all of them export it.
create table rollback_readiness (
  service text primary key,
  reason text not null,
  message text not null,
  checked_at timestamptz not null
);
