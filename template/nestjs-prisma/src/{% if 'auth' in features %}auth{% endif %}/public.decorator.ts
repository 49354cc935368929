import { SetMetadata } from '@nestjs/common';

export const IS_PUBLIC = 'isPublic';

/** Nobody needs to sign in for this handler or controller. */
export const Public = () => SetMetadata(IS_PUBLIC, true);
