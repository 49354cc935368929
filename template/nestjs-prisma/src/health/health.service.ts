import { Injectable } from '@nestjs/common';
import { PrismaService } from '../prisma/prisma.service.js';

const READY_MILLISECONDS = 2_000;

@Injectable()
export class HealthService {
  constructor(private readonly prisma: PrismaService) {}

  /** Rejects where the database does not answer in time. */
  async databaseAnswers(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(
        () => reject(new Error('The database took too long.')),
        READY_MILLISECONDS,
      );
    });
    try {
      await Promise.race([this.prisma.$queryRaw`SELECT 1`, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}
