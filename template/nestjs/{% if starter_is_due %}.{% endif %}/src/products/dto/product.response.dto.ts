import { ApiProperty } from '@nestjs/swagger';
import { Product } from '../../generated/prisma/client.js';

export class ProductResponse {
  @ApiProperty({ type: 'integer' })
  id: number;

  @ApiProperty()
  sku: string;

  @ApiProperty()
  name: string;

  @ApiProperty({ type: String, format: 'date-time' })
  created_at: Date;

  @ApiProperty({ type: String, format: 'date-time' })
  updated_at: Date;

  static of(product: Product): ProductResponse {
    return {
      id: product.id,
      sku: product.sku,
      name: product.name,
      created_at: product.createdAt,
      updated_at: product.updatedAt,
    };
  }
}

export class ProductPage {
  @ApiProperty({ type: [ProductResponse] })
  items: ProductResponse[];

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'The `after` of the next page; null on the last.',
  })
  next_after: number | null;
}
