-- Which incident a page in PagerDuty is about. Its notes come with PagerDuty's id alone, so that is remembered from what
-- came before with our key.
create table pagerduty_pages (
  page_id text primary key,
  incident_id text not null,
  seen_at timestamptz not null
);
