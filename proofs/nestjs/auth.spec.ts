import { JwtService } from '@nestjs/jwt';
import { expect } from 'vitest';
import { proves } from './support/proves.js';

const jwt = new JwtService({ secret: 'a secret of at least thirty-two characters' });

proves('`JwtService.verify` accepts a token without `exp`', () => {
  expect(jwt.verify(jwt.sign({ sub: 1 }))).not.toHaveProperty('exp');
  const lifetime = (expiresIn: any) => {
    const { iat, exp } = jwt.decode(jwt.sign({}, { expiresIn }));
    return exp - iat;
  };
  expect([lifetime('900'), lifetime(900)]).toEqual([0, 900]); // 900 milliseconds, 900 seconds
});
