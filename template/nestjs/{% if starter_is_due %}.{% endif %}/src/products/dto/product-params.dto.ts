import { Integer, MAX_ID } from '../../common/integer.decorator.js';

export class ProductParams {
  @Integer(1, MAX_ID)
  id: number;
}
