// Before all test files: one PostgreSQL on a RAM disk, with a migrated template to clone from.
// Jest maps no module names here, so tsx reads our TypeScript.
import { tsImport } from 'tsx/esm/api';

export default async function globalSetup() {
  if (process.env.BANHUI_TEST_CLUSTER) return; // whoever runs Jest several times lends us theirs
  const { startTestCluster } = await tsImport('./cluster.ts', import.meta.url);
  const cluster = await startTestCluster();
  process.env.BANHUI_TEST_CLUSTER = JSON.stringify(cluster.place);
  globalThis.stopTestCluster = cluster.stop;
}
