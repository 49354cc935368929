import { CanActivate, Injectable, UseGuards, ValidationPipe } from '@nestjs/common';
import { MessageBody, SubscribeMessage, WebSocketGateway, WsException } from '@nestjs/websockets';
import { IsString } from 'class-validator';
import { io, Socket } from 'socket.io-client';
import { expect } from 'vitest';
import { start } from './support/nest.js';
import { proves } from './support/proves.js';

const calls: string[] = [];

@Injectable()
class Recording implements CanActivate {
  canActivate() {
    calls.push('guard');
    return true;
  }
}
class MessageDto {
  @IsString() text: string;
}
const readable = new ValidationPipe({ exceptionFactory: (errors) => new WsException(String(errors)) });

@UseGuards(Recording)
@WebSocketGateway({ cors: { origin: 'https://app.example.com' } })
class Gateway {
  handleConnection() {
    calls.push('connection');
  }
  @SubscribeMessage('piped') piped(@MessageBody(new ValidationPipe()) body: MessageDto) {
    return body;
  }
  @SubscribeMessage('readable') readable(@MessageBody(readable) body: MessageDto) {
    return body;
  }
}

const { url } = await start({ providers: [Gateway] });

async function connected(use: (socket: Socket) => Promise<void>): Promise<void> {
  const socket = io(url, { transports: ['websocket'], extraHeaders: { origin: 'https://elsewhere.example' } });
  await new Promise<void>((resolve) => socket.once('connect', resolve));
  await use(socket);
  socket.disconnect();
}
const exception = (socket: Socket, event: string): Promise<any> => {
  const received = new Promise((resolve) => socket.once('exception', resolve));
  socket.emit(event, { text: 1 });
  return received;
};

proves('Guards run for messages, not for the connection', '`cors` does not stop the websocket transport', () =>
  connected(async (socket) => {
    expect(calls.splice(0)).toEqual(['connection']); // from another origin, past the guard
    await exception(socket, 'piped');
    expect(calls).toEqual(['guard']);
  }),
);

proves('reaches the client as "Internal server error"', () =>
  connected(async (socket) => {
    expect((await exception(socket, 'piped')).message).toBe('Internal server error');
    expect((await exception(socket, 'readable')).message).toContain('isString');
  }),
);
