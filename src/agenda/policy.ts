import { mayEditAgenda, maySeeAgenda, maySeeRestricted, type Standing } from '../meetings/policy.js';

export type ItemState =
  | 'proposed'
  | 'accepted'
  | 'returned'
  | 'deferred'
  | 'under_discussion'
  | 'concluded'
  | 'carried_over'
  | 'withdrawn';

/** The little of an item that decides who may do what with it. */
export interface ItemStanding {
  state: ItemState;
  is_restricted: boolean;
  presenter_id: number | null;
  proposed_by: number | null;
  created_by: number;
}

type Who = { id: number };

/** Whose item it is: who presents it, proposed it or wrote it down. */
function isOwn(viewer: Who, item: ItemStanding): boolean {
  return item.presenter_id === viewer.id || item.proposed_by === viewer.id || item.created_by === viewer.id;
}

/** Title, note, presenter and papers of an item. What is not open to somebody keeps only its number. */
export function maySeeItem(viewer: Who, meeting: Standing, item: ItemStanding): boolean {
  if (isOwn(viewer, item)) return true;
  // What is proposed or returned is a matter between the proposer and those who keep the agenda.
  if (item.state === 'proposed' || item.state === 'returned')
    return (
      maySeeAgenda(meeting) &&
      (mayEditAgenda(meeting) || maySeeRestricted(meeting)) &&
      (!item.is_restricted || maySeeRestricted(meeting))
    );
  return item.is_restricted ? maySeeRestricted(meeting) : maySeeAgenda(meeting);
}

/** Words, presenter, minutes: whoever keeps the agenda; a proposer until it is decided on. */
export function mayEditItem(viewer: Who, meeting: Standing, item: ItemStanding): boolean {
  if (!maySeeItem(viewer, meeting, item)) return false;
  if (mayEditAgenda(meeting)) return true;
  return (
    item.proposed_by === viewer.id &&
    (item.state === 'proposed' || item.state === 'returned') &&
    isOpen(meeting)
  );
}

/**
 * Papers: who keeps the agenda, and who presents or proposed the item; also while the meeting runs and after
 * it.
 */
export function mayAddPaper(viewer: Who, meeting: Standing, item: ItemStanding): boolean {
  if (meeting.state === 'cancelled' || !maySeeItem(viewer, meeting, item)) return false;
  return mayEditAgenda({ ...meeting, state: 'draft' }) || (isOwn(viewer, item) && meeting.state !== 'ended');
}

function isOpen({ state }: Standing): boolean {
  return state === 'draft' || state === 'scheduled';
}
