import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { Controller, Post, UploadedFile, UseInterceptors } from '@nestjs/common';
import { FileInterceptor } from '@nestjs/platform-express';
import { expect } from 'vitest';
import { start } from './support/nest.js';
import { proves } from './support/proves.js';

const client = (options: object = {}) =>
  new S3Client({ region: 'eu-central-1', credentials: { accessKeyId: 'id', secretAccessKey: 'secret' }, ...options });
const put = new PutObjectCommand({ Bucket: 'bucket', Key: 'key', ContentType: 'image/png' });

proves('A presigned PUT carries the checksum of an empty body', async () => {
  const checksum = async (options: object) => new URL(await getSignedUrl(client(options), put)).searchParams.get('x-amz-checksum-crc32');
  expect([await checksum({}), await checksum({ requestChecksumCalculation: 'WHEN_REQUIRED' })]).toEqual(['AAAAAA==', null]);
});

proves('`FileInterceptor` without `limits.fileSize`', async () => {
  @Controller()
  class Uploads {
    @UseInterceptors(FileInterceptor('file'))
    @Post()
    upload(@UploadedFile() file: { buffer: Buffer }) {
      return { bytes: file.buffer.length };
    }
  }
  const { url } = await start({ controllers: [Uploads] });
  const body = new FormData();
  body.append('file', new Blob([new Uint8Array(30_000_000)]), 'a.csv');
  const { bytes } = await (await fetch(url, { method: 'POST', body })).json();
  expect(bytes).toBe(30_000_000);
});
