import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import express from 'express';

/** The yardstick: an Express handler that only parses the body and answers. */
const app = express();
app.use(express.json({ limit: '8mb' }));
app.post('/', (request, response) => {
  const { alerts } = request.body as { alerts: unknown[] };
  response.json({ accepted: alerts.length });
});
const server = app.listen(0, '127.0.0.1');
await once(server, 'listening');
process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
process.on('SIGTERM', () => process.exit(0));
