// Fails where the migrations do not lead to schema.prisma. Prisma replays them in a
// database that it empties first: it gets one of its own.
import { createScratchDatabase, prisma } from './scratch-database.mjs';

const database = await createScratchDatabase('shadow');
try {
  const { status, stdout } = prisma(
    'migrate diff --from-migrations prisma/migrations --to-schema prisma/schema.prisma --exit-code',
    { SHADOW_DATABASE_URL: database.url },
  );
  // Exit code 0 alone does not say that the two were compared.
  if (status === 0 && !stdout.includes('No difference detected')) {
    process.stderr.write('Prisma did not say that there is no difference.\n');
    process.exitCode = 1;
  } else {
    process.exitCode = status;
  }
} finally {
  await database.drop();
}
