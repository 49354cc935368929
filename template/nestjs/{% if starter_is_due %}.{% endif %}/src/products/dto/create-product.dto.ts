import { Text } from '../../common/text.decorator.js';

export class CreateProductDto {
  @Text(40)
  sku: string;

  @Text(200)
  name: string;
}
