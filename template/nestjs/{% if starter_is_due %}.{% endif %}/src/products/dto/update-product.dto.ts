import { PartialType } from '@nestjs/swagger';
import { CreateProductDto } from './create-product.dto.js';

// A field may be left out, but not be null: the columns are not.
export class UpdateProductDto extends PartialType(CreateProductDto, {
  skipNullProperties: false,
}) {}
