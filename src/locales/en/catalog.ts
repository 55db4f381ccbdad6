import { anyRoom } from './anyRoom.js';
import { lib } from './lib.js';
import { audit } from './audit.js';
import { people } from './people.js';
import { groups } from './groups.js';
import { auth } from './auth.js';
import { roomCopy } from './roomCopy.js';
import { rooms } from './rooms.js';
import { rules } from './rules.js';
import { requests } from './requests.js';
import { layouts } from './layouts.js';
import { equipment } from './equipment.js';
import { plans } from './plans.js';
import { holds } from './holds.js';
import { hours } from './hours.js';
import { swap } from './swap.js';
import { closures } from './closures.js';
import { meetings } from './meetings.js';
import { series } from './series.js';
import { dates } from './dates.js';
import { invitations } from './invitations.js';
import { calendar } from './calendar.js';
import { calendarViews } from './calendarViews.js';
import { useOfRooms } from './useOfRooms.js';
import { feeds } from './feeds.js';
import { tentative } from './tentative.js';
import { day } from './day.js';
import { noShow } from './noShow.js';
import { standing } from './standing.js';
import { noShowList } from './noShowList.js';
import { waits } from './waits.js';
import { absences } from './absences.js';
import { findTime } from './findTime.js';
import { pollChanges } from './pollChanges.js';
import { polls } from './polls.js';
import { pollTimes } from './pollTimes.js';
import { agenda } from './agenda.js';
import { actions } from './actions.js';
import { sitting } from './sitting.js';
import { merge } from './merge.js';
import { minutes } from './minutes.js';
import { desk } from './desk.js';
import { admin } from './admin.js';
import { departure } from './departure.js';
import { outbox } from './outbox.js';
import { movingIn } from './movingIn.js';

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
