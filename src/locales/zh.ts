import { anyRoom } from './waits/anyRoom.zh.js';
import { lib } from './lib/zh.js';
import { audit } from './lib/audit.zh.js';
import { people } from './people/zh.js';
import { groups } from './people/groups.zh.js';
import { auth } from './auth/zh.js';
import { roomCopy } from './rooms/roomCopy.zh.js';
import { rooms } from './rooms/zh.js';
import { rules } from './rules/zh.js';
import { requests } from './requests/zh.js';
import { layouts } from './rooms/layouts.zh.js';
import { equipment } from './equipment/zh.js';
import { plans } from './rooms/plans.zh.js';
import { holds } from './claims/holds.zh.js';
import { hours } from './hours/zh.js';
import { swap } from './bookings/swap.zh.js';
import { closures } from './closures/zh.js';
import { meetings } from './meetings/zh.js';
import { series } from './series/zh.js';
import { dates } from './dates/zh.js';
import { invitations } from './invitations/zh.js';
import { calendar } from './calendar/zh.js';
import { calendarViews } from './calendar/calendarViews.zh.js';
import { useOfRooms } from './use/useOfRooms.zh.js';
import { feeds } from './feeds/zh.js';
import { tentative } from './calendar/tentative.zh.js';
import { day } from './checkins/day.zh.js';
import { noShow } from './checkins/noShow.zh.js';
import { standing } from './invitations/standing.zh.js';
import { noShowList } from './checkins/noShowList.zh.js';
import { waits } from './waits/zh.js';
import { absences } from './absences/zh.js';
import { findTime } from './times/findTime.zh.js';
import { pollChanges } from './polls/pollChanges.zh.js';
import { polls } from './polls/zh.js';
import { pollTimes } from './polls/pollTimes.zh.js';
import { agenda } from './agenda/zh.js';
import { actions } from './actions/zh.js';
import { sitting } from './sitting/zh.js';
import { merge } from './lib/merge.zh.js';
import { minutes } from './minutes/zh.js';
import { desk } from './desk/zh.js';
import { admin } from './office/admin.zh.js';
import { departure } from './office/departure.zh.js';
import { outbox } from './office/outbox.zh.js';
import { movingIn } from './imports/movingIn.zh.js';

export const zhCN = {
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
