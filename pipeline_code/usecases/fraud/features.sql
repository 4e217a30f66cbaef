-- One row a transaction: its own columns and what was known of its card and its terminal then.
--
-- Windows are event-time windows, closed at both ends: [t - N days, t]. Transactions of the same
-- card in the same instant see each other, whatever their order in the file; nothing later than t
-- is ever seen. A label is known seven days after the event, so the terminal's windows end at
-- t - 7 days: a label that is exactly seven days old counts, a younger one never does.
--
-- Kept to functions that mean the same on DuckDB, Spark and Trino: the weekday is counted from a
-- known Monday (`dayofweek` begins at 0, 1 or 2 depending on the engine), and amounts are summed
-- in whole cents (exact in a double), so that a mean does not depend on the order of an addition.
with payments as (
    select
        *,
        round(TX_AMOUNT * 100) as amount_cents,
        cast(TX_FRAUD as double) as fraud
    from transactions
),

windows as (
    select
        *,
        count(*) over customer_1 as customer_nb_1,
        sum(amount_cents) over customer_1 as customer_cents_1,
        count(*) over customer_7 as customer_nb_7,
        sum(amount_cents) over customer_7 as customer_cents_7,
        count(*) over customer_30 as customer_nb_30,
        sum(amount_cents) over customer_30 as customer_cents_30,
        count(*) over terminal_1 as terminal_nb_1,
        sum(fraud) over terminal_1 as terminal_frauds_1,
        count(*) over terminal_7 as terminal_nb_7,
        sum(fraud) over terminal_7 as terminal_frauds_7,
        count(*) over terminal_30 as terminal_nb_30,
        sum(fraud) over terminal_30 as terminal_frauds_30
    from payments
    window
        customer_1 as (
            partition by CUSTOMER_ID order by TX_DATETIME
            range between interval 1 day preceding and current row
        ),
        customer_7 as (
            partition by CUSTOMER_ID order by TX_DATETIME
            range between interval 7 day preceding and current row
        ),
        customer_30 as (
            partition by CUSTOMER_ID order by TX_DATETIME
            range between interval 30 day preceding and current row
        ),
        terminal_1 as (
            partition by TERMINAL_ID order by TX_DATETIME
            range between interval 8 day preceding and interval 7 day preceding
        ),
        terminal_7 as (
            partition by TERMINAL_ID order by TX_DATETIME
            range between interval 14 day preceding and interval 7 day preceding
        ),
        terminal_30 as (
            partition by TERMINAL_ID order by TX_DATETIME
            range between interval 37 day preceding and interval 7 day preceding
        )
)

select
    *,
    -- 0001-01-01 was a Monday, so days 5 and 6 are Saturday and Sunday.
    case
        when date_diff('day', date '0001-01-01', cast(TX_DATETIME as date)) % 7 >= 5 then 1 else 0
    end as TX_DURING_WEEKEND,
    case when extract(hour from TX_DATETIME) <= 6 then 1 else 0 end as TX_DURING_NIGHT,
    customer_nb_1 as CUSTOMER_ID_NB_TX_1DAY_WINDOW,
    customer_cents_1 / customer_nb_1 / 100
        as CUSTOMER_ID_AVG_AMOUNT_1DAY_WINDOW,
    customer_nb_7 as CUSTOMER_ID_NB_TX_7DAY_WINDOW,
    customer_cents_7 / customer_nb_7 / 100
        as CUSTOMER_ID_AVG_AMOUNT_7DAY_WINDOW,
    customer_nb_30 as CUSTOMER_ID_NB_TX_30DAY_WINDOW,
    customer_cents_30 / customer_nb_30 / 100
        as CUSTOMER_ID_AVG_AMOUNT_30DAY_WINDOW,
    terminal_nb_1 as TERMINAL_ID_NB_TX_1DAY_WINDOW,
    case
        when terminal_nb_1 = 0 then 0.0
        else terminal_frauds_1 / terminal_nb_1
    end as TERMINAL_ID_RISK_1DAY_WINDOW,
    terminal_nb_7 as TERMINAL_ID_NB_TX_7DAY_WINDOW,
    case
        when terminal_nb_7 = 0 then 0.0
        else terminal_frauds_7 / terminal_nb_7
    end as TERMINAL_ID_RISK_7DAY_WINDOW,
    terminal_nb_30 as TERMINAL_ID_NB_TX_30DAY_WINDOW,
    case
        when terminal_nb_30 = 0 then 0.0
        else terminal_frauds_30 / terminal_nb_30
    end as TERMINAL_ID_RISK_30DAY_WINDOW
from windows
