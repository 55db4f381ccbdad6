-- Two calendars to begin with; neither is the office's until somebody says so.

-- China 2026: General Office of the State Council, notice of 4 November 2025 on the arrangement of holidays in 2026
-- (国务院办公厅关于2026年部分节假日安排的通知). The notice for a year comes out late in the year before: later years are
-- entered or imported by the office.
with calendar as (
  insert into holiday_calendars (name_en, name_zh) values ('China', '中国法定节假日') returning id
), off (first, last, name_en, name_zh) as (
  values ('2026-01-01'::date, '2026-01-03'::date, 'New Year', '元旦'),
         ('2026-02-15', '2026-02-23', 'Spring Festival', '春节'),
         ('2026-04-04', '2026-04-06', 'Qingming Festival', '清明节'),
         ('2026-05-01', '2026-05-05', 'Labour Day', '劳动节'),
         ('2026-06-19', '2026-06-21', 'Dragon Boat Festival', '端午节'),
         ('2026-09-25', '2026-09-27', 'Mid-Autumn Festival', '中秋节'),
         ('2026-10-01', '2026-10-07', 'National Day', '国庆节')
), made_up (on_day, name_en, name_zh) as (
  values ('2026-01-04'::date, 'Working day for New Year', '元旦调休上班'),
         ('2026-02-14', 'Working day for Spring Festival', '春节调休上班'),
         ('2026-02-28', 'Working day for Spring Festival', '春节调休上班'),
         ('2026-05-09', 'Working day for Labour Day', '劳动节调休上班'),
         ('2026-09-20', 'Working day for National Day', '国庆节调休上班'),
         ('2026-10-10', 'Working day for National Day', '国庆节调休上班')
)
insert into holidays (calendar_id, on_day, kind, as_weekday, name_en, name_zh)
select calendar.id, day::date, 'holiday', null, off.name_en, off.name_zh
  from calendar, off, generate_series(off.first::timestamp, off.last::timestamp, interval '1 day') day
union all
select calendar.id, on_day, 'workday', 1, name_en, name_zh from calendar, made_up;

-- Germany, Berlin, 2026 and 2027: Feiertagsgesetz of Berlin; the movable ones are counted from Easter Sunday.
with calendar as (
  insert into holiday_calendars (name_en, name_zh) values ('Germany (Berlin)', '德国（柏林）') returning id
), easter (sunday) as (
  values ('2026-04-05'::date), ('2027-03-28')
), fixed (month, day, name_en, name_zh) as (
  values (1, 1, 'New Year’s Day', '元旦'), (3, 8, 'International Women’s Day', '国际妇女节'), (5, 1, 'Labour Day', '劳动节'),
         (10, 3, 'German Unity Day', '德国统一日'), (12, 25, 'Christmas Day', '圣诞节'), (12, 26, 'Second day of Christmas', '圣诞节次日')
), movable (days, name_en, name_zh) as (
  values (-2, 'Good Friday', '耶稣受难日'), (1, 'Easter Monday', '复活节星期一'), (39, 'Ascension Day', '耶稣升天节'), (50, 'Whit Monday', '圣灵降临节星期一')
)
insert into holidays (calendar_id, on_day, kind, name_en, name_zh)
select calendar.id, make_date(extract(year from sunday)::int, month, day), 'holiday', name_en, name_zh from calendar, easter, fixed
union all
select calendar.id, sunday + days, 'holiday', name_en, name_zh from calendar, easter, movable;
