import { Injectable } from '@nestjs/common';
import { Product } from '../generated/prisma/client.js';
import { PrismaService } from '../prisma/prisma.service.js';
import { CreateProductDto } from './dto/create-product.dto.js';
import { ListProductsQuery } from './dto/list-products.dto.js';
import { UpdateProductDto } from './dto/update-product.dto.js';

/**
 * A missing row is P2025 and a repeated SKU P2002: `ProblemFilter` answers 404
 * and 409. Nothing is looked up beforehand, as two requests may come at once.
 */
@Injectable()
export class ProductsService {
  constructor(private readonly prisma: PrismaService) {}

  /** One page by id, and whether more follow. */
  async list(
    page: ListProductsQuery,
  ): Promise<{ products: Product[]; more: boolean }> {
    const found = await this.prisma.product.findMany({
      where: { id: { gt: page.after } },
      orderBy: { id: 'asc' },
      take: page.limit + 1,
    });
    return {
      products: found.slice(0, page.limit),
      more: found.length > page.limit,
    };
  }

  get(id: number): Promise<Product> {
    return this.prisma.product.findUniqueOrThrow({ where: { id } });
  }

  create({ sku, name }: CreateProductDto): Promise<Product> {
    return this.prisma.product.create({ data: { sku, name } });
  }

  update(id: number, { sku, name }: UpdateProductDto): Promise<Product> {
    return this.prisma.product.update({ where: { id }, data: { sku, name } });
  }

  async delete(id: number): Promise<void> {
    await this.prisma.product.delete({ where: { id } });
  }
}
