import { anyRoom } from './waits/anyRoom.en.js';
import { lib } from './lib/en.js';
import { audit } from './lib/audit.en.js';
import { people } from './people/en.js';
import { groups } from './people/groups.en.js';
import { auth } from './auth/en.js';
import { roomCopy } from './rooms/roomCopy.en.js';
import { rooms } from './rooms/en.js';
import { rules } from './rules/en.js';
import { requests } from './requests/en.js';
import { layouts } from './rooms/layouts.en.js';
import { equipment } from './equipment/en.js';
import { plans } from './rooms/plans.en.js';
import { holds } from './claims/holds.en.js';
import { hours } from './hours/en.js';
import { swap } from './bookings/swap.en.js';
import { closures } from './closures/en.js';
import { meetings } from './meetings/en.js';
import { series } from './series/en.js';
import { dates } from './dates/en.js';
import { invitations } from './invitations/en.js';
import { calendar } from './calendar/en.js';
import { calendarViews } from './calendar/calendarViews.en.js';
import { useOfRooms } from './use/useOfRooms.en.js';
import { feeds } from './feeds/en.js';
import { tentative } from './calendar/tentative.en.js';
import { day } from './checkins/day.en.js';
import { noShow } from './checkins/noShow.en.js';
import { standing } from './invitations/standing.en.js';
import { noShowList } from './checkins/noShowList.en.js';
import { waits } from './waits/en.js';
import { absences } from './absences/en.js';
import { findTime } from './times/findTime.en.js';
import { pollChanges } from './polls/pollChanges.en.js';
import { polls } from './polls/en.js';
import { pollTimes } from './polls/pollTimes.en.js';
import { agenda } from './agenda/en.js';
import { actions } from './actions/en.js';
import { sitting } from './sitting/en.js';
import { merge } from './lib/merge.en.js';
import { minutes } from './minutes/en.js';
import { desk } from './desk/en.js';
import { admin } from './office/admin.en.js';
import { departure } from './office/departure.en.js';
import { outbox } from './office/outbox.en.js';
import { movingIn } from './imports/movingIn.en.js';

/** Every English text, by its flat name `feature.place.meaning`. */
export const en = {
  ...lib,
  ...audit,
  ...people,
  ...groups,
  ...auth,
  ...roomCopy,
  ...rooms,
  ...rules,
  ...requests,
  ...layouts,
  ...equipment,
  ...plans,
  ...holds,
  ...hours,
  ...swap,
  ...closures,
  ...meetings,
  ...series,
  ...dates,
  ...invitations,
  ...calendar,
  ...calendarViews,
  ...useOfRooms,
  ...feeds,
  ...tentative,
  ...day,
  ...noShow,
  ...standing,
  ...noShowList,
  ...waits,
  ...anyRoom,
  ...absences,
  ...findTime,
  ...polls,
  ...pollChanges,
  ...pollTimes,
  ...agenda,
  ...actions,
  ...sitting,
  ...merge,
  ...minutes,
  ...desk,
  ...admin,
  ...departure,
  ...outbox,
  ...movingIn,
} as const;
