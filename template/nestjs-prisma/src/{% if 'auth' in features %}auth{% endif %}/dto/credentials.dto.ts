import { Text } from '../../common/text.decorator.js';

export class CredentialsDto {
  @Text(254)
  email: string;

  @Text(1024)
  password: string;
}
