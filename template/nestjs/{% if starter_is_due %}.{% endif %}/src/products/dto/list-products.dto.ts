import { Integer, MAX_ID } from '../../common/integer.decorator.js';

/** By key, not by offset: rows neither repeat nor vanish between pages. */
export class ListProductsQuery {
  @Integer(1, 100, 50)
  limit = 50;

  @Integer(0, MAX_ID, 0)
  after = 0;
}
