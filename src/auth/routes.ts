import type { Route } from '../lib/http/route.js';
import { accountRoutes } from './accountRoutes.js';
import { deputyRoutes } from './deputyRoutes.js';
import { passwordRoutes } from './passwordRoutes.js';
import { profileRoutes } from './profileRoutes.js';
import { signInRoutes } from './signInRoutes.js';

export const routes: Route[] = [
  ...signInRoutes,
  ...passwordRoutes,
  ...profileRoutes,
  ...deputyRoutes,
  ...accountRoutes,
];
