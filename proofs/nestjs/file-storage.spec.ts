import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { createPresignedPost } from '@aws-sdk/s3-presigned-post';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { Controller, Post, UploadedFile, UseInterceptors } from '@nestjs/common';
import { FileInterceptor } from '@nestjs/platform-express';
import { expect } from 'vitest';
import { start } from './support/nest.js';
import { proves } from './support/proves.js';

const client = (options: object = {}) =>
  new S3Client({ region: 'eu-central-1', credentials: { accessKeyId: 'id', secretAccessKey: 'secret' }, ...options });
const put = new PutObjectCommand({ Bucket: 'bucket', Key: 'key', ContentType: 'image/png' });

proves('`getSignedUrl` for a PUT signs neither type nor maximum size', async () => {
  const signed = new URL(await getSignedUrl(client(), put)).searchParams;
  expect(signed.get('X-Amz-SignedHeaders')).toBe('host');
  const conditions = [['content-length-range', 1, 5_000_000]] as any;
  const { fields } = await createPresignedPost(client(), { Bucket: 'bucket', Key: 'key', Conditions: conditions });
  expect(JSON.parse(Buffer.from(fields.Policy, 'base64').toString()).conditions).toContainEqual(conditions[0]);
});

proves('A presigned PUT carries the checksum of an empty body', async () => {
  const checksum = async (options: object) => new URL(await getSignedUrl(client(options), put)).searchParams.get('x-amz-checksum-crc32');
  expect([await checksum({}), await checksum({ requestChecksumCalculation: 'WHEN_REQUIRED' })]).toEqual(['AAAAAA==', null]);
});

proves('`FileInterceptor` without `limits.fileSize`', '`originalname` is latin1', async () => {
  @Controller()
  class Uploads {
    @UseInterceptors(FileInterceptor('file'))
    @Post()
    upload(@UploadedFile() file: { originalname: string; buffer: Buffer }) {
      return { name: file.originalname, bytes: file.buffer.length };
    }
  }
  const { url } = await start({ controllers: [Uploads] });
  const body = new FormData();
  body.append('file', new Blob([new Uint8Array(30_000_000)]), 'Zürich.csv');
  const { name, bytes } = await (await fetch(url, { method: 'POST', body })).json();
  expect(bytes).toBe(30_000_000);
  expect(Buffer.from(name, 'latin1').toString('utf8')).toBe('Zürich.csv');
});
