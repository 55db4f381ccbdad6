// Who stands in for whom, as pieces of SQL that many statements share.

/** SQL: today, by the organisation's calendar. */
const TODAY = `(select (now() at time zone zone)::date from organisations)`;

/** SQL condition: the row of `deputies` holds on this day. @param deputy alias of the row */
export const isInForce = (deputy: string, day = TODAY): string =>
  `${day} between coalesce(${deputy}.from_on, '-infinity') and coalesce(${deputy}.to_on, 'infinity')`;

/**
 * SQL condition: the person stands in on this day for one of these persons.
 * @param persons expressions, by commas
 */
export const isDeputyOf = (person: string, persons: string, day = TODAY): string =>
  `exists (select 1 from deputies d
            where d.deputy_id = ${person} and d.person_id in (${persons}) and ${isInForce('d', day)})`;
