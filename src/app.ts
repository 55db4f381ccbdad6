import express, { type Express } from 'express';
import helmet from 'helmet';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { pinoHttp } from 'pino-http';
import { doors } from './auth/gate.js';
import { limitBodyTime } from './lib/http/bodyTime.js';
import { refuseCrossSite } from './lib/http/crossSite.js';
import { NotFound } from './lib/http/errors.js';
import { showFailure } from './lib/http/failure.js';
import { contextOf, mount, type Parts } from './lib/http/mount.js';
import { operation } from './lib/http/operation.js';
import type { Route } from './lib/http/route.js';
import { sendStyles } from './lib/http/styles.js';
import { ROOT } from './lib/http/view.js';
import { peopleRoutes } from './people/routes.js';
import { groupRoutes } from './people/groupRoutes.js';
import { unitRoutes } from './people/unitRoutes.js';
import { authRoutes } from './auth/routes.js';
import { accountRoutes } from './auth/accountRoutes.js';
import { deputyRoutes } from './auth/deputyRoutes.js';
import { passwordRoutes } from './auth/passwordRoutes.js';
import { profileRoutes } from './auth/profileRoutes.js';
import { hoursRoutes } from './hours/routes.js';
import { holidayRoutes } from './hours/holidayRoutes.js';
import { equipmentRoutes } from './equipment/routes.js';
import { rulesRoutes } from './rules/routes.js';
import { requestsRoutes } from './requests/routes.js';
import { roomsRoutes } from './rooms/routes.js';
import { roomsCopyRoutes } from './rooms/copyRoutes.js';
import { floorPlanRoutes } from './rooms/floorPlanRoutes.js';
import { photoRoutes } from './rooms/photoRoutes.js';
import { meetingsRoutes } from './meetings/routes.js';
import { participantRoutes } from './meetings/participantRoutes.js';
import { stateRoutes } from './meetings/stateRoutes.js';
import { waitsRoutes } from './waits/routes.js';
import { seriesRoutes } from './series/routes.js';
import { followingRoutes } from './series/followingRoutes.js';
import { scheduleRoutes } from './series/scheduleRoutes.js';
import { checkinsRoutes } from './checkins/routes.js';
import { noShowRoutes } from './checkins/noShowRoutes.js';
import { closuresRoutes } from './closures/routes.js';
import { relocationRoutes } from './closures/relocationRoutes.js';
import { roomRoutes } from './closures/roomRoutes.js';
import { bookingsRoutes } from './bookings/routes.js';
import { meetingFormRoutes } from './bookings/meetingFormRoutes.js';
import { swapRoutes } from './bookings/swapRoutes.js';
import { invitationsRoutes } from './invitations/routes.js';
import { invitationsSeriesRoutes } from './invitations/seriesRoutes.js';
import { repliesGuestRoutes } from './replies/guestRoutes.js';
import { repliesRoutes } from './replies/routes.js';
import { absencesRoutes } from './absences/routes.js';
import { calendarRoutes } from './calendar/routes.js';
import { setupTaskRoutes } from './calendar/setupTaskRoutes.js';
import { viewRoutes } from './calendar/viewRoutes.js';
import { timesRoutes } from './times/routes.js';
import { doorsRoutes } from './doors/routes.js';
import { feedsRoutes } from './feeds/routes.js';
import { useRoutes } from './use/routes.js';
import { pollsRoutes } from './polls/routes.js';
import { editRoutes } from './polls/editRoutes.js';
import { pollsGuestRoutes } from './polls/guestRoutes.js';
import { newRoutes } from './polls/newRoutes.js';
import { agendaRoutes } from './agenda/routes.js';
import { backlogRoutes } from './agenda/backlogRoutes.js';
import { agendaCopyRoutes } from './agenda/copyRoutes.js';
import { itemRoutes } from './agenda/itemRoutes.js';
import { paperRoutes } from './agenda/paperRoutes.js';
import { actionsRoutes } from './actions/routes.js';
import { answerRoutes } from './actions/answerRoutes.js';
import { verbRoutes } from './actions/verbRoutes.js';
import { minutesRoutes } from './minutes/routes.js';
import { documentRoutes } from './minutes/documentRoutes.js';
import { issueRoutes } from './minutes/issueRoutes.js';
import { reviewRoutes } from './minutes/reviewRoutes.js';
import { sittingRoutes } from './sitting/routes.js';
import { attendanceRoutes } from './sitting/attendanceRoutes.js';
import { statementRoutes } from './sitting/statementRoutes.js';
import { deskRoutes } from './desk/routes.js';
import { importsRoutes } from './imports/routes.js';
import { peopleImportRoutes } from './imports/peopleImportRoutes.js';
import { officeRoutes } from './office/routes.js';
import { departureRoutes } from './office/departureRoutes.js';
import { logRoutes } from './office/logRoutes.js';
import { outboxRoutes } from './office/outboxRoutes.js';
import { personDataRoutes } from './office/personDataRoutes.js';
import { setupRoutes } from './setup/routes.js';

