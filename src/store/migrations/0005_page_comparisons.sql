-- What a day's pages were compared with PagerDuty's: one row a day in UTC, made once.
create table page_comparisons (
  day text primary key,
  content text not null,
  made_at timestamptz not null
);
