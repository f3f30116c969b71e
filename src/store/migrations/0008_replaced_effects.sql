-- What a later effect of the same lane says better. Of several that could not go out for hours people get the newest.
alter table effects add column replaces text;
update effects set replaces = 'message' where kind = 'refresh' and status in ('pending', 'acting');
