-- Where an import's rows wait for the merge. Gone with the transaction.
create temporary table incoming_bars (
    time timestamptz not null,
    open double precision not null,
    high double precision not null,
    low double precision not null,
    close double precision not null,
    volume double precision not null
) on commit drop;
