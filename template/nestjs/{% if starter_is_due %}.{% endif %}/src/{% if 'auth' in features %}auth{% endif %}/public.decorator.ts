import { SetMetadata } from '@nestjs/common';

export const IS_PUBLIC = 'isPublic';

/** This handler or controller needs no session. */
export const Public = () => SetMetadata(IS_PUBLIC, true);
