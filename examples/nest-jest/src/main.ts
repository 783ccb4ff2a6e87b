import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module';

async function main(): Promise<void> {
  const app = await NestFactory.create(AppModule);
  app.enableShutdownHooks(); // current payments end, then the connections do
  await app.listen(process.env.PORT ?? 3000);
}

void main();
