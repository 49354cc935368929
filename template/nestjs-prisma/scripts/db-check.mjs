// Fails where the migrations do not lead to schema.prisma. Prisma replays them in a
// database that it empties first: it gets one of its own.
import 'dotenv/config';
import { spawnSync } from 'node:child_process';
import { createScratchDatabase } from './scratch-database.mjs';

const database = await createScratchDatabase('shadow');
try {
  const { status } = spawnSync(
    'prisma migrate diff --from-migrations prisma/migrations --to-schema prisma/schema.prisma --exit-code',
    {
      env: { ...process.env, SHADOW_DATABASE_URL: database.url },
      shell: true,
      stdio: 'inherit',
    },
  );
  process.exitCode = status ?? 1;
} finally {
  await database.drop();
}