/** Every address of the product, folder by folder; `mount` puts literal addresses before those with parameters. */
export const routes: Route[] = [
  ...peopleRoutes,
  ...groupRoutes,
  ...unitRoutes,
  ...authRoutes,
  ...accountRoutes,
  ...deputyRoutes,
  ...passwordRoutes,
  ...profileRoutes,
  ...hoursRoutes,
  ...holidayRoutes,
  ...equipmentRoutes,
  ...rulesRoutes,
  ...requestsRoutes,
  ...roomsRoutes,
  ...roomsCopyRoutes,
  ...floorPlanRoutes,
  ...photoRoutes,
  ...meetingsRoutes,
  ...participantRoutes,
  ...stateRoutes,
  ...waitsRoutes,
  ...seriesRoutes,
  ...followingRoutes,
  ...scheduleRoutes,
  ...checkinsRoutes,
  ...noShowRoutes,
  ...closuresRoutes,
  ...relocationRoutes,
  ...roomRoutes,
  ...bookingsRoutes,
  ...meetingFormRoutes,
  ...swapRoutes,
  ...invitationsRoutes,
  ...invitationsSeriesRoutes,
  ...repliesGuestRoutes,
  ...repliesRoutes,
  ...absencesRoutes,
  ...calendarRoutes,
  ...setupTaskRoutes,
  ...viewRoutes,
  ...timesRoutes,
  ...doorsRoutes,
  ...feedsRoutes,
  ...useRoutes,
  ...pollsRoutes,
  ...editRoutes,
  ...pollsGuestRoutes,
  ...newRoutes,
  ...agendaRoutes,
  ...backlogRoutes,
  ...agendaCopyRoutes,
  ...itemRoutes,
  ...paperRoutes,
  ...actionsRoutes,
  ...answerRoutes,
  ...verbRoutes,
  ...minutesRoutes,
  ...documentRoutes,
  ...issueRoutes,
  ...reviewRoutes,
  ...sittingRoutes,
  ...attendanceRoutes,
  ...statementRoutes,
  ...deskRoutes,
  ...importsRoutes,
  ...peopleImportRoutes,
  ...officeRoutes,
  ...departureRoutes,
  ...logRoutes,
  ...outboxRoutes,
  ...personDataRoutes,
  ...setupRoutes,
];

export function createApp(parts: Parts): Express {
  const app = express();
  const gate = doors(parts);

  app.disable('x-powered-by');
  app.set('etag', false); // pages with an unchanged revisit bring an ETag of their own
  app.set('query parser', 'simple');
  app.set('trust proxy', parts.config.trustProxy);

  app.use(operation(parts.db));
  app.use(
    pinoHttp({
      logger: parts.log,
      genReqId: () => randomUUID(),
      // Tokens stand in addresses of guests: the log keeps the way, not the key.
      serializers: {
        req: (req: { id: string; method: string; url: string }) => ({
          id: req.id,
          method: req.method,
          url: redact(req.url),
        }),
        res: (res: { statusCode: number }) => ({ status: res.statusCode }),
      },
      customLogLevel: (_req, res, error) => (error || res.statusCode >= 500 ? 'error' : 'debug'),
      quietReqLogger: true,
    }),
  );
  app.use(secureHeaders(parts.config.publicUrl));
  app.get('/assets/style.css', sendStyles);
  app.use(
    '/assets',
    express.static(join(ROOT, 'views', 'assets'), {
      immutable: true,
      maxAge: '1y',
      index: false,
      fallthrough: false,
    }),
  );
  app.use(refuseCrossSite(parts.config.publicUrl));
  app.use(limitBodyTime());
  app.use(express.urlencoded({ extended: false, limit: '2mb', parameterLimit: 5000 }));
  mount(app, routes, parts, gate);
  app.use((req, res, next) => {
    contextOf(req, res, parts, gate).then(() => next(new NotFound()), next);
  });
  app.use(showFailure(parts));
  return app;
}

function redact(url: string): string {
  return url
    .replace(/\/(i|p|setup|reset|account|feeds|door)\/[^/?]+/, '/$1/…')
    .replace(/([?&]token=)[^&]+/, '$1…');
}

function secureHeaders(publicUrl: string) {
  const isHttps = publicUrl.startsWith('https:');
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        fontSrc: ["'self'"],
        connectSrc: ["'self'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
        baseUri: ["'none'"],
      },
    },
    referrerPolicy: { policy: 'same-origin' },
    // An intranet on plain http must stay reachable.
    strictTransportSecurity: isHttps,
    crossOriginOpenerPolicy: isHttps,
    originAgentCluster: isHttps,
  });
}
