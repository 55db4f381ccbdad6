import { rows, type Db } from '../lib/db/db.js';
import type { EquipmentLine } from './commands.js';
import type { Span } from '../hours/openingHours.js';

/**
 * When fewer pieces than requested are left of any of these kinds, in
 * a window of some days; one sweep over what is booked in it.
 */
export function listShortSpans(
  db: Db,
  requested: readonly EquipmentLine[],
  window: Span,
  exceptMeetingId: number | null,
): Promise<Span[]> {
  return rows<Span>(
    db,
    `with requested as (
       select k.id, coalesce(k.stock, 0) - w.quantity as spare
         from unnest(:kinds::bigint[], :quantities::int[]) as w (kind, quantity)
         join equipment_kinds k on k.id = w.kind),
     booked as (
       select b.kind_id, b.quantity, greatest(b.starts_at, :from::timestamptz) as f,
              least(b.ends_at, :to::timestamptz) as t
         from equipment_bookings b join requested w on w.id = b.kind_id
        where b.is_held and b.ends_at > :from and b.starts_at < :to
          and b.meeting_id is distinct from cast(:except as bigint)
     ),
     steps as (
       select kind_id, f as at, quantity as more from booked union all
       select kind_id, t, -quantity from booked union all
       select id, :from::timestamptz, 0 from requested union all
       select id, :to::timestamptz, 0 from requested
     ),
     away as (
       select kind_id, at, sum(sum(more)) over later as pieces, lead(at) over later as until
         from steps group by kind_id, at
       window later as (partition by kind_id order by at)
     )
     select a.at as "from", a.until as "to"
       from away a join requested w on w.id = a.kind_id
      where a.pieces > w.spare and a.until > a.at`,
    {
      kinds: requested.map(({ kindId }) => kindId),
      quantities: requested.map(({ quantity }) => quantity),
      from: window.from,
      to: window.to,
      except: exceptMeetingId,
    },
  );
}
