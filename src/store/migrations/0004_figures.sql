-- What statistics and metrics read of an incident's state, unpacked when the state is written: a state is large and lies
-- compressed, and nobody should have to open all of them at each scrape. Moments stay text: only their writer knows that
-- they are UTC. A row whose figures did not change is still updated in place.
alter table incidents
  -- No drill, no false alarm, not merged into another one.
  add column counted boolean generated always as (
    state->>'drill' is null and state->>'dismissed' is null and state->>'mergedInto' is null
  ) stored,
  add column resolved_at text generated always as (state->>'resolvedAt') stored,
  add column postmortem_at text generated always as (state->'postmortem'->>'publishedAt') stored,
  add column cause_confirmed boolean generated always as (
    jsonb_path_exists(state, '$.rootCauses[*] ? (@.state == "confirmed")')
  ) stored,
  add column is_repeat boolean generated always as (
    state->>'recurrence' is not null and state->>'drill' is null
  ) stored,
  -- Null: it has none, like a drill.
  add column actions jsonb generated always as (
    case when state->>'drill' is null then nullif(state->'actions', '[]') end
  ) stored;

create index incidents_with_actions on incidents (id) where actions is not null;
create index repeat_incidents on incidents (id) where is_repeat;

-- The events that figures are made of: few of each incident's many.
create index incident_figures on incident_events (incident_id, seq) where type in (
  'incident-opened', 'onset-corrected', 'incident-acknowledged', 'incident-mitigated', 'incident-resolved',
  'incident-reopened', 'clock-met', 'clock-breached', 'rollback-requested', 'rollback-started', 'rollback-stopped',
  'rollback-verdict'
);
