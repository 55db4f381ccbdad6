import express, { type Express } from 'express';
import helmet from 'helmet';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { pinoHttp } from 'pino-http';
import { routes as actions } from './actions/routes.js';
import { routes as admin } from './office/routes.js';
import { routes as agenda } from './agenda/routes.js';
import { doors } from './auth/gate.js';
import { routes as auth } from './auth/routes.js';
import { routes as calendar } from './calendar/routes.js';
import { routes as desk } from './desk/routes.js';
import { routes as invitations } from './invitations/routes.js';
import { limitBodyTime } from './lib/http/bodyTime.js';
import { refuseCrossSite } from './lib/http/crossSite.js';
import { NotFound } from './lib/http/errors.js';
import { showFailure } from './lib/http/failure.js';
import { contextOf, mount, type Parts } from './lib/http/mount.js';
import { operation } from './lib/http/operation.js';
import type { Route } from './lib/http/route.js';
import { sendStyles } from './lib/http/styles.js';
import { ROOT } from './lib/http/view.js';
import { routes as meetings } from './meetings/routes.js';
import { routes as minutes } from './minutes/routes.js';
import { routes as people } from './people/routes.js';
import { routes as polls } from './polls/routes.js';
import { routes as rooms } from './rooms/routes.js';

/** Every address of the product, in the order in which features may know each other. */
export const routes: Route[] = [
  ...people,
  ...auth,
  ...rooms,
  ...meetings,
  ...invitations,
  ...calendar,
  ...polls,
  ...agenda,
  ...actions,
  ...minutes,
  ...desk,
  ...admin,
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
