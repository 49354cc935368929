import { ApolloDriver } from '@nestjs/apollo';
import { CanActivate, Injectable, UseGuards } from '@nestjs/common';
import { Field, GraphQLModule, Int, ObjectType, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { expect } from 'vitest';
import { send, start } from './support/nest.js';
import { proves } from './support/proves.js';

@ObjectType()
class Account {
  @Field(() => Int) id: number;
  @Field(() => String, { nullable: true }) iban?: string;
}
@Injectable()
class Denies implements CanActivate {
  canActivate() {
    return false;
  }
}
@Resolver(() => Account)
class Accounts {
  @Query(() => Account) account() {
    return { id: 1 };
  }
  @Query(() => Account) broken() {
    throw new Error('host=db.internal');
  }
  @UseGuards(Denies)
  @ResolveField(() => String, { nullable: true })
  iban() {
    return 'DE00';
  }
}

async function service(options: object = {}) {
  const graphql = GraphQLModule.forRoot({ driver: ApolloDriver, autoSchemaFile: true, ...options });
  const { url } = await start({ imports: [graphql], providers: [Accounts] });
  return async (query: string) => (await send(`${url}/graphql`, { query })).json();
}

proves('A guard on `@ResolveField` runs only with', async () => {
  const query = '{ account { iban } }';
  expect((await (await service())(query)).data.account.iban).toBe('DE00');
  expect((await (await service({ fieldResolverEnhancers: ['guards'] }))(query)).errors[0].message).toBe('Forbidden resource');
});

proves('Apollo sends the text of unexpected ones', async () => {
  const environment = process.env.NODE_ENV;
  process.env.NODE_ENV = 'production';
  try {
    const query = '{ broken { id } }';
    expect((await (await service())(query)).errors[0].message).toBe('host=db.internal');
    const masked = await service({ formatError: () => ({ message: 'Internal server error' }) });
    expect((await masked(query)).errors[0].message).toBe('Internal server error');
  } finally {
    process.env.NODE_ENV = environment;
  }
});
